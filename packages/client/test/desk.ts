import { SeededRng, TimeHeap, type Envelope, type PeerId } from '@peerpigeon/core';
import { DEFAULT_SETTINGS, Mesh, type Clock, type Input } from '@peerpigeon/mesh';
import type { Engine } from '../src/engine.js';
import { Messenger } from '../src/messenger.js';
import { Presence } from '../src/presence.js';
import { Requests } from '../src/requests.js';

/** Time that passes when it is told to. */
export class VirtualClock implements Clock {
  private readonly heap = new TimeHeap<{ callback: (() => void) | undefined }>();
  private time = 0;

  /** Timers that wait. */
  waiting = 0;

  now(): number {
    return this.time;
  }

  wall(): number {
    return 1_700_000_000_000 + this.time;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { callback: callback as (() => void) | undefined };
    this.waiting++;
    this.heap.push(this.time + delayMs, timer);
    return () => this.end(timer);
  }

  /** So much time passes; what follows from it at once does, too. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    await settled();
    while (this.heap.nextAt <= end) {
      this.time = this.heap.nextAt;
      const timer = this.heap.pop() as { callback: (() => void) | undefined };
      const { callback } = timer;
      this.end(timer);
      callback?.();
      await settled();
    }
    this.time = end;
  }

  private end(timer: { callback: (() => void) | undefined }): void {
    if (timer.callback !== undefined) this.waiting--;
    timer.callback = undefined;
  }
}

/** What waits for promises has had its turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/**
 * A mesh without links: what one desk sends all others have at once. So presence and requests run in virtual time, without the
 * protocols beneath, which have their own tests.
 */
export class Desks {
  readonly clock = new VirtualClock();
  readonly all: Desk[] = [];
  /** Broadcasts so far. */
  broadcasts = 0;
  /** Peers in the mesh, as all of them estimate. */
  sizeEstimate = 2;
  private made = 0;

  /** @param isPlain whether it uses no presence */
  add(isPlain = false): Desk {
    const desk = new Desk(this, String(++this.made).padStart(40, '0'));
    if (!isPlain) desk.presence.get();
    this.all.push(desk);
    return desk;
  }

  /** Carries a message to whom it is for: broadcasts at once, others a turn later. */
  carry(from: Desk, envelope: Envelope): void {
    if (!this.all.includes(from)) return;
    if (envelope.kind !== 'broadcast') return queueMicrotask(() => this.hand(from, envelope));
    this.broadcasts++;
    this.hand(from, envelope);
  }

  private hand(from: Desk, envelope: Envelope): void {
    for (const desk of this.all) {
      const isFor = envelope.kind === 'broadcast' || envelope.to === desk.peerId;
      if (!desk.joined || !isFor) continue;
      const hops = desk === from ? 0 : 1;
      desk.messenger.tell({ type: 'message', envelope, hops, ttl: 9, path: [from.peerId], verified: false });
      const receipt = { messageId: envelope.id, to: desk.peerId, hops, roundTripMs: 0, late: false };
      if (envelope.kind === 'direct') from.messenger.tell({ type: 'messageDelivered', ...receipt });
    }
  }
}

/** One peer of {@link Desks}. */
export class Desk {
  readonly peerId: PeerId;
  readonly messenger: Messenger;
  readonly requests: Requests;
  joined = false;
  /** Broken listeners and handlers. */
  readonly errors: unknown[] = [];
  private readonly desks: Desks;
  private readonly engine: Engine;
  private inUse: Presence | undefined;

  constructor(desks: Desks, peerId: PeerId) {
    this.desks = desks;
    this.peerId = peerId;
    const { clock } = desks;
    const rng = new SeededRng(1);
    const mesh = new Mesh({ peerId, network: 'test', epoch: 1, settings: DEFAULT_SETTINGS }, rng);
    const report = {
      health: () => ({ sizeEstimate: desks.sizeEstimate }),
      peers: () => desks.all.filter((desk) => desk !== this && desk.joined).map((desk) => desk.peerId),
    };
    const feed = (input: Input): void => {
      if (input.type === 'broadcast' || input.type === 'direct') desks.carry(this, input.envelope);
    };
    const compose = mesh.compose.bind(mesh);
    this.engine = {
      peerId,
      network: 'test',
      mesh: { report, compose },
      ports: { clock, rng },
      runtime: { feed },
    } as never;
    const onError = (_type: string, error: unknown): void => void this.errors.push(error);
    this.messenger = new Messenger(() => this.engine, { warn: () => {} });
    this.requests = new Requests({ messenger: this.messenger, clock: () => clock, onError });
  }

  get presence(): Presence {
    this.inUse ??= new Presence({
      messenger: this.messenger,
      requests: this.requests,
      engine: () => (this.joined ? this.engine : undefined),
      parseId: (id) => id,
      onError: (_type, error) => void this.errors.push(error),
    });
    return this.inUse;
  }

  join(): void {
    this.joined = true;
    this.messenger.tell({ type: 'joined' });
    for (const desk of this.desks.all) {
      if (desk === this || !desk.joined) continue;
      desk.messenger.tell({ type: 'peerConnected', peer: this.peerId });
      this.messenger.tell({ type: 'peerConnected', peer: desk.peerId });
    }
  }

  leave(): void {
    this.messenger.tell({ type: 'leaving' });
    this.joined = false;
  }

  /** Falls silent: nobody is told. */
  die(): void {
    this.desks.all.splice(this.desks.all.indexOf(this), 1);
  }
}
