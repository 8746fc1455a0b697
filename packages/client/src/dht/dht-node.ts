import { dhtProtocol } from '@peerpigeon/dht';
import type { Dht, Event, Input, Output, Stats } from '@peerpigeon/dht';
import type { PeerId, Rng } from '@peerpigeon/core';
import type { Clock, Protocol, Storage } from '@peerpigeon/mesh';
import { DhtCounter } from './counter.js';
import type { DhtMergedOptions } from './handle.js';
import { MergedKeys } from './merged-keys.js';
import { checkDeleting, checkGetting, checkKey, checkPutting, checkWaiting, encodeValue } from './options.js';
import type { DhtDeleteOptions, DhtGetOptions, DhtOptions, DhtPutOptions } from './options.js';
import { Operations } from './operations.js';
import { PartStore } from './parts.js';
import { RecordShelf } from './record-shelf.js';
import { DhtSet } from './set.js';
import { Sequence } from './sequence.js';
import { Subscriptions } from './subscriptions.js';
import { Values, type DhtEntry, type DhtStored } from './values.js';
import type { WatchedValue } from './watch.js';
import { Watching, type DhtValueChange } from './watching.js';

/** A write of ours with `expectedVersion` had succeeded, and yet another value counts: the mesh had been cut in two. */
export interface DhtConflict {
  readonly key: string;
  /** Ours, which lost; undefined where it cannot be had any more. */
  readonly value: unknown;
  readonly winner: { readonly value: unknown; readonly version: number; readonly from: PeerId };
}

/** What this peer holds and has under way. */
export interface DhtStats extends Stats {
  /** Whether its records outlive this process. */
  readonly durable: boolean;
  /** Records that the storage had: those that were valid yet, and those that could not be read. */
  readonly restored: number;
  readonly unreadable: number;
  /** Peers' parts of counters and sets that could not be read when this peer last looked: none unless somebody misbehaves. */
  readonly unreadableParts: number;
  /** Changes that nobody was told of, as their values could not be read. */
  readonly dropped: number;
}

/** What the dht needs of its mesh. */
export interface DhtHost {
  readonly peerId: PeerId;
  readonly network: string;
  readonly rng: Rng;
  readonly clock: Clock;
  /** Hands the machine an input. */
  feed(input: Input): void;
  changed(change: DhtValueChange): void;
  conflicted(conflict: DhtConflict): void;
  /** For the log: what others have stored is not what it should be. */
  warn(message: string): void;
  onError(message: string, error: unknown): void;
}

/** The dht of one mesh. Loaded on demand: a build that is told `enableWebDHT: false` holds none of it. */
export class DhtNode {
  readonly protocol: Protocol;
  /** Counters and sets. */
  readonly merged: MergedKeys;
  private readonly host: DhtHost;
  private readonly machine: Dht;
  private readonly operations: Operations;
  private readonly subscriptions: Subscriptions;
  private readonly values: Values;
  private readonly watching: Watching;
  private readonly shelf: RecordShelf | undefined;
  private readonly conflicts = new Sequence();
  private dropped = 0;

  /** Opens the storage, if there is one. */
  static async create(host: DhtHost, storage: Storage | undefined): Promise<DhtNode> {
    const shelf =
      storage &&
      new RecordShelf(storage, `${host.network}/${host.peerId}`, {
        feed: (input) => host.feed(input),
        wall: () => host.clock.wall(),
        restored: ({ key, copy }) => {
          if (key.space === 'value') node.values.recall(key.name, copy.record);
        },
        onError: (message, error) => host.onError(message, error),
      });
    await shelf?.open();
    const node = new DhtNode(host, shelf);
    return node;
  }

  private constructor(host: DhtHost, shelf: RecordShelf | undefined) {
    const { peerId, rng, clock } = host;
    this.host = host;
    this.shelf = shelf;
    const protocol = dhtProtocol({ peerId, rng, epoch: Math.floor(clock.wall()), durable: shelf?.durable ?? false });
    this.protocol = protocol;
    this.machine = protocol.machine;
    this.operations = new Operations((input) => host.feed(input), clock);
    this.subscriptions = new Subscriptions(this.operations);
    this.values = new Values(this.operations, peerId, () => clock.wall());
    this.watching = new Watching(this.values, this.subscriptions, {
      changed: (change) => host.changed(change),
      unreadable: (message) => this.drop(message),
    });
    this.merged = new MergedKeys(new PartStore(this.operations, this.subscriptions), peerId);
  }

