import { SeededRng, TimeHeap } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { SortedRing, compareRingDistance, sortByDistance } from '@peerpigeon/xor';
import { Dht, encodeMessage, decodeMessage, keptFromBytes, keyId } from '../src/index.js';
import type { DhtRecord, Event, Input, Key, Options, Outcome, Output } from '../src/index.js';
import { decode, encode } from '@peerpigeon/core';

/** Ids kept on each side, as topology does. */
const LEAF_SET = 8;
const LATENCY_MS = 20;
export const EPOCH = 1_767_225_600_000;

/** One node, and what came of it. */
export interface Node {
  readonly id: PeerId;
  readonly dht: Dht;
  readonly events: Event[];
  /** What storage has, by name. */
  readonly kept: Map<string, Uint8Array>;
  up: boolean;
  /** Which side of a cut it is on. */
  side: number;
}

/**
 * Nodes that reach each other in one hop, whose leaf sets are always right, and whose parcels go to whoever is nearest on the
 * ring: what routing and topology are to the dht, without either. Every message crosses the codec.
 */
export class World {
  readonly nodes = new Map<PeerId, Node>();
  readonly rng: SeededRng;
  now: Millis = 0;
  /** Messages that have arrived, by type. */
  readonly arrived = new Map<string, number>();
  /** Whether a message gets lost. */
  loses: (from: PeerId, to: PeerId, type: string) => boolean = () => false;
  private readonly heap = new TimeHeap<() => void>();
  private readonly options: Partial<Options>;
  private ticket = 0;

  constructor(seed: number, options: Partial<Options> = {}) {
    this.rng = new SeededRng(seed);
    this.options = options;
  }

  /** Nodes that are up. */
  get up(): Node[] {
    return [...this.nodes.values()].filter(({ up }) => up);
  }

  /** Adds nodes with random ids; tells everybody of their leaf sets, unless `told` is false. */
  add(count: number, options: Partial<Options> = {}): Node[] {
    const added = Array.from({ length: count }, () => this.join(this.newId(), options));
    this.tell();
    return added;
  }

  newId(): PeerId {
    return Array.from({ length: 5 }, () => this.rng.uint32().toString(16).padStart(8, '0')).join('');
  }

  join(id: PeerId, options: Partial<Options> = {}): Node {
    const epoch = EPOCH + this.now;
    const rng = new SeededRng(this.rng.uint32());
    const dht = new Dht({ peerId: id, rng, epoch, ...this.options, ...options });
    const node: Node = { id, dht, events: [], kept: this.nodes.get(id)?.kept ?? new Map(), up: true, side: 0 };
    this.nodes.set(id, node);
    return node;
  }

  /** A new run of a node, with the storage of the old one. */
  restart({ id, kept }: Node): Node {
    const node = this.join(id);
    const all = [...kept.values()].map((bytes) => keptFromBytes(bytes, EPOCH + this.now));
    this.feed(node, { type: 'restore', kept: all });
    return node;
  }

  /** Silent deaths; the others are told of them after `noticeMs`. */
  kill(nodes: readonly Node[], noticeMs: Millis = 3_000): void {
    for (const node of nodes) node.up = false;
    this.at(this.now + noticeMs, () => this.tell());
  }

  /** Cuts the network in two, or, with one side, heals it. */
  cut(sideOf: (node: Node) => number): void {
    for (const node of this.nodes.values()) node.side = sideOf(node);
    this.tell();
  }

  /** Tells everybody who stands next to it on the ring. */
  tell(): void {
    const rings = new Map<number, SortedRing>();
    for (const { id, side } of this.up) {
      const ring = rings.get(side) ?? new SortedRing();
      rings.set(side, ring);
      ring.add(id);
    }
    for (const node of this.up) {
      const ring = rings.get(node.side) as SortedRing;
      const leaves = {
        before: ring.predecessors(node.id, LEAF_SET),
        after: ring.successors(node.id, LEAF_SET),
        whole: ring.size <= 2 * LEAF_SET + 1,
      };
      for (const peer of [...leaves.before.slice(0, 1), ...leaves.after.slice(0, 1)]) {
        this.feed(node, { type: 'peerUp', peer });
      }
      this.feed(node, { type: 'leaves', ...leaves, member: true });
    }
  }

