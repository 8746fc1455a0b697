import { createHash } from 'node:crypto';
import { SeededRng, TimeHeap, below, bytesToHex, decode, encode, randomBytes } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { Transfer, decodeMessage, encodeMessage } from '../src/index.js';
import type { Config, Description, Event, Handle, Input, Message, Output } from '../src/index.js';

export const [ANN, BOB] = ['a'.repeat(40), 'b'.repeat(40)] as [PeerId, PeerId];

/** How messages go between two peers. */
export interface Path {
  /** One-way delay in ms, and how much more it may be. Over a link nothing is lost, doubled or overtaken. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Shares of the messages over other peers that are lost, and that come twice. */
  readonly loss: number;
  readonly double: number;
}

/** What an application holds of one transfer. */
export interface Sink {
  readonly blocks: Map<number, Uint8Array>;
  readonly parts: Uint8Array[];
  taken: number;
  written: number;
  /** Most bytes it held that the application had not taken. */
  mostHeld: number;
}

interface Peer {
  readonly machine: Transfer;
  readonly events: Event[];
  readonly sources: Map<Handle, Uint8Array>;
  readonly sinks: Map<Handle, Sink>;
  /** Before it nothing may be read. */
  readonly forgotten: Map<Handle, number>;
}

/** Two peers, a virtual clock, and what is between them. */
export class World {
  now = 0;
  readonly peers = new Map<PeerId, Peer>();
  readonly violations: Extract<Output, { type: 'violation' }>[] = [];
  readonly asked: Extract<Output, { type: 'dial' | 'release' }>[] = [];
  path: Path = { delayMs: 20, jitterMs: 0, loss: 0, double: 0 };
  /** Nothing gets through, whatever way. */
  dark = false;
  /** Bytes of bulk that a link takes a second, and how long an application needs for a block. */
  bytesPerSecond = Infinity;
  /** Bytes that a link queues. */
  highMark = 8_000;
  blockMs = 0;
  /** Sizes of what a stream's source gives, in turn; undefined: as much as is asked. */
  pieces: number[] | undefined;
  /** Most bytes sent beyond what the receiver had last given credit for. */
  overCredit = 0;
  /** Changes what arrives. */
  tamper: (message: Message) => Message = (message) => message;
  /** Called with everything that is sent. */
  onSent: (from: PeerId, message: Message, way: 'send' | 'route') => void = () => {};
  accept = true;
  readonly rng: SeededRng;
  private readonly heap = new TimeHeap<() => void>();
  private linked = false;
  private lastArrival = new Map<PeerId, number>();
  private granted = new Map<string, number>();
  private busyUntil = 0;
  private links = 0;
  private pipeFreeAt = 0;
  private queued = 0;
  /** Most of it since it was last set to 0. */
  mostQueued = 0;

  constructor(seed: number, config: Partial<Config> = {}) {
    this.rng = new SeededRng(seed);
    for (const id of [ANN, BOB]) {
      this.peers.set(id, {
        machine: new Transfer(config),
        events: [],
        sources: new Map(),
        sinks: new Map(),
        forgotten: new Map(),
      });
    }
  }

  /** Offers `bytes`; returns the id. */
  offer(from: PeerId, to: PeerId, bytes: Uint8Array, description: Partial<Description> = {}): string {
    const id = bytesToHex(randomBytes(this.rng, 16));
    this.peer(from).sources.set(id, bytes);
    const whole = { kind: 'file', name: 'a', mime: '', size: bytes.length, timestamp: 1, ...description } as const;
    this.feed(from, { type: 'offer', id, to, description: whole });
    return id;
  }

  link(maxFrameBytes = 65_536): void {
    this.linked = true;
    this.links++;
    this.queued = 0;
    this.pipeFreeAt = 0;
    for (const [id, other] of both()) {
      this.feed(id, { type: 'peerUp', peer: other, maxFrameBytes });
      this.feed(id, { type: 'writable', peer: other, bytes: this.highMark });
    }
  }