  /** Tells the machine what time it is, and what storage had. Before the mesh is joined. */
  async restore(): Promise<void> {
    this.host.feed({ type: 'restore', kept: [] });
    await this.shelf?.restore();
  }

  /** Opens the storage again if `close` was called. */
  async open(): Promise<void> {
    await this.shelf?.open();
  }

  /** Resolves once the storage has all of it, and is free for others. */
  async close(): Promise<void> {
    await this.shelf?.close();
  }

  /** This mesh is about to leave. */
  leave(): void {
    this.watching.leave();
    this.merged.leave();
  }

  /** Carries out what the machine asks for. */
  perform(output: Output): void {
    if (output.type === 'event') this.onEvent(output.event);
    else if (output.type === 'persist') this.shelf?.persist(output);
  }

  async put(key: string, value: unknown, options: DhtPutOptions): Promise<DhtStored> {
    checkPutting(options);
    return this.values.put(checkKey(key), encodeValue(value), options, this.operations.terms(options));
  }

  async entry(key: string, options: DhtGetOptions): Promise<DhtEntry | null> {
    checkGetting(options);
    const terms = this.operations.terms(options);
    const record = await this.values.find(checkKey(key), options, terms);
    if (record === null) return null;
    const value = await this.values.read(key, record, terms);
    const { version, author: from, issuedAt, ttlMs } = record;
    return { value, version, from, expiresAt: issuedAt + ttlMs };
  }

  async delete(key: string, options: DhtDeleteOptions): Promise<DhtStored> {
    checkDeleting(options);
    return this.values.delete(checkKey(key), options, this.operations.terms(options));
  }

  async subscribe(key: string, options: DhtOptions): Promise<unknown> {
    checkWaiting(options);
    return this.watching.subscribe(checkKey(key), this.operations.terms(options));
  }

  unsubscribe(key: string): void {
    this.watching.unsubscribe(checkKey(key));
  }

  watch(key: string): AsyncIterableIterator<WatchedValue> {
    return this.watching.watch(checkKey(key));
  }

  /** @param merged ours, unless the mesh is not connected then: throws */
  counter(key: string, options: DhtMergedOptions, merged: () => MergedKeys): DhtCounter {
    return new DhtCounter(key, merged, options);
  }

  /** As {@link counter}. */
  set<Element>(key: string, options: DhtMergedOptions, merged: () => MergedKeys): DhtSet<Element> {
    const { peerId, clock } = this.host;
    return new DhtSet(key, merged, options, peerId, () => clock.wall());
  }

  stats(): DhtStats {
    const { restored = 0, unreadable = 0 } = this.shelf?.counts ?? {};
    const { dropped, shelf } = this;
    const unreadableParts = this.merged.unreadable;
    return { ...this.machine.stats, durable: shelf?.durable ?? false, restored, unreadable, dropped, unreadableParts };
  }

  private onEvent(event: Event): void {
    switch (event.type) {
      case 'result':
        return this.operations.ended(event.ticket, event.outcome);
      case 'changed':
        return this.subscriptions.changed(event);
      case 'conflict':
        if (event.key.space === 'value') this.conflicts.add(() => this.onConflict(event));
        return;
    }
  }

  private async onConflict({ key, lost, winner }: Extract<Event, { readonly type: 'conflict' }>): Promise<void> {
    const { version, author: from } = winner;
    try {
      const value = lost === null ? undefined : await this.values.readIfThere(key.name, lost);
      this.values.newest(key.name, { type: 'conflict', record: winner });
      const newer = await this.values.read(key.name, winner);
      this.host.conflicted({ key: key.name, value, winner: { value: newer, version, from } });
    } catch (error) {
      this.drop(`the value of ${JSON.stringify(key.name)} that counts cannot be read: ${String(error)}`);
    }
  }

  private drop(message: string): void {
    this.dropped++;
    this.host.warn(message);
  }
}