  feed(node: Node, input: Input): void {
    if (!node.up) return;
    const out: Output[] = [];
    node.dht.handle(input, this.now, out);
    for (const output of out) this.perform(node, output);
  }

  /** Lets time pass. */
  run(ms: Millis): void {
    const until = this.now + ms;
    for (let at = this.heap.nextAt; at <= until; at = this.heap.nextAt) {
      this.now = Math.max(this.now, at);
      (this.heap.pop() as () => void)();
    }
    this.now = until;
  }

  at(at: Millis, act: () => void): void {
    this.heap.push(at, act);
  }

  /** Has a node do something, and lets time pass until it is done. */
  does(node: Node, input: { readonly type: 'get' | 'put' | 'subscribe' } & Record<string, unknown>): Outcome {
    const ticket = ++this.ticket;
    this.feed(node, { ...input, ticket } as unknown as Input);
    for (let i = 0; i < 4_000; i++) {
      const done = node.events.find((event) => event.type === 'result' && event.ticket === ticket);
      if (done?.type === 'result') return done.outcome;
      this.run(10);
    }
    throw new Error(`${input.type} had no outcome in 40 s`);
  }

  put(node: Node, key: Key, value: string, more: Record<string, unknown> = {}): Outcome {
    return this.does(node, { type: 'put', key, form: 'plain', value: new TextEncoder().encode(value), ...more });
  }

  /** The value that a node reads; null for none, or what came instead. */
  get(node: Node, key: Key): string | null {
    const outcome = this.does(node, { type: 'get', key });
    if (outcome.type !== 'found') throw new Error(`get: ${JSON.stringify(outcome)}`);
    return outcome.records[0] === undefined ? null : text(outcome.records[0]);
  }

  /** Who holds a key. */
  holders(key: Key): Node[] {
    return this.up.filter(({ dht }) => dht.held(key).length > 0);
  }

  /** Who should. */
  nearest(key: Key, count = 8): Node[] {
    const ids = sortByDistance(
      keyId(key),
      this.up.map(({ id }) => id),
    );
    return ids.slice(0, count).map((id) => this.nodes.get(id) as Node);
  }

  private perform(node: Node, output: Output): void {
    switch (output.type) {
      case 'timer':
        return this.at(output.at, () => this.feed(node, { type: 'timer', timer: output.timer }));
      case 'event':
        node.events.push(output.event);
        return;
      case 'persist': {
        const { job, name, bytes } = output;
        if (bytes === null) node.kept.delete(name);
        else node.kept.set(name, bytes);
        return this.at(this.now + 1, () => this.feed(node, { type: 'persisted', job, ok: true }));
      }
      case 'violation':
        throw new Error(`${output.code}: ${output.detail}`);
      case 'route':
        return this.carry(node, output.to, output.message);
      case 'seek': {
        const others = this.up.filter(({ id, side }) => id !== node.id && side === node.side);
        if (others.length === 0) return;
        const nearest = others.reduce((a, b) => (compareRingDistance(output.key, a.id, b.id) <= 0 ? a : b));
        return this.carry(node, nearest.id, output.message);
      }
    }
  }

  private carry(node: Node, to: PeerId, message: Extract<Output, { type: 'route' }>['message']): void {
    if (this.loses(node.id, to, message.type)) return;
    const bytes = encode(encodeMessage(message));
    if (bytes.length > 20_480) throw new Error(`a ${message.type} of ${bytes.length} bytes`);
    this.at(this.now + LATENCY_MS, () => {
      const receiver = this.nodes.get(to);
      if (receiver?.up !== true || receiver.side !== node.side) return;
      this.arrived.set(message.type, (this.arrived.get(message.type) ?? 0) + 1);
      const received = decodeMessage(decode(bytes));
      this.feed(receiver, { type: 'received', from: node.id, message: received, path: [node.id] });
    });
  }
}

export function keyOf(name: string): Key {
  return { space: 'value', name };
}

export function text({ value: bytes }: DhtRecord): string {
  return new TextDecoder().decode(bytes);
}
