import type { Event, Key } from '@peerpigeon/dht';
import type { Operations, Success, Terms } from './operations.js';

/** A change of a subscribed key. */
export type Change = Extract<Event, { readonly type: 'changed' }>;

/** Gets each change of a key. */
export type ChangeListener = (change: Change) => void;

/** Own subscriptions: all that listen to a key share one of the machine, which ends with the last of them. */
export class Subscriptions {
  private readonly operations: Operations;
  private readonly listeners = new Map<string, Set<ChangeListener>>();

  constructor(operations: Operations) {
    this.operations = operations;
  }

  /**
   * Adds a listener, which hears of changes from now on; resolves with what there is. It stays when that fails: until
   * {@link remove}.
   */
  async add(key: Key, listener: ChangeListener, terms: Terms): Promise<Success> {
    const name = nameOf(key);
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners.add(listener));
    return this.operations.run({ type: 'subscribe', key }, terms);
  }

  /** Harmless when it is not there. */
  remove(key: Key, listener: ChangeListener): void {
    const name = nameOf(key);
    const listeners = this.listeners.get(name);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.listeners.delete(name);
    this.operations.unsubscribe(key);
  }

  /** What the machine says of one. */
  changed(change: Change): void {
    for (const listener of this.listeners.get(nameOf(change.key)) ?? []) listener(change);
  }
}

function nameOf({ space, name }: Key): string {
  return `${space} ${name}`;
}
