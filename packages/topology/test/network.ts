import { SeededRng, TimeHeap, below, sample } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { SortedRing, compareRingDistance } from '@peerpigeon/xor';
import type { Config, Settings } from '../src/config.js';
import { Topology } from '../src/topology.js';
import type { Event, Input, Message, Output, Route } from '../src/index.js';

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

/**
 * Topologies joined by wires that only they need: no transports, no signaling protocol, an all-knowing server that can be
 * away, and messages to others than neighbours that take source routes, or go greedily.
 */
export class TopologyNetwork {
  /** Pairs that can never be linked. */
  unlinkable: (a: PeerId, b: PeerId) => boolean = () => false;
  readonly peers = new Map<PeerId, Topology>();
  readonly events: { peer: PeerId; event: Event }[] = [];
  readonly hangups: { peer: PeerId; other: PeerId; reason: string }[] = [];
  /** The ways to leaves that each peer keeps. */
  readonly lodgers = new Map<PeerId, Map<PeerId, Route>>();
  readonly dials: { peer: PeerId; other: PeerId }[] = [];
  now = 0;
  readonly rng: SeededRng;
  private readonly heap = new TimeHeap<() => void>();
  private readonly ring = new SortedRing();
  private readonly linked = new Set<string>();
  /** Who seeks links, and how many. */
  private readonly seekers = new Map<PeerId, number>();
  private online = true;
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
    this.ring.add(id);
    if (!this.online) return topology;
    this.feed(id, { type: 'reach', online: true });
    this.tellOf(id);
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
      this.later(3_000 + below(this.rng, 1_000), () => this.feed(other, { type: 'suspect', peer: id }));
      this.later(30_000, () => this.feed(other, { type: 'peerDown', peer: id, cause: 'silent' }));
    }
  }

  /** The server goes, or comes back. */
  serve(online: boolean): void {
    this.online = online;
    for (const id of this.peers.keys()) {
      this.feed(id, { type: 'reach', online });
      if (online) this.answerDiscover(id);
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

  /** How many peers are not linked, or tunnelled, with their true successor. */
  ringErrors(among: Iterable<PeerId> = this.peers.keys()): number {
    const ids = [...among].filter((id) => (this.peers.get(id)?.['settings'].maxPeers ?? 0) >= 2).sort();
    if (ids.length < 2) return 0;
    return ids.filter((id, i) => {
      const next = ids[(i + 1) % ids.length] as PeerId;
      return !this.linked.has(pair(id, next)) && this.peers.get(id)?.tunnels(this.now).has(next) !== true;
    }).length;
  }

  components(): number {
    return this.islands().length;
  }

  /** The peers of each connected component. */
  islands(): PeerId[][] {
    const left = new Set(this.peers.keys());
    const islands: PeerId[][] = [];
    for (const start of this.peers.keys()) {
      if (!left.delete(start)) continue;
      const island = [start];
      for (let i = 0; i < island.length; i++) {
        for (const next of this.peers.get(island[i] as PeerId)?.neighbourhood.links.keys() ?? [])
          if (left.delete(next)) island.push(next);
      }
      islands.push(island);
    }
    return islands;
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

  private answerDiscover(id: PeerId, links = 0): void {
    if (!this.online) return;
    const ids = new Set([
      ...this.ring.successors(id, 2),
      ...this.ring.predecessors(id, 2),
      ...this.ring.nearest(id, 4),
      ...sample(this.rng, this.ring.ids, 3),
    ]);
    ids.delete(id);
    const records = [...ids].map((peer) => record(peer, this.peers.get(peer)?.['settings'].maxPeers));
    const seeking = this.match(id, links);
    for (const peer of seeking) records.push(record(peer, this.peers.get(peer)?.['settings'].maxPeers));
    this.later(LATENCY_MS, () => this.feed(id, { type: 'discovered', records, seeking }));
  }

  /** Brings together who seeks links, each as often as it seeks: `id` is given the latest, and waits for the others. */
  private match(id: PeerId, links: number): PeerId[] {
    this.seekers.delete(id);
    const matched = [...this.seekers.keys()].filter((peer) => this.peers.has(peer) && !this.linked.has(pair(id, peer)));
    const given = matched.reverse().slice(0, links);
    for (const peer of given) {
      const left = (this.seekers.get(peer) ?? 1) - 1;
      if (left > 0) this.seekers.set(peer, left);
      else this.seekers.delete(peer);
    }
    if (links > given.length) this.seekers.set(id, links - given.length);
    return given;
  }

  private carryOut(id: PeerId, output: Output): void {
    switch (output.type) {
      case 'discover':
        return this.answerDiscover(id, output.seeking);
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
        this.later(0, () => this.feed(id, { type: 'peerDown', peer: output.peer, cause: 'closed' }));
        return this.later(LATENCY_MS, () => this.feed(output.peer, { type: 'peerDown', peer: id, cause: 'closed' }));
      case 'dial':
        return this.dial(id, output);
      case 'route':
        return this.deliver(id, this.way(id, output.to, output.route), output.to, output.message);
      case 'probe': {
        const way = this.greedy(output.key, [id, output.over], id);
        return this.deliver(id, way.slice(1, -1), way[way.length - 1] as PeerId, output.message);
      }
      case 'walk': {
        const way = [id];
        for (let i = 0; i < output.steps; i++) {
          const links = this.neighboursOf(way[way.length - 1] as PeerId).filter((peer) => !way.includes(peer));
          if (links.length > 0) way.push(links[below(this.rng, links.length)] as PeerId);
        }
        if (way.length > 1) this.deliver(id, way.slice(1, -1), way[way.length - 1] as PeerId, output.message);
        return;
      }
      case 'tunnel':
        return;
      case 'lodger': {
        const ways = this.lodgers.get(id) ?? new Map<PeerId, Route>();
        this.lodgers.set(id, ways);
        if (output.route === undefined) ways.delete(output.peer);
        else ways.set(output.peer, output.route);
        return;
      }
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

  private neighboursOf(id: PeerId): PeerId[] {
    return [...(this.peers.get(id)?.neighbourhood.links.keys() ?? [])].filter((peer) =>
      this.linked.has(pair(id, peer)),
    );
  }

  /** Goes on from the end of `way` to whoever is nearest `key`, `except` excluded. */
  private greedy(key: PeerId, way: PeerId[], except: PeerId): PeerId[] {
    for (;;) {
      const at = way[way.length - 1] as PeerId;
      const best = this.neighboursOf(at)
        .filter((peer) => peer !== except && (peer === key || this.peers.get(peer)?.['settings'].maxPeers !== 1))
        .reduce((near, peer) => (compareRingDistance(key, peer, near) < 0 ? peer : near), at);
      if (best === at) return way;
      way.push(best);
    }
  }

  /** The peers between two, if the way is open. */
  private way(id: PeerId, to: PeerId, route: Route | undefined): Route | undefined {
    let way = [id];
    for (const peer of [...(route ?? []), to]) {
      if (!this.linked.has(pair(peer, way[way.length - 1] as PeerId))) break;
      way.push(peer);
    }
    if (way[way.length - 1] !== to) way = this.greedy(to, way, id);
    return way[way.length - 1] === to ? way.slice(1, -1) : undefined;
  }

  private deliver(id: PeerId, way: Route | undefined, to: PeerId, message: Message): void {
    if (way === undefined) return this.later(2 * LATENCY_MS, () => this.feed(id, { type: 'unreachable', peer: to }));
    const route = [...way].reverse();
    this.later((way.length + 1) * LATENCY_MS, () => this.feed(to, { type: 'routed', from: id, route, message }));
  }

  private dial(id: PeerId, output: Extract<Output, { type: 'dial' }>): void {
    const { peer, purpose, isolated } = output;
    this.dials.push({ peer: id, other: peer });
    const maxPeers = this.peers.get(id)?.['settings'].maxPeers;
    const way = this.online ? [] : this.way(id, peer, output.route);
    if (way === undefined) {
      return this.later(1_000, () => this.feed(id, { type: 'dialFailed', peer, cause: 'silent' }));
    }
    this.later((way.length + 1) * LATENCY_MS, () => {
      const target = this.peers.get(peer);
      if (target === undefined)
        return this.later(LATENCY_MS, () => this.feed(id, { type: 'dialFailed', peer, cause: 'absent' }));
      // Glare: the larger id's request stays.
      if (target.neighbourhood.pending.get(id)?.ours === true) {
        if (peer < id) this.later(SETUP_MS, () => this.open(peer, id));
        return;
      }
      this.feed(peer, {
        type: 'requested',
        peer: id,
        purpose,
        isolated,
        record: record(id, maxPeers),
        route: [...way].reverse(),
      });
    });
  }

  private open(a: PeerId, b: PeerId): void {
    if (!this.peers.has(a) || !this.peers.has(b)) {
      for (const [id, other] of [
        [a, b],
        [b, a],
      ] as const)
        this.feed(id, { type: 'dialFailed', peer: other, cause: 'absent' });
      return;
    }
    if (this.unlinkable(a, b)) {
      this.later(1_000, () => this.feed(a, { type: 'dialFailed', peer: b, cause: 'failed' }));
      return this.later(1_000, () => this.feed(b, { type: 'dialFailed', peer: a, cause: 'failed' }));
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
