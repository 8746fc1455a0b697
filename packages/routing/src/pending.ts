import { ExpiringMap } from '@peerpigeon/core';
import type { Envelope, MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Config, Resending } from './config.js';
import type { Event, FailureReason } from './event.js';
import { frameBytes, sendOn } from './forward.js';
import type { Data, NackReason } from './message.js';
import { GREEDY } from './neighbourhood.js';
import type { Neighbourhood } from './neighbourhood.js';
import type { Output } from './output.js';
import { RoundTrip } from './round-trip.js';
import { straighten } from './source-route.js';

/** How often it is seen whether a silent link is heard of again. Ours. */
const SILENT_LOOK_MS = 1_000;

/** How long after a silent link is gone its peer is waited for: a new link, where its path was lost for good. */
const MISSED_MS = 10_000;
/** And how many such peers are remembered. */
const MAX_MISSED = 64;

/** Where an own message stands between the `route` input and its one `delivered` or `failed`. */
type State =
  /** There was no link to send it over; the next one takes it. */
  | 'waiting'
  /** A copy is under way. */
  | 'sent'
  /** The last copy came back as a `nack`, or no neighbour took it; it is sent again after a while, or over the next new link. */
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
  deadline: Millis;
  /** The deadline may be put off until then. */
  readonly lastDeadline: Millis;
  readonly tried: Set<PeerId>;
  state: State;
  firstSentAt: Millis;
  /** When it is sent again if nothing happens; Infinity when only an event can help. */
  retryAt: Millis;
  attempts: number;
  /** Copies of which somebody said that they did not arrive. */
  nacks: number;
  /** How often it was put off. */
  delays: number;
  lastHop: PeerId | undefined;
}

/** A message that has failed, and may be acknowledged yet. */
interface Failed {
  readonly to: PeerId;
  readonly routedAt: Millis;
}

/** How an own message is to go; see the `route` input. */
interface Way {
  readonly route: readonly PeerId[] | undefined;
  readonly mostHops: number | undefined;
  readonly timeoutMs: Millis | undefined;
}

/** A copy for one link: what the first hop is asked to pass on. */
export interface Copy {
  readonly data: Data;
  readonly next: PeerId;
}

/** Own messages until they are acknowledged or given up: sends, re-sends, and the one event at the end. */
export class PendingTable {
  private readonly config: Config;
  private readonly neighbourhood: Neighbourhood;
  private readonly entries = new Map<MessageId, Entry>();
  private readonly departed: ExpiringMap<PeerId, true>;
  private readonly watch: (copy: Copy, now: Millis, out: Output[]) => void;
  private readonly failed: ExpiringMap<MessageId, Failed>;
  /** Peers whose silent link is gone. */
  private readonly missed = new ExpiringMap<PeerId, true>({ maxEntries: MAX_MISSED, maxAgeMs: MISSED_MS });
  /** From the sending of a direct message to its acknowledgement. */
  private readonly roundTrip = new RoundTrip();

  /**
   * @param departed peers that said goodbye
   * @param watch called with each copy of a direct message that was sent
   */
  constructor(
    config: Config,
    neighbourhood: Neighbourhood,
    departed: ExpiringMap<PeerId, true>,
    watch: (copy: Copy, now: Millis, out: Output[]) => void,
  ) {
    this.config = config;
    this.neighbourhood = neighbourhood;
    this.departed = departed;
    this.watch = watch;
    this.failed = new ExpiringMap({ maxEntries: config.maxFailed, maxAgeMs: config.lateMs });
  }

  /** How many messages wait for an acknowledgement. */
  get size(): number {
    return this.entries.size;
  }

  /** How many that failed are remembered. */
  get failedSize(): number {
    return this.failed.size;
  }

  /** How many peers whose silent link is gone are remembered, and how many may be. */
  get missedSize(): { readonly size: number; readonly cap: number } {
    return { size: this.missed.size, cap: MAX_MISSED };
  }

  /** Whether this message waits for an acknowledgement. */
  has(messageId: MessageId): boolean {
    return this.entries.has(messageId);
  }

