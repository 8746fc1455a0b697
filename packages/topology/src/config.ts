import type { Millis } from '@peerpigeon/core';
import type { Policy } from './policy.js';

/** How a topology is tuned. Every default carries its source and how sure we are of it. */
export interface Config {
  /** Ids kept on each side of one's own, for ring repair and the size estimate. Pastry's L/2 = 8; sure. */
  readonly leafSetSize: number;
  /** A new one among so many on a side is told on at once, further ones with the next exchange. Ours: two repairs of the ring. */
  readonly nearSetSize: number;
  /** Peers remembered without a link. HyParView's passive view is 30 = 6 × active; ours holds the leaf set too. */
  readonly maxKnown: number;
  /** A peer not heard of for so long, even through others, is forgotten (S95). The README's 5 minutes. */
  readonly forgetAfterMs: Millis;
  /** How long a peer that is gone is not learnt again from those who have not noticed. Prototype: 60 s. */
  readonly tombstoneMs: Millis;
  /** Peers that are gone, remembered for so long at most. A guess: more than a large mesh loses within reach at once. */
  readonly maxLosses: number;
  /** How long others are told of one that is gone. Prototype: 20 s. */
  readonly tellLossMs: Millis;
  /** How long a peer that nobody has heard of is still told on. Prototype: 150 s. */
  readonly tellMs: Millis;
  /** How long a route is not replaced by a longer one. A guess: some exchanges of a repair. */
  readonly routeFreshMs: Millis;
  /** How long after a loss whoever was not heard of since is not dialled, once it is clear that many are lost. A guess. */
  readonly doubtMs: Millis;
  /** How long the server has to close an open ring before it is searched over the mesh as well. A guess: two tries. */
  readonly repairAfterMs: Millis;
  /** Period of the exchange with peers that are no neighbours while the ring is open. Prototype: 0.6 s. */
  readonly repairMs: Millis;
  /** How long such exchanges go on after the last change. Prototype: 4 s. */
  readonly repairTailMs: Millis;
  /** How long an answer may take that travels over no other peer; the prototype's 1 s, and … */
  readonly answerMs: Millis;
  /** … so much more for each peer in between, up to `maxAnswerMs`. Prototype: 0.12 s, 4 s. */
  readonly answerMsPerHop: Millis;
  readonly maxAnswerMs: Millis;
  /** First delay of a ring probe after a change; doubles. Prototype: 3–5 s. */
  readonly probeMs: Millis;
  /** The same while the server is up, which shows separate rings to each other by itself. A guess. */
  readonly onlineProbeMs: Millis;
  /** Longest such delay. Prototype: 120 s. */
  readonly maxProbeMs: Millis;
  /** How long a member that the server names has to answer over the mesh. Longer than the longest ways take (measured: 10 s). */
  readonly partitionMs: Millis;
  /** Random members asked of the server when the mesh may be in pieces. */
  readonly partitionSample: number;
  /** Period of the shuffle: a random walk that swaps what is known. HyParView: 30–60 s. */
  readonly shuffleMs: Millis;
  /** Steps of that walk. HyParView's active random walk: 6. */
  readonly shuffleSteps: number;
  /** Failed dials of a peer that answered, in a row, until a pair counts as one that cannot be linked. Prototype: 2. */
  readonly unlinkableAfter: number;
  /** When a way to it appears it is dialled again after so long, some times, … */
  readonly cutMs: Millis;
  /** … if there was none for so long: a tunnel is mended sooner. Guesses. */
  readonly unroutedMs: Millis;
  /** How long such a pair is not dialled again. Prototype: 600 s. */
  readonly unlinkableMs: Millis;
  /** How long a way to a neighbour beside the link shows that the link is no bridge. A guess: some exchanges. */
  readonly detourMs: Millis;
  /** How often a tunnel is kept alive. Prototype: 5 s. */
  readonly tunnelMs: Millis;
  /** How long it is good for after an answer. Prototype: 15 s. */
  readonly tunnelTtlMs: Millis;
  /** First delay until a leaf says again where it is, to whoever is nearest to it; doubles. A guess: the ring may yet close. */
  readonly lodgeMs: Millis;
  /** Longest such delay. A guess: three within `lodgerTtlMs`. */
  readonly maxLodgeMs: Millis;
  /** How long the way to a leaf is kept after that. A guess: a leaf that is gone does no harm. */
  readonly lodgerTtlMs: Millis;
  /** To how many leaves a way is kept. With nine leaves to a ring peer some have 40 to 60 on their stretch of the ring. */
  readonly maxLodgers: number;
  /** How long the smaller of two ids leaves the initiative to the larger (S89). A guess: two handshakes. */
  readonly patienceMs: Millis;
  /** The same after a loss, when both have noticed and nobody need wait for the other to learn of it. A guess. */
  readonly repairPatienceMs: Millis;
  /** First delay after a failed dial; doubles with each failure, ± 50 %. Hyperswarm: 1 s; sure. */
  readonly backoffMs: Millis;
  /** Longest such delay. GossipSub's prune backoff: 60 s. */
  readonly maxBackoffMs: Millis;
  /** The same for a peer that should be a ring neighbour: it is what the mesh hangs together by. A guess. */
  readonly maxRingBackoffMs: Millis;
  /** How long a peer that said that it has a free slot is taken to have one. A guess: a little above `maxExchangeMs`. */
  readonly openMs: Millis;
  /** How long a hint of a full peer to one with a free slot is believed: for a question or two, too short for a rumour. */
  readonly hintMs: Millis;
  /** Taken to be the age of a hint, which says none: so long that any word of the peer's loss is younger. */
  readonly hintAgeMs: Millis;
  /** How long a peer with no room, or one just separated from, is not asked again for a long link. A guess. */
  readonly refusedMs: Millis;
  /** Links being made at once, besides those asked of us. @roamhq/wrtc loses links beyond 4 to 8 at once (measured). */
  readonly maxDials: number;
  /** How long a link above `maxPeers` waits for the one it replaces, before a long link goes. Half of the 5 s allowed. */
  readonly handoverMs: Millis;
  /** How long without a link before anybody is asked to take us in. Prototype: 2 s; ours leaves time for one that is silent. */
  readonly rescueAfterMs: Millis;
  /** How long the ring must have been right before long links are looked for. Prototype: 1 s. */
  readonly ringSettleMs: Millis;
  /** How long the ring must have been right until a link that no slot asks for keeps one that is free. A guess: some questions. */
  readonly settledMs: Millis;
  /** How long a ring link may be in the making before the next candidate is asked as well. Prototype: 1.5 s to refuse. */
  readonly slowDialMs: Millis;
  /** First period of the exchange of neighbours over a link; doubles while nothing changes. Prototype: 0.5 s. */
  readonly exchangeMs: Millis;
  /** Longest such period. Prototype: 12 s. */
  readonly maxExchangeMs: Millis;
  /** First delay before a peer that does not expect it is asked for a long link; doubles. Prototype: 1.5 s. */
  readonly seekMs: Millis;
  /** Longest such delay. Prototype: 30 s. */
  readonly maxSeekMs: Millis;
  /** First delay before asking the server for more peers when there is nobody left to dial; doubles. Prototype: 1.5 s. */
  readonly discoverMs: Millis;
  /** Longest such delay while something is missing. Prototype: 30 s. */
  readonly maxDiscoverMs: Millis;
  /** Silent peers that the server is told of at once, at most. The server reads no more. */
  readonly maxMissed: number;
  /** Period of asking the server at rest, ± 50 %. Two messages each: below one a minute (prototype: 60–120 s). */
  readonly restDiscoverMs: Millis;
  /** How long without a link, or below `minPeers`, before the application is warned. A guess. */
  readonly warnAfterMs: Millis;
  /** Failed dials of one peer in a row before the application is warned. A guess: one may be bad luck, three are not. */
  readonly warnAfterDials: number;
  /** How long a finger is looked for in one XOR bucket before another bucket is drawn. A guess: some questions. */
  readonly redrawMs: Millis;
  /** Period of the evaluation (S107). A guess: often enough for people to read. */
  readonly evaluateMs: Millis;
  /** Links beyond `maxPeers` for calls and transfers. Eight calls at once fill a screen; a guess. */
  readonly maxExtraPeers: number;
  /** Whom to prefer; by default XOR-near peers, or nobody with `xorRouting` off. */
  readonly policy?: Policy;
}

