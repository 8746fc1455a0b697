import { MAX_HOPS } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import { MAX_DIGEST_AUTHORS } from './message.js';

/** Who this gossip is and how it is tuned. Peers of one mesh agree on `maxTtlHops`: what is above is a violation. */
export interface Config {
  /** The own id. */
  readonly peerId: PeerId;
  /** Envelopes of another network are refused. */
  readonly network: string;
  /** TTL while the mesh is small or its size unknown, in links (S23). */
  readonly minTtlHops: number;
  /** Highest TTL sent and accepted, in links: 1 to `MAX_HOPS` of core. */
  readonly maxTtlHops: number;
  /** How many message ids are remembered. */
  readonly seenMaxEntries: number;
  /** How long a message id is remembered, after its last copy that was passed on; at least twice `historyMaxAgeMs`. */
  readonly seenMaxAgeMs: Millis;
  /** How many own messages wait for a first link; one more drops the oldest. */
  readonly outboxMaxMessages: number;
  /** How long an own message waits for a first link. */
  readonly outboxMaxAgeMs: Millis;
  /** How long messages are kept for peers that missed them; 0 for not at all. */
  readonly historyMaxAgeMs: Millis;
  /** How many of them. */
  readonly historyMaxMessages: number;
  /** How many bytes of them, envelopes alone. */
  readonly historyMaxBytes: number;
  /** Of how many runs of authors it is remembered what was seen. */
  readonly historyMaxAuthors: number;
  /** How many ranges without gaps that may be: beyond, the lowest gap is given up. */
  readonly maxRanges: number;
  /** How many authors one digest names, at most 64. */
  readonly maxDigestAuthors: number;
  /** Up to so many authors are named at once; of more, sums are compared first. */
  readonly maxDirectAuthors: number;
  /** How often a neighbour is asked what it has seen, while there is any history: ± 33 %. */
  readonly digestMs: Millis;
  /** Digests that come over one link faster than this are not answered. */
  readonly minDigestMs: Millis;
  /** How many messages one digest is answered with, and … */
  readonly repairMaxMessages: number;
  /** … how many bytes of them; one message always. */
  readonly repairMaxBytes: number;
  /** What is younger is not sent in answer to a digest, unless the link is as new: it is on its way in the tree. */
  readonly repairAfterMs: Millis;
  /** How many neighbours must say that a message is gone before it is given up; all of them where there are fewer. */
  readonly goneQuorum: number;
  /** How long after the first of them it is given up whoever else there is. */
  readonly goneMaxMs: Millis;

  /** Messages up to this size flood, signed part alone, … */
  readonly floodMaxBytes: number;
  /** … as long as no more than so many a second do. */
  readonly floodMaxPerSecond: number;
  /** A publisher of so many messages a second and more has a tree of its own. */
  readonly ownTreePerSecond: number;
  /** How many trees of publishers there are at most; who comes after them uses the shared one. */
  readonly maxTrees: number;
  /** A publisher's tree that was not used for so long is forgotten. */
  readonly treeMaxIdleMs: Millis;
  /** How long announcements wait for others over the same link. */
  readonly announceMs: Millis;
  /** How much shorter, in links, an announced way must be to take the place of an eager link. */
  readonly optimizeHops: number;
  /** And, in the shared tree, how long the present way is at least. */
  readonly deepHops: number;
  /** A round trip, until any was measured. */
  readonly roundTripMs: Millis;
  /** How long to wait for what was announced, until it was learnt how much later messages come than announcements. */
  readonly graftMs: Millis;
  /** And at most. */
  readonly graftMaxMs: Millis;
  /** A link that was grafted more than `flapMax` times in `flapMs` stays eager for as long. */
  readonly flapMs: Millis;
  readonly flapMax: number;
  /** How long after one message cut links off another may: longer than a message takes through the mesh. */
  readonly pruneMs: Millis;
  /** How many messages are held for grafts, … */
  readonly recentMaxMessages: number;
  /** … how many bytes of them, signed parts alone, … */
  readonly recentMaxBytes: number;
  /** … and for how long. */
  readonly recentMaxAgeMs: Millis;
  /** How many announced messages are waited for. */
  readonly missingMaxEntries: number;
  /** How many that announced one are remembered. */
  readonly missingMaxAnnouncers: number;

  /** `fifo`: messages of one author are shown in the order in which it sent them. */
  readonly order: 'none' | 'fifo';
  /** How long a message waits for an earlier one of its author. */
  readonly orderMaxMs: Millis;
  /** And for one from before the first that came of its author. */
  readonly orderFirstMs: Millis;
  /** How many messages wait so, … */
  readonly orderMaxMessages: number;
  /** … and how many bytes, content alone. */
  readonly orderMaxBytes: number;

