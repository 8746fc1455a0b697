import { below, hexToBytes, sample, SeededRng, sealEnvelope, TimeHeap } from '@peerpigeon/core';
import type { Envelope, PeerId } from '@peerpigeon/core';
import { Gossip } from '../src/index.js';
import type { Event, Input, Message, MessageEvent, Options, Output } from '../src/index.js';

export const NETWORK = 'test';

/** Content of a message that goes over a tree. */
export const LARGE = 'ab'.repeat(512);

/** The id whose number is `n`. */
export function id(n: number): PeerId {
  return n.toString(16).padStart(40, '0');
}

/** A broadcast envelope of `from`; `seq` makes it another message. */
export function envelopeOf(from: PeerId, seq = 1, network = NETWORK, content = 'c0ffee'): Envelope {
  return sealEnvelope({
    kind: 'broadcast',
    network,
    channel: 'chat',
    from,
    epoch: 1,
    seq,
    timestamp: 1_700_000_000_000,
    content: hexToBytes(content),
  });
}

/** Machines joined by links of 10 to 100 ms, in virtual time. */
export class Network {
  now = 0;
  /** Messages that links have carried so far, copies included. */
  copies = 0;
  readonly machines = new Map<PeerId, Gossip>();
  /** The messages shown to each application … */
  readonly events = new Map<PeerId, MessageEvent[]>();
  /** … and what else it was told. */
  readonly notices = new Map<PeerId, Exclude<Event, MessageEvent>[]>();
  readonly violations: string[] = [];
  readonly sent: { from: PeerId; to: PeerId; message: Message }[] = [];
  /** Called with each message that is shown to an application. */
  onShown: ((event: MessageEvent) => void) | undefined;
  private readonly links = new Set<string>();
  private readonly heap = new TimeHeap<{ peer: PeerId; input: Input }>();
  private readonly rng: SeededRng;
  private readonly options: Partial<Options>;
  private readonly recording: boolean;
  /** Each link has its own latency, so that nothing on it is overtaken. */
  private readonly inOrder: boolean;
  private readonly latencies = new Map<string, number>();

  /** Without `historyMaxAgeMs` nothing is repaired: what arrives is what was flooded. */
  constructor(seed = 1, options: Partial<Options> = {}, recording = true, inOrder = false) {
    this.rng = new SeededRng(seed);
    this.options = { historyMaxAgeMs: 0, ...options };
    this.recording = recording;
    this.inOrder = inOrder;
  }

  add(...peers: PeerId[]): void {
    for (const peer of peers) {
      this.machines.set(
        peer,
        new Gossip({ peerId: peer, network: NETWORK, rng: new SeededRng(this.rng.uint32()), ...this.options }),
      );
      this.events.set(peer, []);
      this.notices.set(peer, []);
    }
  }

  link(a: PeerId, b: PeerId): void {
    if (a === b || this.links.has(a + b)) return;
    this.links.add(a + b).add(b + a);
    this.feed(a, { type: 'peerUp', peer: b });
    this.feed(b, { type: 'peerUp', peer: a });
  }

  unlink(a: PeerId, b: PeerId): void {
    if (!this.links.delete(a + b)) return;
    this.links.delete(b + a);
    this.feed(a, { type: 'peerDown', peer: b });
    this.feed(b, { type: 'peerDown', peer: a });
  }

  feed(peer: PeerId, input: Input): void {
    const out: Output[] = [];
    this.machines.get(peer)?.handle(input, this.now, out);
    for (const output of out) this.carryOut(peer, output);
  }

  broadcast(from: PeerId, ttl?: number, seq = 1): Envelope {
    const envelope = envelopeOf(from, seq);
    this.feed(from, { type: 'broadcast', envelope, ttl });
    return envelope;
  }

  /** Broadcasts what is too large to be flooded. */
  publish(from: PeerId, seq: number, options: { readonly receipts?: boolean } = {}): Envelope {
    const envelope = envelopeOf(from, seq, NETWORK, LARGE);
    this.feed(from, { type: 'broadcast', envelope, ...options });
    return envelope;
  }

