import type { Millis } from '@peerpigeon/core';
import type { Input, Key, Outcome, Ticket } from '@peerpigeon/dht';
import type { Clock } from '@peerpigeon/mesh';
import { abortedError, dhtError } from './failure.js';
import type { DhtOptions } from './options.js';

/** Until when an operation may go on, on the mesh's clock, and who may end it before. */
export interface Terms {
  readonly endsAt?: Millis | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Asked<Each> = Each extends { readonly key: Key; readonly ticket: Ticket }
  ? Omit<Each, 'ticket' | 'timeoutMs'>
  : never;

/** An operation of the machine, without what {@link Operations} adds. */
export type Operation = Asked<Input>;

/** What came of one that did not fail. */
export type Success = Exclude<Outcome, { readonly type: 'failed' }>;

/** Operations of the machine as promises. */
export class Operations {
  private readonly feed: (input: Input) => void;
  private readonly clock: Clock;
  private readonly waiting = new Map<Ticket, (outcome: Outcome) => void>();
  private tickets: Ticket = 0;

  constructor(feed: (input: Input) => void, clock: Clock) {
    this.feed = feed;
    this.clock = clock;
  }

  /** What options of a call mean from now on. */
  terms({ timeoutMs, signal }: DhtOptions): Terms {
    return { endsAt: timeoutMs === undefined ? undefined : this.clock.now() + timeoutMs, signal };
  }

  /** @throws {PeerPigeonError} as it failed; `ABORTED` */
  run(operation: Operation, { endsAt, signal }: Terms): Promise<Success> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(abortedError(operation.key));
      const ticket = ++this.tickets;
      const abort = (): void => {
        this.waiting.delete(ticket);
        signal?.removeEventListener('abort', abort);
        this.feed({ type: 'abort', ticket });
        reject(abortedError(operation.key));
      };
      signal?.addEventListener('abort', abort);
      this.waiting.set(ticket, (outcome) => {
        signal?.removeEventListener('abort', abort);
        if (outcome.type === 'failed') reject(dhtError(outcome.reason, operation.key));
        else resolve(outcome);
      });
      const timeoutMs = endsAt === undefined ? undefined : Math.max(1, Math.ceil(endsAt - this.clock.now()));
      this.feed({ ...operation, ticket, ...(timeoutMs !== undefined && { timeoutMs }) });
    });
  }

  /** What the machine says of one. */
  ended(ticket: Ticket, outcome: Outcome): void {
    const waiting = this.waiting.get(ticket);
    this.waiting.delete(ticket);
    waiting?.(outcome);
  }

  /** Renews an own record no more. */
  forsake(key: Key): void {
    this.feed({ type: 'forsake', key });
  }

  /** Ends the subscription of a key; answered by nobody. */
  unsubscribe(key: Key): void {
    this.feed({ type: 'unsubscribe', key });
  }
}
