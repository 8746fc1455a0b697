import { assert } from '@peerpigeon/core';
import type { Machine, Millis, PeerId } from '@peerpigeon/core';
import { Calls } from './calls.js';
import { DEFAULTS, MAX_LEASES } from './config.js';
import type { Config, Options } from './config.js';
import type { Context } from './context.js';
import { Coordinator } from './coordinator.js';
import type { Event, Outcome } from './event.js';
import { Handover } from './handover.js';
import { Holder } from './holder.js';
import type { Input, Ticket } from './input.js';
import { Keeper } from './keeper.js';
import { Leases } from './leases.js';
import { Members } from './members.js';
import { MAX_TRAIL } from './message.js';
import type { Message, Op, RequestId } from './message.js';
import { Notifier } from './notifier.js';
import { Operations } from './operations.js';
import type { Output } from './output.js';
import { Publisher } from './publisher.js';
import type { Tools } from './read.js';
import type { Copy, DhtRecord, Key } from './record.js';
import { keyId } from './record.js';
import { Region } from './region.js';
import { Replicator } from './replicator.js';
import { Store } from './store.js';
import type { Shelf } from './store.js';
import { Subscriptions } from './subscriptions.js';
import type { Timer } from './timer.js';

/** What a node holds and has under way. */
export interface Stats {
  /** Keys held for the mesh, and bytes of their values. */
  readonly keys: number;
  readonly bytes: number;
  /** Leases of subscribers held here. */
  readonly leases: number;
  /** Own subscriptions, and own records that are renewed. */
  readonly subscriptions: number;
  readonly published: number;
  /** Own operations under way, and those for others. */
  readonly operations: number;
  readonly jobs: number;
}

/** Shortest time between two looks at what is due. A guess. */
const PAUSE_MS: Millis = 20;

/**
 * One node of the dht; one per mesh. Every member holds what it is among the nearest to, and does what ends at it; a leaf (one
 * link) holds nothing and may ask for everything.
 *
 * Its parts share a {@link Context}. What waits for others waits in closures: `Calls` and `Keeper` call them back.
 */
export class Dht implements Machine<Input, Output> {
  private readonly config: Config;
  private readonly context: Context & { now: Millis; readonly links: Set<PeerId> };
  private readonly calls: Calls;
  private readonly members: Members;
  private readonly holder: Holder;
  private readonly keeper: Keeper;
  private readonly coordinator: Coordinator;
  private readonly operations: Operations;
  private readonly notifier: Notifier;
  private readonly replicator: Replicator;
  private readonly subscriptions: Subscriptions;
  private readonly publisher: Publisher;
  /** Subscriptions whose end is on its way to their holders. */
  private readonly ending = new Map<PeerId, Ticket>();
  /** Requests of others under way here, so that one that is asked again is not carried out twice. */
  private readonly serving = new Set<string>();
  private bornAt: Millis | undefined;
  private wakeAt: Millis = Infinity;
  private out: Output[] = [];

  constructor(options: Options) {
    const config = { ...DEFAULTS, ...options };
    this.config = config;
    const context = {
      config,
      self: config.peerId,
      region: new Region(config),
      store: new Store(config),
      leases: new Leases(config),
      links: new Set<PeerId>(),
      now: 0,
      wall: 0,
      put: (output: Output) => this.out.push(output),
      emit: (event: Event) => this.out.push({ type: 'event', event }),
      wake: (at: Millis) => this.wake(at),
      forget: (shelf: Shelf) => this.keeper.forget(shelf),
      persist: (key: Key, author: PeerId, done: (ok: boolean) => void) => this.keeper.persist(key, author, done),
    };
    this.context = context;
    this.keeper = new Keeper(context);
    this.calls = new Calls(context);
    this.members = new Members(context, this.calls);
    this.notifier = new Notifier(context, this.calls, this.members, {
      changed: (key, copy) => this.subscriptions.notified(key, copy),
      conflict: (key, version, copy) => this.conflict(key, version, copy),
    });
    this.holder = new Holder(context, {
      changed: (shelf, held) => {
        this.notifier.changed(shelf, held);
        this.replicator.spread(shelf);
      },
      overlooked: (key, lost, winner) => this.notifier.overlooked(key, lost, winner),
    });
    const tools: Tools = { context, calls: this.calls, members: this.members, holder: this.holder };
    this.coordinator = new Coordinator(tools, { written: (key, copy) => this.notifier.written(key, copy) });
    this.operations = new Operations(tools, this.coordinator);
    this.replicator = new Replicator(tools, new Handover(tools, this.operations));
    this.subscriptions = new Subscriptions(context);
    this.publisher = new Publisher(context);
  }