  /** Takes a message and sends it, at once or with the first link. One too many of its kind is refused. */
  add(envelope: Envelope, to: PeerId, { route, mostHops, timeoutMs }: Way, now: Millis, out: Output[]): void {
    const resending = this.config[envelope.kind === 'signal' ? 'signal' : 'direct'];
    let waiting = 0;
    for (const entry of this.entries.values()) if (entry.resending === resending) waiting++;
    const tooLarge = frameBytes(envelope, 1) > this.config.maxFrameBytes;
    if (tooLarge || waiting >= resending.maxPending) {
      out.push(failed(envelope.id, to, tooLarge ? 'tooLarge' : 'refused'));
      return;
    }
    const deadline = now + (timeoutMs ?? resending.ackTimeoutMs);
    const entry: Entry = {
      envelope,
      to,
      route: straighten(route, this.config.peerId, to),
      mostHops,
      resending,
      routedAt: now,
      deadline,
      lastDeadline: timeoutMs === undefined ? now + resending.silentTimeoutMs : deadline,
      tried: new Set(),
      state: 'waiting',
      firstSentAt: now,
      retryAt: Infinity,
      attempts: 0,
      nacks: 0,
      delays: 0,
      lastHop: undefined,
    };
    this.entries.set(envelope.id, entry);
    out.push({ type: 'timer', at: entry.deadline, timer: { type: 'pending', messageId: envelope.id } });
    this.send(entry, now, out);
  }

  /** An acknowledgement came. False when it is late, or claims to come from somebody else than the receiver. */
  onAck(messageId: MessageId, from: PeerId, hops: number, now: Millis, out: Output[]): boolean {
    const entry = this.entries.get(messageId);
    const { to, routedAt } = entry ?? this.failed.get(messageId, now) ?? {};
    if (to !== from || routedAt === undefined) return false;
    this.entries.delete(messageId);
    this.failed.delete(messageId);
    // Of a message that was sent twice nobody knows which copy was acknowledged.
    if (entry?.attempts === 1 && entry.resending === this.config.direct) this.roundTrip.add(now - entry.firstSentAt);
    const late = entry === undefined;
    out.push(event({ type: 'delivered', messageId, to, hops, roundTripMs: now - routedAt, late }));
    return true;
  }

  /**
   * A copy ended at a relay, or at the receiver. Rings heal, so that it is sent again until the timeout, if it may and if that
   * can help. False when it is late.
   */
  onNack(messageId: MessageId, from: PeerId, reason: NackReason, now: Millis, out: Output[]): boolean {
    const entry = this.entries.get(messageId);
    if (entry === undefined) return false;
    if (reason !== 'unanswered') entry.nacks++;
    if (reason === 'too-large') this.fail(entry, 'tooLarge', now, out);
    else if (reason === 'refused' && from === entry.to) this.fail(entry, 'refused', now, out);
    else if (reason === 'left' || this.departed.has(entry.to, now)) this.fail(entry, 'left', now, out);
    else if (entry.mostHops !== undefined) this.fail(entry, 'unreachable', now, out);
    else this.putOff(entry, now, out);
    return true;
  }

  /** The first hop did not acknowledge a copy, or is gone: another one takes it, if there is one. */
  onSilence(messageId: MessageId, peer: PeerId, now: Millis, out: Output[]): void {
    const entry = this.entries.get(messageId);
    if (entry?.state !== 'sent' || entry.lastHop !== peer) return;
    const hop = this.neighbourhood.first(entry.to, [], new Set(entry.tried));
    if (hop !== undefined && this.neighbourhood.avoids(hop.next)) this.putOff(entry, now, out);
    else this.send(entry, now, out);
  }

  /** It is not sent again, and has failed. What has ended stays so. */
  abort(messageId: MessageId, now: Millis, out: Output[]): void {
    const entry = this.entries.get(messageId);
    if (entry !== undefined) this.fail(entry, 'aborted', now, out);
  }