  /** Links of `peer`. */
  linksOf(peer: PeerId): PeerId[] {
    return [...this.machines.keys()].filter((other) => this.links.has(peer + other));
  }

  /** Runs until nothing is under way, or until `until`. */
  run(until = Infinity): void {
    while (this.heap.size > 0 && this.heap.nextAt <= until) {
      this.now = this.heap.nextAt;
      const { peer, input } = this.heap.pop() as { peer: PeerId; input: Input };
      if (input.type === 'received' && !this.links.has(input.from + peer)) continue;
      this.feed(peer, input);
    }
    if (until !== Infinity) this.now = until;
  }

  /** The messages of `peer`, emptied. */
  take(peer: PeerId): MessageEvent[] {
    return this.events.get(peer)?.splice(0) ?? [];
  }

  /** How many links lie between `from` and each peer it can reach (breadth first). */
  distancesFrom(from: PeerId): Map<PeerId, number> {
    const distances = new Map([[from, 0]]);
    for (const [peer, distance] of distances) {
      for (const other of this.machines.keys()) {
        if (this.links.has(peer + other) && !distances.has(other)) distances.set(other, distance + 1);
      }
    }
    return distances;
  }

  private latencyMs(a: PeerId, b: PeerId): number {
    if (!this.inOrder) return 10 + below(this.rng, 91);
    const pair = a < b ? a + b : b + a;
    const latency = this.latencies.get(pair) ?? 10 + below(this.rng, 91);
    this.latencies.set(pair, latency);
    return latency;
  }

  private carryOut(peer: PeerId, output: Output): void {
    switch (output.type) {
      case 'send':
        if (!this.links.has(peer + output.to)) return;
        if (this.recording) this.sent.push({ from: peer, to: output.to, message: output.message });
        if (output.message.type === 'payload') this.copies++;
        this.heap.push(this.now + this.latencyMs(peer, output.to), {
          peer: output.to,
          input: { type: 'received', from: peer, message: output.message },
        });
        return;
      case 'timer':
        this.heap.push(output.at, { peer, input: { type: 'timer', timer: output.timer } });
        return;
      case 'event':
        if (output.event.type === 'message') {
          this.onShown?.(output.event);
          this.events.get(peer)?.push(output.event);
        } else this.notices.get(peer)?.push(output.event);
        return;
      case 'violation':
        this.violations.push(`${output.peer} ${output.code}: ${output.detail}`);
    }
  }
}

/** A ring of `count` peers with one more link each, as a mesh at maxPeers 3 has (Bollobás and Chung, 1988). */
export function ringWithChords(network: Network, count: number, seed: number): void {
  const ids = Array.from({ length: count }, (_, n) => id(n + 1));
  network.add(...ids);
  ids.forEach((peer, n) => network.link(peer, ids.at(n + 1 - count) as PeerId));
  const order = sample(new SeededRng(seed), ids, count);
  for (let n = 0; n + 1 < count; n += 2) network.link(order.at(n) as PeerId, order.at(n + 1) as PeerId);
}

/** A ring of `count` peers with six more links each, drawn at random: as wide as a mesh at maxPeers 8. */
export function ringWithSix(network: Network, count: number, seed: number): string[] {
  const ids = Array.from({ length: count }, (_, n) => id(n + 1));
  const rng = new SeededRng(seed);
  const degrees = new Map<string, number>();
  const link = (a: string, b: string): void => {
    network.link(a, b);
    for (const peer of [a, b]) degrees.set(peer, (degrees.get(peer) ?? 0) + 1);
  };
  network.add(...ids);
  ids.forEach((peer, n) => link(peer, ids.at(n + 1 - count) as string));
  for (let n = 0; n < 32 * count; n++) {
    const [a, b] = [ids[below(rng, count)] as string, ids[below(rng, count)] as string];
    if (a !== b && [a, b].every((peer) => (degrees.get(peer) ?? 0) < 8)) link(a, b);
  }
  return ids;
}