  get stats(): Stats {
    const { store, leases } = this.context;
    return {
      keys: store.size,
      bytes: store.bytes,
      leases: leases.size,
      subscriptions: this.subscriptions.size,
      published: this.publisher.size,
      operations: this.operations.size,
      jobs: this.coordinator.size,
    };
  }

  /** The records held of a key, in no order; for tools and tests. */
  held(key: Key): readonly DhtRecord[] {
    const shelf = this.context.store.shelf(keyId(key));
    return [...(shelf?.records.values() ?? [])].map(({ record }) => record);
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    const { store, leases, region } = this.context;
    const { maxKeys, maxLeases, maxSubscriptions, maxPublished, maxJobs } = this.config;
    return {
      dhtKeys: { size: store.size, cap: maxKeys },
      dhtLeases: { size: leases.size, cap: maxLeases },
      dhtSubscriptions: { size: this.subscriptions.size, cap: maxSubscriptions },
      dhtPublished: { size: this.publisher.size, cap: maxPublished },
      dhtJobs: { size: this.coordinator.size, cap: maxJobs },
      dhtServing: { size: this.serving.size, cap: maxJobs },
      ...this.operations.mapSizes,
      ...region.mapSizes,
    };
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    this.bornAt ??= now;
    this.context.now = now;
    (this.context as { wall: Millis }).wall = this.config.epoch + Math.floor(now - this.bornAt);
    this.out = out;
    this.dispatch(input);
    this.wake(
      Math.min(
        this.context.store.nextAt,
        this.context.leases.nextAt,
        this.replicator.nextAt,
        this.subscriptions.nextAt,
        this.publisher.nextAt,
      ),
    );
  }

  private dispatch(input: Input): void {
    const { context, operations } = this;
    switch (input.type) {
      case 'get': {
        const { key, quorum = this.config.readQuorum, after = null, ticket, timeoutMs } = input;
        return operations.run(ticket, { type: 'get', key, quorum, after }, timeoutMs, this.teller(ticket));
      }
      case 'put':
        return this.write(input);
      case 'subscribe':
        return this.subscribe(input.ticket, input.key, input.timeoutMs);
      case 'unsubscribe':
        return this.unsubscribe(input.key);
      case 'abort':
        return operations.abort(input.ticket);
      case 'forsake':
        this.publisher.delete(input.key);
        return;
      case 'restore':
        for (const { key, copy } of input.kept) context.store.take(key, copy, context.wall, context.now);
        return;
      case 'persisted':
        return this.keeper.persisted(input.job, input.ok);
      case 'peerUp':
        context.links.add(input.peer);
        context.region.find(input.peer, context.now);
        return operations.linked();
      case 'peerDown':
        context.links.delete(input.peer);
        return;
      case 'leaves':
        return this.leavesChanged(input);
      case 'received':
        return this.received(input.from, input.message, input.path);
      case 'bounced':
        return this.calls.bounced(input.to);
      case 'leave':
        return this.leave();
      case 'timer':
        return this.onTimer(input.timer);
    }
  }

  private onTimer(timer: Timer): void {
    switch (timer.type) {
      case 'call':
        return this.calls.onTimer(timer.id);
      case 'operation':
        return this.operations.onTimer(timer.ticket);
      case 'due':
        if (this.context.now < this.wakeAt) return;
        this.wakeAt = Infinity;
        return this.due();
    }
  }

  private due(): void {
    const { store, leases, now } = this.context;
    for (const { shelf, held } of store.sweep(now)) this.keeper.persist(shelf.key, held.record.author, () => {});
    leases.sweep(now);
    for (const key of this.subscriptions.due()) this.lease(this.operations.ownTicket(), key, undefined, () => {});
    for (const { key, copy, lasting } of this.publisher.due()) this.publish(key, copy, lasting);
    this.replicator.due();
  }

  /** Publishes an own record again. What was replaced meanwhile is so no more. */
  private publish(key: Key, copy: Copy, lasting: boolean): void {
    this.operations.run(this.operations.ownTicket(), { type: 'put', key, copy }, undefined, (outcome) => {
      if (outcome.type === 'conflict') this.publisher.delete(key);
      if (outcome.type === 'stored') this.publisher.add(key, copy, lasting);
    });
  }

  private write(input: Extract<Input, { type: 'put' }>): void {
    const { ticket, key, timeoutMs, ttlMs } = input;
    const record = this.operations.compose(key, input);
    const copy = { record, leftMs: record.ttlMs };
    const tell = this.teller(ticket);
    this.operations.run(ticket, { type: 'put', key, copy }, timeoutMs, (outcome) => {
      const lasting = ttlMs === undefined || key.space === 'part';
      if (outcome.type === 'stored') this.publisher.add(key, { ...copy, record: outcome.record }, lasting);
      tell(outcome);
    });
  }