  cut(): void {
    this.linked = false;
    this.lastArrival.clear();
    for (const [id, other] of both()) this.feed(id, { type: 'peerDown', peer: other });
  }

  run(ms: number): void {
    const end = this.now + ms;
    while (this.heap.nextAt <= end) {
      this.now = this.heap.nextAt;
      this.heap.pop()?.();
    }
    this.now = end;
  }

  at(ms: number, act: () => void): void {
    this.heap.push(this.now + ms, act);
  }

  feed(id: PeerId, input: Input): void {
    const out: Output[] = [];
    this.peer(id).machine.handle(input, this.now, out);
    for (const output of out) this.carryOut(id, output);
  }

  events<T extends Event['type']>(id: PeerId, type: T): Extract<Event, { type: T }>[] {
    return this.peer(id).events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
  }

  /** Whether what arrived at a peer, in the order in which it was offered, is this. */
  hasExactly(id: PeerId, ...whole: Uint8Array[]): boolean {
    const arrived = [...this.peer(id).sinks.values()].map(({ parts }) => Buffer.concat(parts));
    return arrived.length === whole.length && arrived.every((bytes, n) => bytes.equals(whole[n] as Uint8Array));
  }

  sink(id: PeerId, handle: Handle): Sink {
    return this.peer(id).sinks.get(handle) as Sink;
  }

  private peer(id: PeerId): Peer {
    return this.peers.get(id) as Peer;
  }

  private carryOut(id: PeerId, output: Output): void {
    const peer = this.peer(id);
    switch (output.type) {
      case 'send':
      case 'route':
        return this.transmit(id, output);
      case 'timer':
        return this.heap.push(output.at, () => this.feed(id, { type: 'timer', timer: output.timer }));
      case 'violation':
        this.violations.push(output);
        return;
      case 'dial':
      case 'release':
        this.asked.push(output);
        return;
      case 'hash':
        return this.hash(id, output);
      case 'read': {
        const { transfer, offset, length } = output;
        if (offset < (peer.forgotten.get(transfer) ?? 0)) throw new Error(`read at ${offset}, which is forgotten`);
        const bytes = (peer.sources.get(transfer) as Uint8Array).slice(offset, offset + length);
        return this.soon(() => this.feed(id, { type: 'chunk', transfer, offset, bytes }));
      }
      case 'forget':
        peer.forgotten.set(output.transfer, output.offset);
        return;
      case 'write':
        return this.write(id, output);
      case 'commit':
        return this.commit(id, output);
      case 'finish':
        return this.soon(() => this.feed(id, { type: 'finished', transfer: output.transfer }));
      case 'event':
        return this.happened(id, output.event);
    }
  }

  private happened(id: PeerId, event: Event): void {
    const peer = this.peer(id);
    peer.events.push(event);
    if (event.type !== 'offered') return;
    peer.sinks.set(event.transfer, { blocks: new Map(), parts: [], taken: 0, written: 0, mostHeld: 0 });
    if (this.accept) this.soon(() => this.feed(id, { type: 'accept', transfer: event.transfer }));
  }

  private hash(id: PeerId, { transfer, offset, length, attempt }: Extract<Output, { type: 'hash' }>): void {
    const { sources, sinks } = this.peer(id);
    const source = sources.get(transfer);
    const most =
      source === undefined || this.pieces === undefined ? length : Math.min(length, this.pieces.shift() ?? length);
    const bytes = source?.subarray(offset, offset + most) ?? sinks.get(transfer)?.blocks.get(offset);
    if (bytes === undefined) throw new Error(`nothing to hash at ${offset}`);
    const hash = Uint8Array.from(createHash('sha256').update(bytes).digest());
    this.soon(() => this.feed(id, { type: 'hashed', transfer, offset, length: bytes.length, attempt, hash }));
  }

