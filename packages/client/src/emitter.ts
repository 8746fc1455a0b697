import mittModule from 'mitt';
import { checkType } from './argument.js';

// mitt's types describe its CommonJS form, where the function is `default`; its ESM form is the function itself.
const mitt = mittModule as unknown as typeof mittModule.default;

/** What listens to one type of event. */
export type Listener<Payload> = (payload: Payload) => void;

type AnyListener = (payload: never) => void;

/** An event that waits for its turn. */
type Posted<Events> = { readonly [Type in keyof Events]: readonly [Type, Events[Type]] }[keyof Events];

/**
 * Typed events over mitt. Listeners run in a microtask: after the call that caused the event has returned. A listener is
 * added once however often it is given, may remove itself or others during a dispatch, and by throwing disturbs nobody:
 * its error goes to `onError` (S54, S55).
 */
export class Emitter<Events extends Record<string, unknown>> {
  private readonly emitter = mitt<Events>();
  private readonly guards = new Map<keyof Events, Map<AnyListener, AnyListener>>();
  private readonly onError: (type: keyof Events, error: unknown) => void;
  private posted: Posted<Events>[] = [];

  constructor(onError: (type: keyof Events, error: unknown) => void) {
    this.onError = onError;
  }

  /** Adds a listener; the returned function removes it. */
  on<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): () => void {
    checkType('listener', listener, 'function');
    const undo = (): void => this.off(type, listener);
    const guards = this.guards.get(type) ?? new Map<AnyListener, AnyListener>();
    if (guards.has(listener)) return undo;
    const guarded = (payload: Events[Type]): void => {
      // mitt goes through a copy of the list: whoever was removed meanwhile is still on it.
      if (guards.get(listener) !== guarded) return;
      try {
        listener(payload);
      } catch (error) {
        this.onError(type, error);
      }
    };
    guards.set(listener, guarded);
    this.guards.set(type, guards);
    this.emitter.on(type, guarded);
    return undo;
  }

  /** Removes a listener; harmless when it is not there. */
  off<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): void {
    const guards = this.guards.get(type);
    const guarded = guards?.get(listener) as Listener<Events[Type]> | undefined;
    if (guards === undefined || guarded === undefined) return;
    guards.delete(listener);
    this.emitter.off(type, guarded);
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
    if (this.posted.length > 1) return;
    void this.flush();
  }

  private async flush(): Promise<void> {
    await Promise.resolve();
    const { posted } = this;
    this.posted = [];
    for (const [type, payload] of posted) this.emitter.emit(type, payload);
  }
}