  private subscribe(ticket: Ticket, key: Key, timeoutMs: Millis | undefined): void {
    const tell = this.teller(ticket);
    // What was to end the former subscription must not come after this.
    const ending = this.ending.get(keyId(key));
    if (ending !== undefined) this.operations.abort(ending);
    this.ending.delete(keyId(key));
    if (this.subscriptions.add(key)) this.lease(ticket, key, timeoutMs, tell);
    else tell({ type: 'failed', reason: 'busy' });
  }

  private lease(ticket: Ticket, key: Key, timeoutMs: Millis | undefined, done: (outcome: Outcome) => void): void {
    const { leaseMs, readQuorum: quorum } = this.config;
    const op = { type: 'subscribe', key, quorum, leaseMs } as const;
    this.operations.run(ticket, op, timeoutMs, done, (copies) => this.subscriptions.see(key, copies));
  }

  private unsubscribe(key: Key): void {
    if (!this.subscriptions.delete(key)) return;
    const ticket = this.operations.ownTicket();
    this.ending.set(keyId(key), ticket);
    this.operations.run(ticket, { type: 'unsubscribe', key }, undefined, () => this.ending.delete(keyId(key)));
  }

  private teller(ticket: Ticket): (outcome: Outcome) => void {
    return (outcome) => this.context.emit({ type: 'result', ticket, outcome });
  }

  private leavesChanged({ before, after, whole, member }: Extract<Input, { type: 'leaves' }>): void {
    this.context.region.setLeaves({ before, after, whole }, member, this.context.now);
    this.replicator.leavesChanged();
    this.notifier.retell();
  }

  private leave(): void {
    const { region, leases } = this.context;
    this.operations.clear();
    this.calls.clear();
    this.members.clear();
    this.coordinator.clear();
    this.replicator.clear();
    this.ending.clear();
    this.serving.clear();
    region.clear();
    leases.clear();
    this.subscriptions.stale();
    this.wakeAt = Infinity;
  }

  private received(from: PeerId, message: Message, path: readonly PeerId[]): void {
    this.context.region.find(from, this.context.now);
    const via = path.slice(1).reverse();
    const answer = (reply: Message): void => this.context.put({ type: 'route', to: from, via, message: reply });
    const { id } = message;
    switch (message.type) {
      case 'request':
        return this.serve(from, message.id, message.trail, message.op, path.length, answer);
      case 'fetch':
        return answer({ type: 'copies', id, ...this.holder.fetch(message.key, message.after) });
      case 'store':
        return this.holder.keep(message.key, message.copies, message.holders, (keeping) =>
          answer({ type: 'kept', id, ...keeping }),
        );
      case 'range':
        return answer({ type: 'members', id, ...this.context.region.own(this.context.now) });
      case 'offer':
        return answer({ type: 'wanted', id, ...this.keeper.weigh(message.digests) });
      case 'lease': {
        const { region, leases, now } = this.context;
        const { peers } = region.nearest(keyId(message.key), this.config.replicas, now);
        for (const lease of message.leases.slice(0, MAX_LEASES)) leases.grant(message.key, lease, peers, now);
        return answer({ type: 'done', id });
      }
      case 'notify':
        this.subscriptions.notified(message.key, message.copy);
        return answer({ type: 'done', id });
      case 'conflict':
        this.conflict(message.key, message.version, message.copy);
        return answer({ type: 'done', id });
      default:
        return this.calls.answered(from, message);
    }
  }

  private serve(
    from: PeerId,
    id: RequestId,
    trail: readonly PeerId[],
    op: Op,
    hops: number,
    answer: (reply: Message) => void,
  ): void {
    const name = `${from} ${id}`;
    if (this.serving.has(name)) return;
    this.serving.add(name);
    const passed = trail.length === 0 ? [from] : trail.slice(0, MAX_TRAIL);
    this.coordinator.serve(op, passed, (result, further) => {
      if (this.serving.delete(name)) answer({ type: 'answer', id, hops: hops + further, result });
    });
  }

  /** A record of ours had been taken, and another one counts after all. */
  private conflict(key: Key, version: number, { record }: Copy): void {
    const lost = this.publisher.get(key, version);
    if (lost !== undefined) this.publisher.delete(key);
    this.context.emit({ type: 'conflict', key, lost: lost ?? null, winner: record });
  }

  private wake(at: Millis): void {
    assert(!Number.isNaN(at), 'a time');
    const due = Math.max(at, this.context.now + PAUSE_MS);
    if (due >= this.wakeAt) return;
    this.wakeAt = due;
    this.out.push({ type: 'timer', at: due, timer: { type: 'due' } });
  }
}
