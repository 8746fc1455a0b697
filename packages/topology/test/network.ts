import { SeededRng, TimeHeap, below, sample } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { SortedRing } from '@peerpigeon/xor';
import type { Config, Settings } from '../src/config.js';
import { Topology } from '../src/topology.js';
import type { Event, Input, Output } from '../src/index.js';

export const SETTINGS: Settings = {
  maxPeers: 3,
  minPeers: 2,
  autoDiscovery: true,
  evictionStrategy: true,
  xorRouting: true,
};

const LATENCY_MS = 50;
const SETUP_MS = 300;

export function record(id: PeerId, maxPeers = 3, epoch = 1): PeerRecord {
  return { id, epoch, caps: { maxPeers }, expires: 1e15 };
}

/** Topologies joined by wires that only they need: no links, no signaling protocol, an all-knowing server. */
export class TopologyNetwork {
  readonly peers = new Map<PeerId, Topology>();
  readonly events: { peer: PeerId; event: Event }[] = [];
  readonly hangups: { peer: PeerId; other: PeerId; reason: string }[] = [];
  readonly dials: { peer: PeerId; other: PeerId }[] = [];
  now = 0;
  readonly rng: SeededRng;
  private readonly heap = new TimeHeap<() => void>();
  private readonly ring = new SortedRing();
  private readonly linked = new Set<string>();
  private readonly settings: Settings;
  private readonly config: Partial<Config>;

  constructor(seed: number, settings: Partial<Settings> = {}, config: Partial<Config> = {}) {
    this.rng = new SeededRng(seed);
    this.settings = { ...SETTINGS, ...settings };
    this.config = config;
  }

  id(): PeerId {
    let id = '';
    for (let i = 0; i < 5; i++) id += this.rng.uint32().toString(16).padStart(8, '0');
    return id;
  }

  join(id = this.id(), settings: Partial<Settings> = {}): Topology {
    const own = { ...this.settings, ...settings };
    const topology = new Topology(record(id, own.maxPeers), own, this.config, new SeededRng(this.rng.uint32()));
    this.peers.set(id, topology);
    this.feed(id, { type: 'start' });
    this.feed(id, { type: 'reach', online: true });
    this.tellOf(id);
    this.ring.add(id);
    this.answerDiscover(id);
    return topology;
  }

  /** The peer and its links are gone; the others learn after a while. */
  kill(id: PeerId): void {
    const topology = this.peers.get(id);
    if (topology === undefined) return;
    this.peers.delete(id);
    this.ring.delete(id);
    for (const other of topology.neighbourhood.links.keys()) {
      this.linked.delete(pair(id, other));
      this.later(2_000, () => this.feed(other, { type: 'peerDown', peer: id, departed: true }));
    }
  }

  run(ms: number): void {
    const end = this.now + ms;
    while (this.heap.nextAt <= end) {
      this.now = this.heap.nextAt;
      this.heap.pop()?.();
    }
    this.now = end;
  }

  feed(id: PeerId, input: Input): void {
    const topology = this.peers.get(id);
    if (topology === undefined) return;
    const out: Output[] = [];
    topology.handle(input, this.now, out);
    for (const output of out) this.carryOut(id, output);
  }

  /** Whether every ring-capable peer is linked with its true successor. */
  ringErrors(): number {
    const ids = [...this.peers.keys()].sort();
    if (ids.length < 2) return 0;
    return ids.filter((id, i) => !this.linked.has(pair(id, ids[(i + 1) % ids.length] as PeerId))).length;
  }

