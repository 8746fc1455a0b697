import { SeededRng, below, pick } from '@peerpigeon/core';
import type { Millis } from '@peerpigeon/core';
import { DEFAULT_SETTINGS } from '@peerpigeon/mesh';
import { DELIVERY_WINDOW_MS, SETTLE_MS } from './config.js';
import { hash } from './hash.js';
import type { Liveness } from './liveness.js';
import { broadcastMetrics, directMetrics, graphMetrics, rounded } from './metrics.js';
import type { BroadcastMetrics, DirectMetrics, GraphMetrics } from './metrics.js';
import { Network } from './network.js';
import type { Stack } from './network-options.js';
import type { SimulatedPeer } from './peer.js';
import { largest, mean } from './percentile.js';
import { Recorder } from './recorder.js';

/** What a scenario is run with. The command line's flags; see README.md. */
export interface RunOptions {
  readonly peers: number;
  readonly maxPeers: number;
  readonly seed: number;
  /** Broadcasts measured, after `warmup` others. */
  readonly broadcasts: number;
  readonly directs: number;
  /** Bytes of content of each message. */
  readonly payload: number;
  readonly intervalMs: Millis;
  /** One peer sends all broadcasts, or each is from a random one. */
  readonly senders: '1' | 'all';
  readonly warmup: number;
  /** Share in [0, 1]. */
  readonly loss: number;
  /** Between two joins; 0 for N/100 peers a second, so that everyone is there after 100 s. */
  readonly joinMs: Millis;
  /** Virtual minutes between settling and measuring. */
  readonly minutes: number;
  readonly liveness: Liveness;
  readonly wire: boolean;
}

/** What a run showed, apart from its name and options. */
export interface Results extends GraphMetrics {
  readonly broadcast: BroadcastMetrics;
  readonly direct: DirectMetrics;
  /** What a join costs the server in messages; `join-costs.ts` says what counts. */
  readonly signaling: { readonly messagesPerJoin: { readonly mean: number | null; readonly max: number | null } };
  readonly links: { readonly opened: number; readonly closed: number };
  /** Messages and other inputs that all machines handled, the server's included. */
  readonly handled: number;
}

/** The pace of joins by default: everyone within this time, so N/100 peers a second. */
const JOIN_ALL_MS: Millis = 100_000;

/** One run of a scenario: a network, its recorder, and the steps that scenarios are made of. */
export class Run {
  readonly options: RunOptions;
  readonly network: Network;
  readonly recorder: Recorder;
  private readonly rng: SeededRng;
  private readonly content: Uint8Array;

  constructor(options: RunOptions, stack: Stack) {
    const { seed, loss, wire, liveness } = options;
    this.options = options;
    this.recorder = new Recorder((frame) => stack.encodeFrame(frame).length);
    this.network = new Network(stack, { seed, loss, wire, liveness, observer: this.recorder });
    this.rng = new SeededRng(hash(seed, 'scenario'));
    this.content = new Uint8Array(options.payload);
  }

  /** Step: everyone joins through the server, one after the other. */
  joinAll(): void {
    const { peers, maxPeers } = this.options;
    const settings = { maxPeers, minPeers: Math.min(DEFAULT_SETTINGS.minPeers, maxPeers) };
    const pace = this.options.joinMs > 0 ? this.options.joinMs : JOIN_ALL_MS / peers;
    for (let i = 0; i < peers; i++) this.network.at(this.network.now + i * pace, () => this.network.join({ settings }));
    this.network.run((peers - 1) * pace);
  }

  /** Step: rest after the last join, and as many minutes more as asked for. */
  settle(): void {
    this.network.run(SETTLE_MS + this.options.minutes * 60_000);
  }

  /** Step: broadcasts that are not measured, for trees and timers to adapt. */
  warmUp(): void {
    const { broadcasts, warmup, intervalMs } = this.options;
    if (broadcasts === 0 || warmup === 0) return;
    this.broadcast(warmup, true);
    this.network.run(warmup * intervalMs);
  }

  /** Step: the measured broadcasts and direct messages, and the time they have to arrive. */
  traffic(): void {
    const { broadcasts, directs, intervalMs } = this.options;
    this.recorder.countControl();
    this.broadcast(broadcasts, false);
    this.direct(directs);
    this.network.run(Math.max(0, Math.max(broadcasts, directs) - 1) * intervalMs + DELIVERY_WINDOW_MS);
  }

  /** What the run showed so far. */
  results(): Results {
    const { journal, joins, controlBytes } = this.recorder;
    const costs = joins.costs();
    return {
      ...graphMetrics(journal, this.options.seed),
      broadcast: broadcastMetrics(journal, controlBytes),
      direct: directMetrics(journal),
      signaling: { messagesPerJoin: { mean: rounded(mean(costs)), max: largest(costs) } },
      links: { ...this.network.links },
      handled: this.network.handled,
    };
  }

  private broadcast(count: number, warmup: boolean): void {
    const { senders, intervalMs } = this.options;
    const { network, recorder, content } = this;
    const only = senders === '1' ? this.sender : undefined;
    for (let i = 0; i < count; i++) {
      network.at(network.now + i * intervalMs, () => {
        const from = only?.state === 'up' ? only : pick(this.rng, network.up);
        if (from === undefined) return;
        recorder.journal.broadcastSent(from.broadcast(content), from.id, warmup, network.now);
      });
    }
  }

  private direct(count: number): void {
    const { network, recorder, content } = this;
    for (let i = 0; i < count; i++) {
      network.at(network.now + i * this.options.intervalMs, () => {
        const { up } = network;
        if (up.length < 2) return;
        const from = below(this.rng, up.length);
        const to = (from + 1 + below(this.rng, up.length - 1)) % up.length;
        const [sender, receiver] = [up[from] as SimulatedPeer, up[to] as SimulatedPeer];
        recorder.journal.directSent(sender.sendDirect(receiver.id, content), sender.id, receiver.id, network.now);
      });
    }
  }

  /** The one sender of `senders: '1'`: the same in the warm-up and after it. */
  private get sender(): SimulatedPeer | undefined {
    return pick(new SeededRng(hash(this.options.seed, 'sender')), this.network.peers);
  }
}