  private write(id: PeerId, output: Extract<Output, { type: 'write' }>): void {
    const { transfer, block, blockLength, offset, bytes } = output;
    const sink = this.sink(id, transfer);
    const held = sink.blocks.get(block);
    const buffer = held?.length === blockLength ? held : new Uint8Array(blockLength);
    buffer.set(bytes, offset - block);
    sink.blocks.set(block, buffer);
    sink.written = Math.max(sink.written, offset + bytes.length);
    sink.mostHeld = Math.max(sink.mostHeld, sink.written - sink.taken);
  }

  private commit(id: PeerId, { transfer, offset, length }: Extract<Output, { type: 'commit' }>): void {
    const sink = this.sink(id, transfer);
    const bytes = sink.blocks.get(offset) as Uint8Array;
    const wait = Math.max(0, this.busyUntil - this.now) + this.blockMs;
    this.busyUntil = this.now + wait;
    this.at(wait, () => {
      sink.blocks.delete(offset);
      sink.parts.push(bytes);
      sink.taken = offset + length;
      this.feed(id, { type: 'written', transfer, offset: offset + length });
    });
  }

  private transmit(from: PeerId, { type, to, message }: Extract<Output, { type: 'send' | 'route' }>): void {
    this.onSent(from, message, type);
    if (message.type === 'chunk') {
      const over = message.offset + message.bytes.length - (this.granted.get(message.id) ?? 0);
      this.overCredit = Math.max(this.overCredit, over);
    }
    if (this.dark || (type === 'send' && !this.linked)) return;
    const { delayMs, jitterMs, loss, double } = this.path;
    if (type === 'route' && this.chance(loss)) return;
    const copies = type === 'route' && this.chance(double) ? 2 : 1;
    const bytes = encode(encodeMessage(message));
    for (let copy = 0; copy < copies; copy++) {
      let at = this.leaves(type, from, to, message) + delayMs + (jitterMs === 0 ? 0 : below(this.rng, jitterMs));
      if (type === 'send') {
        at = Math.max(at, this.lastArrival.get(to) ?? 0);
        this.lastArrival.set(to, at);
      }
      this.heap.push(at, () => {
        if (this.dark || (type === 'send' && !this.linked)) return;
        const arrived = this.tamper(decodeMessage(decode(bytes)));
        if (arrived.type === 'ack') {
          this.granted.set(arrived.id, Math.max(arrived.credit, this.granted.get(arrived.id) ?? 0));
        }
        this.feed(to, { type: 'received', from, message: arrived, path: [from] });
      });
    }
  }

  /** When the last byte of a message leaves: the chunks of a link queue up, and it takes more as they go. */
  private leaves(way: 'send' | 'route', from: PeerId, to: PeerId, message: Message): number {
    if (way === 'route' || message.type !== 'chunk') return this.now;
    const { length } = message.bytes;
    const left = Math.max(this.now, this.pipeFreeAt) + (1_000 * length) / this.bytesPerSecond;
    this.pipeFreeAt = left;
    this.queued += length;
    this.mostQueued = Math.max(this.mostQueued, this.queued);
    this.soon(() => this.tellRoom(from, to));
    const { links } = this;
    this.at(left - this.now, () => {
      if (links !== this.links) return;
      this.queued -= length;
      this.tellRoom(from, to);
    });
    return left;
  }

  private tellRoom(from: PeerId, to: PeerId): void {
    if (this.linked) this.feed(from, { type: 'writable', peer: to, bytes: Math.max(0, this.highMark - this.queued) });
  }

  private chance(share: number): boolean {
    return below(this.rng, 1_000) < 1_000 * share;
  }

  private soon(act: () => void): void {
    this.heap.push(this.now, act);
  }
}

function both(): [PeerId, PeerId][] {
  return [
    [ANN, BOB],
    [BOB, ANN],
  ];
}

/** So many bytes that repeat nowhere near. */
export function bytesOf(length: number, seed = 1): Uint8Array {
  return randomBytes(new SeededRng(seed), length);
}