  components(): number {
    const left = new Set(this.peers.keys());
    let count = 0;
    for (const start of this.peers.keys()) {
      if (!left.delete(start)) continue;
      count++;
      const stack = [start];
      for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
        for (const next of this.peers.get(id)?.neighbourhood.links.keys() ?? [])
          if (left.delete(next)) stack.push(next);
      }
    }
    return count;
  }

  private later(ms: number, task: () => void): void {
    this.heap.push(this.now + ms, task);
  }

  private tellOf(id: PeerId): void {
    const told = [this.ring.successor(id), this.ring.predecessor(id), ...this.ring.nearest(id, 2)];
    const own = this.peers.get(id) as Topology;
    const maxPeers = own['settings'].maxPeers;
    for (const peer of new Set(told)) {
      if (peer === undefined) continue;
      this.later(LATENCY_MS, () => this.feed(peer, { type: 'discovered', records: [record(id, maxPeers)] }));
    }
  }

  private answerDiscover(id: PeerId): void {
    const ids = new Set([
      ...this.ring.successors(id, 2),
      ...this.ring.predecessors(id, 2),
      ...this.ring.nearest(id, 4),
      ...sample(this.rng, this.ring.ids, 3),
    ]);
    ids.delete(id);
    const records = [...ids].map((peer) => record(peer, this.peers.get(peer)?.['settings'].maxPeers));
    this.later(LATENCY_MS, () => this.feed(id, { type: 'discovered', records }));
  }

  private carryOut(id: PeerId, output: Output): void {
    switch (output.type) {
      case 'discover':
        return this.answerDiscover(id);
      case 'event':
        this.events.push({ peer: id, event: output.event });
        return;
      case 'timer':
        return this.heap.push(output.at, () => this.feed(id, { type: 'timer', timer: output.timer }));
      case 'send':
        return this.later(LATENCY_MS, () =>
          this.feed(output.to, { type: 'received', from: id, message: output.message }),
        );
      case 'hangup':
        this.hangups.push({ peer: id, other: output.peer, reason: output.reason });
        if (!this.linked.delete(pair(id, output.peer))) return;
        this.later(0, () => this.feed(id, { type: 'peerDown', peer: output.peer, departed: false }));
        return this.later(LATENCY_MS, () => this.feed(output.peer, { type: 'peerDown', peer: id, departed: false }));
      case 'dial':
        return this.dial(id, output);
      case 'grant':
        return this.later(SETUP_MS + below(this.rng, 200), () => this.open(id, output.peer));
      case 'refuse':
        return this.later(LATENCY_MS, () =>
          this.feed(output.peer, {
            type: 'redirected',
            peer: id,
            reason: output.reason,
            peers: output.peers,
            retryAfterMs: output.retryAfterMs,
          }),
        );
    }
  }

  private dial(id: PeerId, output: Extract<Output, { type: 'dial' }>): void {
    const { peer, purpose, isolated } = output;
    this.dials.push({ peer: id, other: peer });
    const maxPeers = this.peers.get(id)?.['settings'].maxPeers;
    this.later(LATENCY_MS, () => {
      const target = this.peers.get(peer);
      if (target === undefined)
        return this.later(LATENCY_MS, () => this.feed(id, { type: 'dialFailed', peer, absent: true }));
      // Glare: the larger id's request stays.
      if (target.neighbourhood.pending.get(id)?.ours === true) {
        if (peer < id) this.later(SETUP_MS, () => this.open(peer, id));
        return;
      }
      this.feed(peer, { type: 'requested', peer: id, purpose, isolated, record: record(id, maxPeers) });
    });
  }

  private open(a: PeerId, b: PeerId): void {
    if (!this.peers.has(a) || !this.peers.has(b)) {
      for (const [id, other] of [
        [a, b],
        [b, a],
      ] as const)
        this.feed(id, { type: 'dialFailed', peer: other, absent: true });
      return;
    }
    this.linked.add(pair(a, b));
    for (const [id, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.feed(id, {
        type: 'peerUp',
        peer: other,
        record: record(other, this.peers.get(other)?.['settings'].maxPeers),
      });
    }
  }
}

function pair(a: PeerId, b: PeerId): string {
  return a < b ? a + b : b + a;
}
