import { below, pick } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import type { Message, Reply, RequestId } from './message.js';
import { RoundTrip } from './round-trip.js';

/** A message without its number. */
export type Body = Message extends infer M ? (M extends { readonly id: RequestId } ? Omit<M, 'id'> : never) : never;

/** Whom to ask: a peer, or whoever is nearest to a key. */
export type Callee = { readonly peer: PeerId } | { readonly key: PeerId };

/** What comes of a question. */
export interface Answered {
  /** The answer; undefined: none came. */
  done(reply: Reply | undefined): void;
  /** The first question has been in vain. */
  slow?(): void;
}

interface Call extends Answered {
  readonly callee: Callee;
  readonly body: Body;
  readonly since: Millis;
  tries: number;
  /** When it is overdue. */
  at: Millis;
}

/** After a message came back the next try waits so long: a ring is mended within some seconds. A guess. */
const BOUNCED_MS = 400;
/** Ids are drawn in this range, so that answers to another run of ours fit nothing. */
const FIRST_IDS = 2 ** 31;

/** Questions to others, asked again until they are answered, or have been asked often enough. */
export class Calls {
  private readonly context: Context;
  private readonly pending = new Map<RequestId, Call>();
  private readonly near: RoundTrip;
  private readonly far: RoundTrip;
  private next: RequestId;

  constructor(context: Context) {
    const { config } = context;
    this.context = context;
    this.near = new RoundTrip(config.nearTimeoutMs, config);
    this.far = new RoundTrip(config.farTimeoutMs, config);
    this.next = below(config.rng, FIRST_IDS);
  }

  get size(): number {
    return this.pending.size;
  }

  /** Asks; `answered` hears of it once, later. Returns a number for {@link forget}. */
  ask(callee: Callee, body: Body, answered: Answered): RequestId {
    const id = this.next++;
    const { now } = this.context;
    const call: Call = { ...answered, callee, body, since: now, tries: 0, at: now };
    this.pending.set(id, call);
    this.say(id, call);
    return id;
  }

  /** Nobody waits for that answer any more. */
  forget(id: RequestId): void {
    this.pending.delete(id);
  }

  /** An answer came. Those that nobody waits for, or of another peer, are dropped. */
  answered(from: PeerId, reply: Reply): void {
    const call = this.pending.get(reply.id);
    if (call === undefined || ('peer' in call.callee && call.callee.peer !== from)) return;
    this.pending.delete(reply.id);
    if (call.tries === 1) this.timing(call).sample(this.context.now - call.since);
    call.done(reply);
  }

  /** What was sent to that peer went no further. */
  bounced(to: PeerId): void {
    const at = this.context.now + BOUNCED_MS;
    for (const [id, call] of this.pending) {
      if (!('peer' in call.callee) || call.callee.peer !== to || call.at <= at) continue;
      call.at = at;
      this.setTimer(id, at);
    }
  }

  onTimer(id: RequestId): void {
    const call = this.pending.get(id);
    if (call === undefined || call.at > this.context.now) return;
    if (call.tries >= this.context.config.maxTries) {
      this.pending.delete(id);
      call.done(undefined);
      return;
    }
    this.say(id, call);
    if (call.tries === 2) call.slow?.();
  }

  clear(): void {
    this.pending.clear();
  }

  private say(id: RequestId, call: Call): void {
    const { links, config, now } = this.context;
    const message = { ...call.body, id } as Message;
    if ('peer' in call.callee) this.context.put({ type: 'route', to: call.callee.peer, message });
    else {
      // Whatever swallowed the first one may lie on its way: the next ones begin elsewhere.
      const over = call.tries === 0 ? undefined : pick(config.rng, [...links]);
      const { key } = call.callee;
      this.context.put({ type: 'seek', key, ...(over !== undefined && { over }), message });
    }
    call.tries++;
    call.at = now + this.timing(call).timeoutMs(call.tries);
    this.setTimer(id, call.at);
  }

  private timing({ callee }: Call): RoundTrip {
    return 'peer' in callee ? this.near : this.far;
  }

  private setTimer(id: RequestId, at: Millis): void {
    this.context.put({ type: 'timer', at, timer: { type: 'call', id } });
  }
}
