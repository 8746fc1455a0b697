import type { PeerId } from '@peerpigeon/core';
import type { DhtRecord } from '@peerpigeon/dht';
import { Sequence } from './sequence.js';
import type { Change, ChangeListener, Subscriptions } from './subscriptions.js';
import type { Terms } from './operations.js';
import { valueKey, type Values } from './values.js';
import { Watch, type WatchedValue } from './watch.js';

/** What listeners of `dhtValueChanged` get. */
export interface DhtValueChange {
  readonly key: string;
  /** Null: it was deleted, or has expired. */
  readonly newValue: unknown;
  /** Null: there was none; undefined: a large one that cannot be had any more. */
  readonly oldValue: unknown;
  readonly version: number;
  /** Who wrote it. */
  readonly from: PeerId;
}

/** For whom values are watched. */
export interface WatchingHost {
  changed(change: DhtValueChange): void;
  /** A changed value cannot be read, so that nobody is told of it: a part of it is gone, or it is none. */
  unreadable(message: string): void;
}

/** A key of `dhtSubscribe`. */
interface Subscribed {
  readonly listener: ChangeListener;
  /** Whether one of its calls has succeeded, and how many have not ended. */
  settled: boolean;
  pending: number;
}

/** Subscriptions to values: by `dhtSubscribe`, which tells by events, and by `watch`, which is iterated. */
export class Watching {
  private readonly values: Values;
  private readonly subscriptions: Subscriptions;
  private readonly host: WatchingHost;
  private readonly subscribed = new Map<string, Subscribed>();
  private readonly watches = new Set<Watch>();

  constructor(values: Values, subscriptions: Subscriptions, host: WatchingHost) {
    this.values = values;
    this.subscriptions = subscriptions;
    this.host = host;
  }

  /** See `WebDHT.subscribe`. */
  async subscribe(name: string, terms: Terms): Promise<unknown> {
    const known = this.subscribed.get(name);
    const subscribed = known ?? { listener: this.teller(name), settled: false, pending: 0 };
    this.subscribed.set(name, subscribed);
    subscribed.pending++;
    try {
      const got = await this.subscriptions.add(valueKey(name), subscribed.listener, terms);
      subscribed.settled = true;
      return await this.values.read(name, this.values.newest(name, got), terms);
    } finally {
      subscribed.pending--;
      const failed = !subscribed.settled && subscribed.pending === 0;
      if (failed && this.subscribed.get(name) === subscribed) this.unsubscribe(name);
    }
  }

  /** See `WebDHT.unsubscribe`. */
  unsubscribe(name: string): void {
    const subscribed = this.subscribed.get(name);
    if (subscribed === undefined) return;
    this.subscribed.delete(name);
    this.subscriptions.remove(valueKey(name), subscribed.listener);
  }

  /** See `WebDHT.watch`. */
  watch(name: string): AsyncIterableIterator<WatchedValue> {
    const sequence = new Sequence();
    const give = (record: DhtRecord | null, version: number, from: PeerId): void =>
      sequence.add(() => this.reading(name, record, (value) => watch.push({ value, version, from })));
    let last: { readonly version: number; readonly from: PeerId } | undefined;
    const listener = ({ record, version, from }: Change): void => {
      // What was there in the first place, again.
      if (record !== null && last?.version === version && last.from === from) return;
      last = { version, from };
      give(record, version, from);
    };
    const watch = new Watch(() => {
      this.watches.delete(watch);
      this.subscriptions.remove(valueKey(name), listener);
    });
    this.watches.add(watch);
    const begun = async (): Promise<void> => {
      const record = this.values.newest(name, await this.subscriptions.add(valueKey(name), listener, {}));
      if (record === null || (last !== undefined && last.version >= record.version)) return;
      last = { version: record.version, from: record.author };
      give(record, record.version, record.author);
    };
    begun().catch((error: unknown) => watch.fail(error));
    return watch;
  }

  /** This mesh leaves: watches end; what was subscribed to by `subscribe` goes on the next time. */
  leave(): void {
    for (const watch of this.watches) watch.end();
  }

  /** Tells changes of a key by events. */
  private teller(name: string): ChangeListener {
    const sequence = new Sequence();
    const isOn = (): boolean => this.subscribed.get(name)?.listener === listener;
    const listener: ChangeListener = ({ record, previous, version, from }) =>
      sequence.add(() => {
        if (!isOn()) return;
        return this.reading(name, record, (newValue) => {
          const tell = (oldValue: unknown): void => {
            if (isOn()) this.host.changed({ key: name, newValue, oldValue, version, from });
          };
          return this.reading(name, previous, tell, () => tell(undefined));
        });
      });
    return listener;
  }

  /** Reads a value, at once if that can be. */
  private reading(
    name: string,
    record: DhtRecord | null,
    use: (value: unknown) => void | Promise<void>,
    fail = (error: unknown): void =>
      this.host.unreadable(`the new value of ${JSON.stringify(name)} cannot be read: ${String(error)}`),
  ): void | Promise<void> {
    try {
      const value = this.values.read(name, record);
      return value instanceof Promise ? value.then(use, fail) : use(value);
    } catch (error) {
      return fail(error);
    }
  }
}