  /** A timer of this message is due; stale ones find it gone, or its time moved. */
  onTimer(messageId: MessageId, now: Millis, out: Output[]): void {
    const entry = this.entries.get(messageId);
    if (entry === undefined) return;
    if (now >= entry.deadline && entry.deadline < entry.lastDeadline && this.isSilent(entry.to, now)) {
      entry.deadline = Math.min(entry.lastDeadline, now + SILENT_LOOK_MS);
      out.push({ type: 'timer', at: entry.deadline, timer: { type: 'pending', messageId } });
    } else if (now >= entry.deadline) {
      // A copy that neither arrived nor came back may have arrived all the same.
      const unsure = entry.attempts > entry.nacks ? 'timeout' : 'unreachable';
      this.fail(entry, this.departed.has(entry.to, now) ? 'left' : unsure, now, out);
    } else if (now >= entry.retryAt) {
      this.send(entry, now, out);
    }
  }

  /** A new link: it takes what has no copy under way. */
  onPeerUp(now: Millis, out: Output[]): void {
    for (const entry of this.entries.values()) if (entry.state !== 'sent') this.send(entry, now, out);
  }

  /** A link that was silent is gone: its peer may come back over another one. */
  onMissed(peer: PeerId, now: Millis): void {
    this.missed.set(peer, true, now);
  }

  /** Whether nothing is heard of a peer that was linked, and may be. */
  private isSilent(peer: PeerId, now: Millis): boolean {
    return (this.neighbourhood.isSuspect(peer) || this.missed.has(peer, now)) && !this.departed.has(peer, now);
  }

  /** A link is gone or silent, and signals just given to it may be lost: another one takes them, if there is another. */
  onLoss(peer: PeerId, now: Millis, out: Output[]): void {
    for (const entry of this.entries.values()) {
      if (entry.resending === this.config.direct) continue;
      if (entry.state === 'sent' && entry.lastHop === peer) this.send(entry, now, out, peer);
    }
  }

  /** Gives everything up. */
  onLeave(out: Output[]): void {
    for (const [messageId, entry] of this.entries) out.push(failed(messageId, entry.to, 'disconnected'));
    this.entries.clear();
    this.failed.clear();
  }

  private fail(entry: Entry, reason: FailureReason, now: Millis, out: Output[]): void {
    const { to, routedAt } = entry;
    const { id } = entry.envelope;
    this.entries.delete(id);
    if (entry.attempts > 0 && entry.resending === this.config.direct) this.failed.set(id, { to, routedAt }, now);
    out.push(failed(id, to, reason));
  }

  private putOff(entry: Entry, now: Millis, out: Output[]): void {
    const { nackRetryMs, maxNackRetryMs } = this.config;
    entry.state = 'refused';
    this.retryBy(entry, now + Math.min(maxNackRetryMs, nackRetryMs * 2 ** entry.delays), out);
    entry.delays++;
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
    const attempt = entry.attempts++;
    entry.state = 'sent';
    entry.lastHop = hop.next;
    entry.tried.add(hop.next);
    const { envelope, resending } = entry;
    const ttl = Math.min(mostHops, maxHops) + 1;
    const data: Data = { type: 'data', envelope, ttl, hops: 0, path: [], ...GREEDY, attempt };
    out.push(sendOn(data, hop, peerId));
    if (resending === this.config.direct) this.watch({ data, next: hop.next }, now, out);
    if (entry.mostHops === undefined) this.retryBy(entry, this.resendAt(entry, now), out);
  }

  /** When an entry that nobody answers is sent next. */
  private resendAt({ resending, firstSentAt }: Entry, now: Millis): Millis {
    const { resendAfterMs } = resending;
    const patienceMs = (resending === this.config.direct ? this.roundTrip.patienceMs : undefined) ?? 0;
    let afterMs: Millis | undefined;
    for (let nth = 0; ; nth++) {
      afterMs = resendAfterMs[nth] ?? (afterMs === undefined ? Infinity : 2 * afterMs);
      const at = firstSentAt + Math.max(afterMs, patienceMs * 2 ** nth);
      if (at > now) return at;
    }
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
