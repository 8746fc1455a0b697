import mittModule from 'mitt';
import { checkType } from './argument.js';

// mitt's types describe its CommonJS form, where the function is `default`; its ESM form is the function itself.
const mitt = mittModule as unknown as typeof mittModule.default;

/** What listens to one type of event. */
export type Listener<Payload> = (payload: Payload) => void;

/** An event that waits for its turn. */
type Posted<Events> = { readonly [Type in keyof Events]: readonly [Type, Events[Type]] }[keyof Events];

/**
 * Typed events over mitt. Listeners run in a microtask: after the call that caused the event has returned. A listener is
 * added once however often it is given, may remove itself or others during a dispatch, and by throwing disturbs nobody:
 * its error goes to `onError` (S54, S55).
 */
export class Emitter<Events extends Record<string, unknown>> {
  private readonly emitter = mitt<Events>();
  private readonly onError: (type: keyof Events, error: unknown) => void;
  private posted: Posted<Events>[] = [];

  constructor(onError: (type: keyof Events, error: unknown) => void) {
    this.onError = onError;
  }

  /** Adds a listener; the returned function removes it. */
  on<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): () => void {
    checkType('listener', listener, 'function');
    if (!this.has(type, listener)) this.emitter.on(type, listener);
    return () => this.off(type, listener);
  }

  /** Removes a listener; harmless when it is not there. */
  off<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): void {
    // Without a listener mitt removes all.
    if (this.has(type, listener)) this.emitter.off(type, listener);
  }

  /** Adds a listener for the next event alone; the returned function removes it before that. */
  once<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): () => void {
    checkType('listener', listener, 'function');
    const undo = this.on(type, (payload) => {
      undo();
      listener(payload);
    });
    return undo;
  }

  /** Has every listener of `type` called, soon and in order. */
  post<Type extends keyof Events>(type: Type, payload: Events[Type]): void {
    this.posted.push([type, payload]);
    if (this.posted.length === 1) void Promise.resolve().then(() => this.flush());
  }

  /** Whether anybody listens for `type` now. */
  isHeard(type: keyof Events): boolean {
    return this.listeners(type).length > 0;
  }

  private flush(): void {
    const { posted } = this;
    this.posted = [];
    for (const [type, payload] of posted) {
      // A copy: whoever is removed meanwhile is still on it.
      for (const listener of this.listeners(type).slice()) {
        if (!this.has(type, listener)) continue;
        try {
          listener(payload);
        } catch (error) {
          this.onError(type, error);
        }
      }
    }
  }

  private has<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): boolean {
    return this.listeners(type).includes(listener);
  }

  private listeners<Type extends keyof Events>(type: Type): Listener<Events[Type]>[] {
    return (this.emitter.all.get(type) ?? []) as Listener<Events[Type]>[];
  }
}
