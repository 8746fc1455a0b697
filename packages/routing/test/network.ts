import {
  below,
  bytesToHex,
  hexToBytes,
  randomBytes,
  sample,
  SeededRng,
  sealEnvelope,
  TimeHeap,
} from '@peerpigeon/core';
import type { Envelope, PeerId } from '@peerpigeon/core';
import { Routing } from '../src/index.js';
import type { Event, Input, Message, Options, Output } from '../src/index.js';

export const NETWORK = 'test';

/** For machines that draw nothing, or whatever it be. */
export const anyRng = new SeededRng(9);

/** The id whose number is `n`. */
export function id(n: number): PeerId {
  return n.toString(16).padStart(40, '0');
}

/** The shorter way round between two ids, computed the slow way. */
export function ringDistance(a: PeerId, b: PeerId): bigint {
  const way = BigInt.asUintN(160, BigInt('0x' + a) - BigInt('0x' + b));
  return way < 1n << 159n ? way : (1n << 160n) - way;
}

/** An envelope; `seq` makes it another message. */
export function envelopeOf(
  from: PeerId,
  to: PeerId,
  seq = 1,
  network = NETWORK,
  kind: 'direct' | 'signal' = 'direct',
): Envelope {
  return sealEnvelope({
    kind,
    network,
    channel: 'chat',
    from,
    epoch: 1,
    seq,
    timestamp: 1_700_000_000_000,
    to,
    content: hexToBytes('c0ffee'),
  });
}

/** Machines joined by links of 10 to 100 ms, in virtual time. */
export class Network {
  now = 0;
  readonly machines = new Map<PeerId, Routing>();
  readonly events = new Map<PeerId, Event[]>();
  readonly violations: string[] = [];
  readonly sent: { at: number; from: PeerId; to: PeerId; message: Message }[] = [];
  /** Decides what is lost on the way. */
  lose: (from: PeerId, to: PeerId, message: Message) => boolean = () => false;
  private readonly neighbours = new Map<PeerId, Set<PeerId>>();
  private readonly heap = new TimeHeap<{ peer: PeerId; input: Input }>();
  private readonly rng: SeededRng;
  private readonly options: Partial<Options>;
  private seq = 0;

  constructor(seed = 1, options: Partial<Options> = {}) {
    this.rng = new SeededRng(seed);
    this.options = options;
  }

  add(...peers: PeerId[]): void {
    for (const peer of peers) {
      this.machines.set(peer, new Routing({ peerId: peer, network: NETWORK, rng: this.rng, ...this.options }));
      this.events.set(peer, []);
      this.neighbours.set(peer, new Set());
    }
  }

  linked(a: PeerId, b: PeerId): boolean {
    return this.neighbours.get(a)?.has(b) === true;
  }

  link(a: PeerId, b: PeerId): void {
    if (a === b || this.linked(a, b)) return;
    this.neighbours.get(a)?.add(b);
    this.neighbours.get(b)?.add(a);
    this.feed(a, { type: 'peerUp', peer: b });
    this.feed(b, { type: 'peerUp', peer: a });
  }

  unlink(a: PeerId, b: PeerId): void {
    if (!this.linked(a, b)) return;
    this.neighbours.get(a)?.delete(b);
    this.neighbours.get(b)?.delete(a);
    this.feed(a, { type: 'peerDown', peer: b });
    this.feed(b, { type: 'peerDown', peer: a });
  }

  /** Tells every peer what its neighbours' neighbours are. */
  shareViews(): void {
    for (const [peer, links] of this.neighbours) {
      for (const link of links) {
        this.feed(peer, { type: 'view', peer: link, neighbours: [...(this.neighbours.get(link) ?? [])] });
      }
    }
  }

  feed(peer: PeerId, input: Input): void {
    const out: Output[] = [];
    this.machines.get(peer)?.handle(input, this.now, out);
    for (const output of out) this.carryOut(peer, output);
  }

  route(from: PeerId, to: PeerId, route?: readonly PeerId[], kind: 'direct' | 'signal' = 'direct'): Envelope {
    const envelope = envelopeOf(from, to, ++this.seq, NETWORK, kind);
    this.feed(from, { type: 'route', envelope, ...(route && { route }) });
    return envelope;
  }

  /** A tunnel in both directions. */
  tunnel(a: PeerId, between: readonly PeerId[], b: PeerId): void {
    this.feed(a, { type: 'tunnel', peer: b, route: between });
    this.feed(b, { type: 'tunnel', peer: a, route: [...between].reverse() });
  }

  /** Runs until nothing is under way, or until `until`. */
  run(until = Infinity): void {
    while (this.heap.size > 0 && this.heap.nextAt <= until) {
      this.now = this.heap.nextAt;
      const due = this.heap.pop();
      if (due === undefined) return;
      if (due.input.type === 'received' && !this.linked(due.input.from, due.peer)) continue;
      this.feed(due.peer, due.input);
    }
    if (until !== Infinity) this.now = until;
  }

  /** A message comes, or comes again, after `delayMs`. */
  deliverLater(from: PeerId, to: PeerId, message: Message, delayMs: number): void {
    this.heap.push(this.now + delayMs, { peer: to, input: { type: 'received', from, message } });
  }

  /** The events of `peer`, emptied. */
  take(peer: PeerId): Event[] {
    return this.events.get(peer)?.splice(0) ?? [];
  }

  private carryOut(peer: PeerId, output: Output): void {
    switch (output.type) {
      case 'send': {
        const { to, message } = output;
        if (!this.linked(peer, to)) throw new Error(`a send to ${to} without a link`);
        this.sent.push({ at: this.now, from: peer, to, message });
        if (this.lose(peer, to, message)) return;
        this.heap.push(this.now + 10 + below(this.rng, 91), {
          peer: to,
          input: { type: 'received', from: peer, message },
        });
        return;
      }
      case 'timer':
        this.heap.push(output.at, { peer, input: { type: 'timer', timer: output.timer } });
        return;
      case 'event':
        this.events.get(peer)?.push(output.event);
        return;
      case 'violation':
        this.violations.push(`${output.peer} ${output.code}: ${output.detail}`);
    }
  }
}

/** `count` peers with random ids in ring order. */
export function randomIds(count: number, rng: SeededRng): PeerId[] {
  const ids = new Set<PeerId>();
  while (ids.size < count) ids.add(bytesToHex(randomBytes(rng, 20)));
  return [...ids].sort((a, b) => (a < b ? -1 : 1));
}

/** A right ring of `count` random ids, with `chords` random matchings across it. */
export function ringWithChords(network: Network, count: number, chords: number, seed: number): PeerId[] {
  const rng = new SeededRng(seed);
  const ids = randomIds(count, rng);
  network.add(...ids);
  ids.forEach((peer, n) => network.link(peer, ids.at(n + 1 - count) as PeerId));
  for (let chord = 0; chord < chords; chord++) {
    const order = sample(rng, ids, count);
    for (let n = 0; n + 1 < count; n += 2) network.link(order.at(n) as PeerId, order.at(n + 1) as PeerId);
  }
  return ids;
}