/** Defaults; see {@link Config}. */
export const DEFAULT_CONFIG: Config = {
  leafSetSize: 8,
  nearSetSize: 2,
  maxKnown: 96,
  forgetAfterMs: 300_000,
  tombstoneMs: 60_000,
  maxLosses: 256,
  tellLossMs: 20_000,
  tellMs: 150_000,
  routeFreshMs: 5_000,
  doubtMs: 10_000,
  repairAfterMs: 3_000,
  repairMs: 600,
  repairTailMs: 4_000,
  answerMs: 1_000,
  answerMsPerHop: 120,
  maxAnswerMs: 4_000,
  probeMs: 4_000,
  onlineProbeMs: 60_000,
  maxProbeMs: 120_000,
  partitionMs: 10_000,
  partitionSample: 4,
  shuffleMs: 45_000,
  shuffleSteps: 6,
  unlinkableAfter: 2,
  cutMs: 2_000,
  unroutedMs: 15_000,
  unlinkableMs: 600_000,
  detourMs: 10_000,
  tunnelMs: 5_000,
  tunnelTtlMs: 15_000,
  lodgeMs: 4_000,
  maxLodgeMs: 15_000,
  lodgerTtlMs: 45_000,
  maxLodgers: 64,
  patienceMs: 2_000,
  repairPatienceMs: 500,
  backoffMs: 1_000,
  maxBackoffMs: 60_000,
  maxRingBackoffMs: 6_000,
  openMs: 15_000,
  hintMs: 5_000,
  hintAgeMs: 120_000,
  refusedMs: 20_000,
  maxDials: 4,
  handoverMs: 2_500,
  rescueAfterMs: 4_000,
  ringSettleMs: 1_000,
  settledMs: 45_000,
  slowDialMs: 2_500,
  exchangeMs: 500,
  maxExchangeMs: 12_000,
  seekMs: 1_500,
  maxSeekMs: 30_000,
  discoverMs: 1_500,
  maxDiscoverMs: 30_000,
  maxMissed: 32,
  restDiscoverMs: 150_000,
  warnAfterMs: 10_000,
  warnAfterDials: 3,
  redrawMs: 60_000,
  evaluateMs: 30_000,
  maxExtraPeers: 8,
};

/** What the application may change at run time. */
export interface Settings {
  readonly maxPeers: number;
  readonly minPeers: number;
  readonly autoDiscovery: boolean;
  readonly evictionStrategy: boolean;
  readonly xorRouting: boolean;
}
