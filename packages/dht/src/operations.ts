import { ExpiringMap } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { Coordinator } from './coordinator.js';
import type { Outcome } from './event.js';
import type { Input, Ticket } from './input.js';
import type { Op, RequestId, Result } from './message.js';
import { MAX_TTL_MS } from './config.js';
import type { Tools } from './read.js';
import { isLive, keyId } from './record.js';
import type { Copy, DhtRecord, Key } from './record.js';

type Draft = Omit<Extract<Input, { readonly type: 'put' }>, 'type' | 'ticket'>;

/** An operation of this node: of its application, or of its own. */
interface Operation {
  op: Op;
  readonly done: (outcome: Outcome) => void;
  /** Gets what was found, tombstones and all. */
  readonly found: ((copies: readonly Copy[]) => void) | undefined;
  readonly endsAt: Millis;
  /** The question under way; `here`: it is carried out by this node; undefined: it waits for a link, or some time. */
  asked: RequestId | 'here' | undefined;
  /** Its question came to nothing so often; a later answer to an earlier one counts for nothing. */
  round: number;
}

/** After nobody could do it, it is tried again. A guess: a ring heals in seconds. */
const AGAIN_MS: Millis = 1_000;
/** Without a link an operation waits so long after this peer has joined: it may be the only one. A guess: some handshakes. */
const ALONE_MS: Millis = 2_000;
const NO_SIGNATURE = new Uint8Array(0);
/** Keys of which the newest version seen is remembered, and for how long, so that a write starts above it. Guesses. */
const MAX_VERSIONS = 4_096;
const VERSIONS_MS: Millis = 3_600_000;

/** What this node wants of the dht: sent to whoever is nearest to the key until there is an outcome, or its time is up. */
export class Operations {
  private readonly tools: Tools;
  private readonly coordinator: Coordinator;
  private readonly running = new Map<Ticket, Operation>();
  private readonly versions = new ExpiringMap<PeerId, number>({ maxEntries: MAX_VERSIONS, maxAgeMs: VERSIONS_MS });
  private nextOwn = -1;

  constructor(tools: Tools, coordinator: Coordinator) {
    this.tools = tools;
    this.coordinator = coordinator;
  }

  get size(): number {
    return this.running.size;
  }

  /** What its bounded map holds and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    const { maxOperations } = this.tools.context.config;
    return {
      dhtOperations: { size: this.running.size, cap: 2 * maxOperations },
      dhtVersions: { size: this.versions.size, cap: MAX_VERSIONS },
    };
  }

  /** A number for an operation that no application has asked for. */
  ownTicket(): Ticket {
    return this.nextOwn--;
  }

  /** A record of this node: newer than all it has heard of. */
  compose(key: Key, { form, value, ttlMs, expectedVersion, replicas }: Draft): DhtRecord {
    const { config, self, wall } = this.tools.context;
    return {
      author: self,
      version: Math.max(wall, this.newest(key, expectedVersion) + 1),
      issuedAt: wall,
      ttlMs: form === 'deleted' ? MAX_TTL_MS : (ttlMs ?? config.ttlMs),
      base: expectedVersion ?? null,
      replicas: replicas ?? config.replicas,
      form,
      value,
      signature: NO_SIGNATURE,
    };
  }

  /** A version of a key was seen. */
  saw(key: Key, version: number): void {
    const id = keyId(key);
    const { now } = this.tools.context;
    this.versions.set(id, Math.max(version, this.versions.get(id, now) ?? 0), now);
  }

  /** Carries an operation out; calls back once, unless it is aborted. */
  run(
    ticket: Ticket,
    op: Op,
    timeoutMs: Millis | undefined,
    done: (outcome: Outcome) => void,
    found?: (copies: readonly Copy[]) => void,
  ): void {
    const { config, now } = this.tools.context;
    if (ticket >= 0 && this.running.size >= config.maxOperations) return done({ type: 'failed', reason: 'busy' });
    const endsAt = now + (timeoutMs ?? config.timeoutMs);
    const operation: Operation = { op, done, found, endsAt, asked: undefined, round: 0 };
    this.running.set(ticket, operation);
    this.setTimer(ticket, endsAt);
    this.go(ticket, operation);
  }

  abort(ticket: Ticket): void {
    const operation = this.running.get(ticket);
    if (operation === undefined) return;
    this.running.delete(ticket);
    if (typeof operation.asked === 'number') this.tools.calls.forget(operation.asked);
  }