  /** How long the author of a broadcast waits for receipts, and … */
  readonly receiptMs: Millis;
  /** … how much less whoever passes it on. */
  readonly receiptStepMs: Millis;
  /** How many broadcasts receipts are counted for at once. */
  readonly receiptMaxEntries: number;
}

/** What the constructor takes: who we are, and what differs from {@link DEFAULTS}. */
export type Options = Pick<Config, 'peerId' | 'network'> & Partial<Config> & { readonly rng: Rng };

/** What is not configured. */
export const DEFAULTS: Omit<Config, 'peerId' | 'network'> = {
  /** S23; the README's initial TTL. */
  minTtlHops: 10,
  maxTtlHops: MAX_HOPS,
  /**
   * 100,000 ids within ten minutes are 167 messages a second. Where there are more the history is shorter, too: its 4,096
   * messages are then those of the last 25 s at most. About 15 MB when full.
   */
  seenMaxEntries: 100_000,
  /** Twice as long as messages are kept for others, so that none comes again from whoever got it late. */
  seenMaxAgeMs: 600_000,
  /** What an application says while it joins; a guess. */
  outboxMaxMessages: 64,
  /** Three times the 10 s that joining may take before it fails (S10). */
  outboxMaxAgeMs: 30_000,
  /** As long as a peer that is not heard of is remembered (S95); gossipsub keeps 5 s, since it repairs less. */
  historyMaxAgeMs: 300_000,
  /** With 4 MiB: 14 messages a second for five minutes, of 1 KiB each. */
  historyMaxMessages: 4_096,
  historyMaxBytes: 4 * 1024 * 1024,
  /** A guess: as many as speak within ten minutes in a large mesh, 1 MB when full. */
  historyMaxAuthors: 4_096,
  /** A guess: a burst of which every second message is lost, 512 of them. */
  maxRanges: 256,
  maxDigestAuthors: MAX_DIGEST_AUTHORS,
  /** Some 45 bytes each, the sums are 200. */
  maxDirectAuthors: 4,
  /** With 5 to 10 s a peer with three links hears from each within half a minute, and from one at least within 10 s. */
  digestMs: 7_500,
  /** A guess: far above what a correct peer sends, some kilobytes a second. */
  minDigestMs: 500,
  /** 1 MiB is a second of a slow link. */
  repairMaxMessages: 512,
  repairMaxBytes: 1024 * 1024,
  /** Twice what the shared tree takes among 10,000 peers. Without it 1.5 % of what arrived there came twice. */
  repairAfterMs: 2_000,
  /** One alone might be mistaken. Two of three links say so within 20 s. */
  goneQuorum: 2,
  /** Each of eight neighbours was asked by then. */
  goneMaxMs: 60_000,

  /** An announcement and its header cost as many packets: not worth it. DESIGN §5. */
  floodMaxBytes: 256,
  /** A guess: 2.5 kB a second and link. */
  floodMaxPerSecond: 10,
  /** DESIGN §5; the latency of flooding is worth the tree then. */
  ownTreePerSecond: 1,
  /** A guess: some tens of links each. */
  maxTrees: 32,
  treeMaxIdleMs: 60_000,
  /** Within the 20 to 50 ms of the design; half of the announcements are saved since the other end's comes first. */
  announceMs: 35,
  /** Plumtree's own; with 3 the tree churns (RMR 0.26, t99 782 ms in a prototype). */
  optimizeHops: 7,
  /** The design's bound among 1,000 peers. Without it ever more ways got longer (diameter 417 → 558 ms within 10 s). */
  deepHops: 16,
  /** Twice the slowest link of the simulator. */
  roundTripMs: 200,
  /** With 300 ms the tree churned in a prototype, with 700 ms it did not. */
  graftMs: 700,
  /** A guess: then anti-entropy is as fast. */
  graftMaxMs: 3_000,
  flapMs: 10_000,
  flapMax: 2,
  /** Twice what the shared tree takes among 10,000 peers, and more. */
  pruneMs: 2_000,
  /** With 4 MiB: some seconds of 1,000 messages a second. */
  recentMaxMessages: 8_192,
  recentMaxBytes: 4 * 1024 * 1024,
  /** Several times the longest wait for a graft. */
  recentMaxAgeMs: 15_000,
  missingMaxEntries: 4_096,
  missingMaxAnnouncers: 4,

  order: 'none',
  /** Two digests: what anti-entropy brings is there by then. */
  orderMaxMs: 20_000,
  /** A guess: longer than the first two messages of an author can overtake each other. */
  orderFirstMs: 1_000,
  orderMaxMessages: 4_096,
  orderMaxBytes: 4 * 1024 * 1024,

  /** A guess: longer than any round trip through the mesh, shorter than anybody waits. */
  receiptMs: 10_000,
  /** A round trip of the slowest link, twice. */
  receiptStepMs: 400,
  receiptMaxEntries: 256,
};
