/** Listeners by event name. One that throws disturbs neither the emitter nor the others: it is reported as uncaught. */
export class Listeners<Events> {
  private readonly byName = new Map<keyof Events, Set<(payload: never) => void>>();

  /** Adds a listener; adding it again changes nothing. The returned function removes it. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    if (typeof listener !== 'function') throw new TypeError(`listener: expected a function, got ${typeof listener}`);
    const listeners = this.byName.get(name) ?? new Set();
    this.byName.set(name, listeners.add(listener));
    return () => this.off(name, listener);
  }

  /** Removes a listener; harmless when it is not there. */
  off<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): void {
    this.byName.get(name)?.delete(listener);
  }

  /** Calls the listeners that are there now, in the order in which they were added. */
  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of [...(this.byName.get(name) ?? [])] as ((payload: Events[Name]) => void)[]) {
      try {
        listener(payload);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