  onTimer(ticket: Ticket): void {
    const operation = this.running.get(ticket);
    if (operation === undefined) return;
    if (operation.endsAt <= this.tools.context.now) this.end(ticket, { type: 'failed', reason: 'timeout' });
    else if (operation.asked === undefined) this.go(ticket, operation);
  }

  /** There is a link: what waits for one goes on. */
  linked(): void {
    for (const [ticket, operation] of this.running) {
      if (operation.asked === undefined) this.go(ticket, operation);
    }
  }

  /** This mesh leaves. */
  clear(): void {
    for (const ticket of this.running.keys()) this.end(ticket, { type: 'failed', reason: 'disconnected' });
  }

  private newest(key: Key, expected = 0): number {
    const { store, now } = this.tools.context;
    const id = keyId(key);
    const held = key.space === 'value' ? store.top(id)?.record.version : undefined;
    return Math.max(expected, held ?? 0, this.versions.get(id, now) ?? 0);
  }

  private go(ticket: Ticket, operation: Operation): void {
    const { context, calls } = this.tools;
    const target = keyId(operation.op.key);
    const { op } = operation;
    operation.asked = undefined;
    const round = ++operation.round;
    const reply = (result: Result, hops: number): void => {
      if (this.running.get(ticket) === operation && operation.round === round)
        this.answered(ticket, operation, result, hops);
    };
    const { region, now } = context;
    // Who else is there is not known at once.
    const early = context.links.size === 0 && region.ageMs(now) < ALONE_MS;
    if (early) return this.setTimer(ticket, Math.min(operation.endsAt, now + ALONE_MS - region.ageMs(now)));
    if (region.isNearestOnRing(target, now)) {
      operation.asked = 'here';
      return this.coordinator.serve(op, [context.self], reply);
    }
    if (context.links.size === 0) return this.setTimer(ticket, Math.min(operation.endsAt, now + AGAIN_MS));
    operation.asked = calls.ask(
      { key: target },
      { type: 'request', trail: [], op },
      {
        done: (said) => {
          if (said?.type === 'answer') reply(said.result, said.hops);
          else if (this.running.get(ticket) === operation && operation.round === round) this.go(ticket, operation);
        },
      },
    );
  }

  private answered(ticket: Ticket, operation: Operation, result: Result, hops: number): void {
    const { op } = operation;
    operation.asked = undefined;
    if ('copies' in result && typeof result.copies !== 'number') {
      for (const { record } of result.copies) this.saw(op.key, record.version);
    }
    switch (result.type) {
      case 'found': {
        operation.found?.(result.copies);
        const records = op.key.space === 'value' ? result.copies.filter(isLive) : result.copies;
        return this.end(ticket, {
          type: 'found',
          records: records.map(({ record }) => record),
          more: result.more,
          hops,
        });
      }
      case 'stored': {
        if (op.type !== 'put') return this.end(ticket, { type: 'found', records: [], more: false, hops });
        const { record } = op.copy;
        this.saw(op.key, record.version);
        return this.end(ticket, { type: 'stored', record, copies: result.copies, hops });
      }
      case 'newer':
        return this.outranked(ticket, operation, result.conflict, result.copies);
      case 'refused':
        if (result.reason !== 'unavailable') return this.end(ticket, { type: 'failed', reason: result.reason });
        operation.round++;
        return this.setTimer(ticket, Math.min(operation.endsAt, this.tools.context.now + AGAIN_MS));
    }
  }

  /** There is a record as new as ours: it is written as a newer one, unless it was to replace another. */
  private outranked(ticket: Ticket, operation: Operation, conflict: boolean, [current]: readonly Copy[]): void {
    const { op } = operation;
    // What is published again is what it was.
    if (conflict || ticket < 0 || op.type !== 'put' || current === undefined) {
      const record = current !== undefined && isLive(current) ? current.record : null;
      return this.end(ticket, { type: 'conflict', record });
    }
    const version = Math.max(this.tools.context.wall, current.record.version + 1);
    operation.op = { ...op, copy: { ...op.copy, record: { ...op.copy.record, version } } };
    this.go(ticket, operation);
  }

  private end(ticket: Ticket, outcome: Outcome): void {
    const operation = this.running.get(ticket);
    if (operation === undefined) return;
    this.abort(ticket);
    operation.done(outcome);
  }

  private setTimer(ticket: Ticket, at: Millis): void {
    this.tools.context.put({ type: 'timer', at, timer: { type: 'operation', ticket } });
  }
}
