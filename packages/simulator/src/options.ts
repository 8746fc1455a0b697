import type { Millis } from '@peerpigeon/core';
import type { Liveness } from './liveness.js';

/** What a scenario is run with. The command line's flags; see README.md. */
export interface RunOptions {
  readonly peers: number;
  readonly maxPeers: number;
  readonly seed: number;
  /** Broadcasts measured, after `warmup` others. */
  readonly broadcasts: number;
  readonly directs: number;
  /** Puts into the dht, which peers have where there are any; each of a key of its own. */
  readonly puts: number;
  /** Gets from it. */
  readonly gets: number;
  /** Subscribers of each key, and updates in all. */
  readonly subscribers: number;
  readonly updates: number;
  /** Bytes of content of each message, or of each value in the dht. */
  readonly payload: number;
  /** Between two messages of a kind; under churn they are spread over its time instead. */
  readonly intervalMs: Millis;
  /** One peer sends all broadcasts, or each is from a random one. */
  readonly senders: '1' | 'all';
  readonly warmup: number;
  /** Share in [0, 1]. */
  readonly loss: number;
  /** Between two joins; 0 for N/100 peers a second, so that everyone is there after 100 s (flash: after 10 s). */
  readonly joinMs: Millis;
  /** Virtual minutes between settling and what comes next; the time that churn lasts. */
  readonly minutes: number;
  /** Share of peers that die at one instant. */
  readonly kill: number;
  /** How long the server is down. */
  readonly downMs: Millis;
  /** How long the network is cut in two. */
  readonly cutMs: Millis;
  /** Mean life of a peer under churn. */
  readonly sessionMinutes: number;
  /** Peers that live through the churn, and see only others come and go. */
  readonly stayers: number;
  /** How ids are drawn: uniformly; all with one prefix of 12 bits; in two dense clusters at the ends of the id space. */
  readonly ids: 'uniform' | 'prefix' | 'clusters';
  /** Which links are preferred: `nearest` is the negative control. */
  readonly policy: 'xor' | 'random' | 'nearest';
  /** What each peer's line carries, in kilobits a second. */
  readonly bandwidthKbps: number;
  /** Share of all pairs that can never link. */
  readonly unreachable: number;
  /** Share of peers that can link only with the others. */
  readonly unreachablePeers: number;
  /** A quarter each of maxPeers 1, 2, 3 and 8, whatever `maxPeers` says. */
  readonly mixedCaps: boolean;
  /** Half of the peers have timers once a second, a tenth once a minute, as browsers treat tabs in the background. */
  readonly throttled: boolean;
  /** Wall clocks are off by U(−S, S) seconds. */
  readonly clockSkew: number;
  readonly liveness: Liveness;
  readonly wire: boolean;
}

/** Options of a run: three that must be said, and any others. */
export type RunRequest = Pick<RunOptions, 'peers' | 'maxPeers' | 'seed'> & Partial<RunOptions>;

/** What is not asked for; `peers`, `maxPeers` and `seed` always are. */
export const DEFAULT_OPTIONS: Omit<RunOptions, 'peers' | 'maxPeers' | 'seed'> = {
  broadcasts: 0,
  directs: 0,
  puts: 0,
  gets: 0,
  subscribers: 10,
  updates: 40,
  payload: 1_024,
  intervalMs: 200,
  senders: '1',
  warmup: 20,
  loss: 0,
  joinMs: 0,
  minutes: 0,
  kill: 0,
  downMs: 60_000,
  cutMs: 60_000,
  sessionMinutes: 10,
  stayers: 0,
  ids: 'uniform',
  policy: 'xor',
  bandwidthKbps: Infinity,
  unreachable: 0,
  unreachablePeers: 0,
  mixedCaps: false,
  throttled: false,
  clockSkew: 0,
  liveness: 'full',
  wire: false,
};
