import type { Envelope, MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Config, Resending } from './config.js';
import type { Event, FailureReason } from './event.js';
import { sendOn } from './forward.js';
import { GREEDY } from './neighbourhood.js';
import type { Neighbourhood } from './neighbourhood.js';
import type { Output } from './output.js';
import { straighten } from './source-route.js';

/** Where an own message stands between the `route` input and its one `delivered` or `failed`. */
type State =
  /** There was no link to send it over; the next one takes it. */
  | 'waiting'
  /** A copy is under way. */
  | 'sent'
  /** The last copy came back as a `nack`; it is sent again after a while, or over the next new link. */
  | 'refused';

/** An own message without an acknowledgement. */
interface Entry {
  readonly envelope: Envelope;
  readonly to: PeerId;
  /** A source route for the first copy; empty if nobody knows one. */
  readonly route: readonly PeerId[];
  /** One copy goes so far at most; undefined: as many as needed, each as far as any message. */
  readonly mostHops: number | undefined;
  readonly resending: Resending;
  readonly routedAt: Millis;
  readonly deadline: Millis;
  readonly tried: Set<PeerId>;
  state: State;
  firstSentAt: Millis;
  /** When it is sent again if nothing happens; Infinity when only an event can help. */
  retryAt: Millis;
  attempts: number;
  nacks: number;
  lastHop: PeerId | undefined;
}

/** How an own message is to go; see the `route` input. */
interface Way {
  readonly route: readonly PeerId[] | undefined;
  readonly mostHops: number | undefined;
}

/** Own messages until they are acknowledged or given up: sends, re-sends, and the one event at the end. */
export class PendingTable {
  private readonly config: Config;
  private readonly neighbourhood: Neighbourhood;
  private readonly entries = new Map<MessageId, Entry>();

  constructor(config: Config, neighbourhood: Neighbourhood) {
    this.config = config;
    this.neighbourhood = neighbourhood;
  }

  /** How many messages wait for an acknowledgement. */
  get size(): number {
    return this.entries.size;
  }

  /** Whether this message waits for an acknowledgement. */
  has(messageId: MessageId): boolean {
    return this.entries.has(messageId);
  }

  /** Takes a message and sends it, at once or with the first link. One too many of its kind is refused. */
  add(envelope: Envelope, to: PeerId, { route, mostHops }: Way, now: Millis, out: Output[]): void {
    const resending = this.config[envelope.kind === 'signal' ? 'signal' : 'direct'];
    let waiting = 0;
    for (const entry of this.entries.values()) if (entry.resending === resending) waiting++;
    if (waiting >= resending.maxPending) {
      out.push(failed(envelope.id, to, 'unreachable'));
      return;
    }
    const entry: Entry = {
      envelope,
      to,
      route: straighten(route, this.config.peerId, to),
      mostHops,
      resending,
      routedAt: now,
      deadline: now + resending.ackTimeoutMs,
      tried: new Set(),
      state: 'waiting',
      firstSentAt: now,
      retryAt: Infinity,
      attempts: 0,
      nacks: 0,
      lastHop: undefined,
    };
    this.entries.set(envelope.id, entry);
    out.push({ type: 'timer', at: entry.deadline, timer: { type: 'pending', messageId: envelope.id } });
    this.send(entry, now, out);
  }

  /** An acknowledgement came. False when it is late, or claims to come from somebody else than the receiver. */
  onAck(messageId: MessageId, from: PeerId, hops: number, now: Millis, out: Output[]): boolean {
    const entry = this.entries.get(messageId);
    if (entry === undefined || entry.to !== from) return false;
    this.entries.delete(messageId);
    const roundTripMs = now - entry.routedAt;
    out.push(event({ type: 'delivered', messageId, to: entry.to, hops, roundTripMs }));
    return true;
  }

  /** A copy ended at a relay. Rings heal, so that it is sent again until the timeout, if it may. False when it is late. */
  onNack(messageId: MessageId, now: Millis, out: Output[]): boolean {
    const entry = this.entries.get(messageId);
    if (entry === undefined) return false;
    if (entry.mostHops !== undefined) {
      this.entries.delete(messageId);
      out.push(failed(messageId, entry.to, 'unreachable'));
      return true;
    }
    entry.state = 'refused';
    const delayMs = this.config.nackRetryMs * 2 ** entry.nacks;
    entry.nacks++;
    this.retryBy(entry, now + delayMs, out);
    return true;
  }

  /** A timer of this message is due; stale ones find it gone, or its time moved. */
  onTimer(messageId: MessageId, now: Millis, out: Output[]): void {
    const entry = this.entries.get(messageId);
    if (entry === undefined) return;
    if (now >= entry.deadline) {
      this.entries.delete(messageId);
      // A copy that neither arrived nor came back may have arrived all the same.
      out.push(failed(messageId, entry.to, entry.attempts > entry.nacks ? 'timeout' : 'unreachable'));
    } else if (now >= entry.retryAt) {
      this.send(entry, now, out);
    }
  }

  /** A new link: it takes what has no copy under way. */
  onPeerUp(now: Millis, out: Output[]): void {
    for (const entry of this.entries.values()) if (entry.state !== 'sent') this.send(entry, now, out);
  }

  /** A link is gone or silent, and what was just given to it may be lost: another one takes it, if there is another. */
  onLoss(peer: PeerId, now: Millis, out: Output[]): void {
    for (const entry of this.entries.values()) {
      if (entry.state === 'sent' && entry.lastHop === peer) this.send(entry, now, out, peer);
    }
  }

  /** Gives everything up. */
  onLeave(out: Output[]): void {
    for (const [messageId, entry] of this.entries) out.push(failed(messageId, entry.to, 'disconnected'));
    this.entries.clear();
  }

  private send(entry: Entry, now: Millis, out: Output[], lost?: PeerId): void {
    const { peerId, maxHops, maxAttempts } = this.config;
    const { mostHops = maxHops } = entry;
    if (entry.attempts >= (entry.mostHops === undefined ? maxAttempts : 1)) return;
    const hop = this.neighbourhood.first(entry.to, entry.attempts === 0 ? entry.route : [], entry.tried);
    if (hop !== undefined && hop.next === lost) return;
    entry.retryAt = Infinity;
    if (hop === undefined) {
      entry.state = 'waiting';
      return;
    }
    if (entry.attempts === 0) entry.firstSentAt = now;
    entry.attempts++;
    entry.state = 'sent';
    entry.lastHop = hop.next;
    entry.tried.add(hop.next);
    const { envelope } = entry;
    out.push(
      sendOn(
        { type: 'data', envelope, ttl: Math.min(mostHops, maxHops) + 1, hops: 0, path: [], ...GREEDY },
        hop,
        peerId,
      ),
    );
    if (entry.mostHops !== undefined) return;
    const afterMs = entry.resending.resendAfterMs.find((ms) => entry.firstSentAt + ms > now);
    if (afterMs !== undefined) this.retryBy(entry, entry.firstSentAt + afterMs, out);
  }

  /** Sees to it that the entry is sent again at `at` or before. */
  private retryBy(entry: Entry, at: Millis, out: Output[]): void {
    if (at >= entry.retryAt || at >= entry.deadline) return;
    entry.retryAt = at;
    out.push({ type: 'timer', at, timer: { type: 'pending', messageId: entry.envelope.id } });
  }
}

function event(body: Event): Output {
  return { type: 'event', event: body };
}

function failed(messageId: MessageId, to: PeerId, reason: FailureReason): Output {
  return event({ type: 'failed', messageId, to, reason });
}
