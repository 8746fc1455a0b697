import { SeededRng, below, pick } from '@peerpigeon/core';
import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import { DELIVERY_WINDOW_MS, RECOVERY_SAMPLE_MS, SAMPLE_MS, SETTLE_MS } from './config.js';
import type { Detection } from './detection.js';
import { DhtWorkload } from './dht-workload.js';
import { hash } from './hash.js';
import { Network } from './network.js';
import type { Stack } from './network-options.js';
import type { RunOptions } from './options.js';
import type { Outbreak } from './outbreak.js';
import type { SimulatedPeer } from './peer.js';
import { joinOptions } from './population.js';
import { Recorder } from './recorder.js';
import { Recovery } from './recovery.js';
import { Samples } from './samples.js';
import type { Outage } from './upheavals.js';

/** The pace of joins by default: everyone within this time, so N/100 peers a second. */
const JOIN_ALL_MS: Millis = 100_000;

/** What a mesh comes together after. */
export type Upheaval = 'join' | 'kill' | 'cut' | 'return' | 'heal';

/** One run of a scenario: a network, its recorder, and the steps that scenarios are made of. */
export class Run {
  readonly options: RunOptions;
  readonly network: Network;
  readonly recorder: Recorder;
  readonly samples: Samples;
  /** Draws what the scenario leaves to chance. */
  readonly rng: SeededRng;
  /** How the mesh came together after each upheaval so far. */
  readonly recoveries = new Map<Upheaval, Recovery>();
  /** When everyone had joined and rested. */
  settledMs: Millis = 0;
  /** The kill, if there was one. */
  outbreak: Outbreak | undefined;
  /** Broadcasts of the time when the network was cut. */
  readonly divided: MessageId[] = [];
  /** The outage of the server, if there was one. */
  outage: Outage | undefined;
  /** What is asked of the dht, where peers have one. */
  readonly dht: DhtWorkload;
  private readonly content: Uint8Array;
  private joined = 0;

  constructor(options: RunOptions, stack: Stack) {
    const { seed, loss, bandwidthKbps, unreachable, unreachablePeers, clockSkew, wire, liveness } = options;
    const clockSkewMs = 1_000 * clockSkew;
    this.options = options;
    this.recorder = new Recorder((frame) => stack.encodeFrame(frame).length);
    const faults = { loss, bandwidthKbps, unreachable, unreachablePeers, clockSkewMs };
    this.network = new Network(stack, { seed, ...faults, wire, liveness, observer: this.recorder });
    this.samples = new Samples(this.recorder.mesh, () => this.recorder.serverMessages);
    this.rng = new SeededRng(hash(seed, 'scenario'));
    this.dht = new DhtWorkload(this.network, this.recorder, seed, options.payload);
    this.content = new Uint8Array(options.payload);
  }

  /** One more peer joins through the server. */
  join(): SimulatedPeer {
    const isTaken = (id: PeerId): boolean => this.network.peer(id) !== undefined;
    return this.network.join(joinOptions(this.options, this.joined++, isTaken));
  }

  /** Step: everyone joins, one after the other, within `withinMs` unless a pace was asked for. */
  joinAll(withinMs: Millis = JOIN_ALL_MS): void {
    const { peers, joinMs } = this.options;
    const pace = joinMs > 0 ? joinMs : withinMs / peers;
    for (let i = 0; i < peers; i++) this.network.at(this.network.now + i * pace, () => this.join());
    this.network.run((peers - 1) * pace);
    this.watch('join');
  }

  /** Step: rest after the last join, and as many minutes more as asked for. */
  settle(minutes: number = this.options.minutes): void {
    this.network.run(SETTLE_MS);
    this.settledMs = this.network.now;
    this.sampleOn();
    this.network.run(minutes * 60_000);
  }

  /** Step: broadcasts that are not measured, for trees and timers to adapt. */
  warmUp(): void {
    const { broadcasts, warmup, intervalMs } = this.options;
    if (broadcasts === 0 || warmup === 0) return;
    this.broadcastEach(intervalMs, warmup, true);
    this.network.run(warmup * intervalMs);
  }

  /** Step: the measured broadcasts and direct messages, and the time they have to arrive. */
  traffic(): void {
    const { broadcasts, directs, intervalMs } = this.options;
    this.talk(intervalMs, intervalMs);
    this.network.run(Math.max(0, Math.max(broadcasts, directs) - 1) * intervalMs + DELIVERY_WINDOW_MS);
  }

  /** Plans the measured messages at these intervals from now on. */
  talk(betweenBroadcastsMs: Millis, betweenDirectsMs: Millis): void {
    const { broadcasts, directs } = this.options;
    this.recorder.countControl();
    this.broadcastEach(betweenBroadcastsMs, broadcasts, false);
    this.directEach(betweenDirectsMs, directs);
  }

  /** A measured broadcast of one peer, now. */
  broadcast(from: SimulatedPeer, warmup = false): MessageId {
    const id = from.broadcast(this.content);
    this.recorder.journal.broadcastSent(id, from.id, warmup, this.network.now);
    return id;
  }

  /** From now on the mesh is looked at until it is whole again, or until the next upheaval. */
  watch(upheaval: Upheaval, detection?: Detection): Recovery {
    const recovery = new Recovery(this.recorder.mesh, this.network.now, detection);
    this.recoveries.set(upheaval, recovery);
    const look = (): void => {
      if (recovery !== [...this.recoveries.values()].at(-1)) return;
      recovery.sample(this.network.now);
      if (!recovery.isComplete) this.network.at(this.network.now + RECOVERY_SAMPLE_MS, look);
    };
    if (!recovery.isComplete) this.network.at(this.network.now + RECOVERY_SAMPLE_MS, look);
    return recovery;
  }

  private sampleOn(): void {
    this.samples.sample(this.network.now);
    this.network.at(this.network.now + SAMPLE_MS, () => this.sampleOn());
  }

  private broadcastEach(betweenMs: Millis, count: number, warmup: boolean): void {
    const { network } = this;
    const only = this.options.senders === '1' ? this.sender : undefined;
    for (let i = 0; i < count; i++) {
      network.at(network.now + i * betweenMs, () => {
        const from = only?.state === 'up' ? only : pick(this.rng, network.up);
        if (from !== undefined) this.broadcast(from, warmup);
      });
    }
  }

  private directEach(betweenMs: Millis, count: number): void {
    const { network } = this;
    for (let i = 0; i < count; i++) network.at(network.now + i * betweenMs, () => this.direct(this.rng));
  }

  /**
   * A direct message between two random peers, now.
   * @param upheaval it belongs to what is happening to the mesh, and is counted apart
   */
  direct(rng: SeededRng, upheaval = false): void {
    const { network, recorder, content } = this;
    const { up } = network;
    if (up.length < 2) return;
    const from = below(rng, up.length);
    const to = (from + 1 + below(rng, up.length - 1)) % up.length;
    const [sender, receiver] = [up[from] as SimulatedPeer, up[to] as SimulatedPeer];
    const id = sender.sendDirect(receiver.id, content);
    recorder.journal.directSent(id, sender.id, receiver.id, network.now, upheaval);
  }

  /** The one sender of `senders: '1'`: the same in the warm-up and after it. */
  private get sender(): SimulatedPeer | undefined {
    return pick(new SeededRng(hash(this.options.seed, 'sender')), this.network.peers);
  }
}
