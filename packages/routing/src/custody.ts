import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { CustodyConfig } from './config.js';
import type { Data } from './message.js';
import type { Output } from './output.js';
import { RoundTrip } from './round-trip.js';

/** A copy of a direct message that was sent to a neighbour which has not said that it has it. */
export interface Held {
  /** As it came, or as its author starts it: what another way is found for. */
  readonly data: Data;
  /** To whom it was sent before, and to whom last. */
  readonly tried: ReadonlySet<PeerId>;
  readonly next: PeerId;
}

interface Watched extends Held {
  readonly sentAt: Millis;
  readonly dueAt: Millis;
}

/** One link. */
interface Line {
  readonly roundTrip: RoundTrip;
  readonly watched: Map<MessageId, Watched>;
  /** When copies were sent whose receipt was not waited for any longer: it still tells how long one takes. */
  readonly overdue: Map<MessageId, Millis>;
}

/** Overdue receipts remembered for each link. A guess. */
const MAX_OVERDUE = 32;

/**
 * Custody of copies on their way: whoever sends one answers for it until the next peer has said that it has it (RFC 4838 §3.10,
 * custody transfer). A neighbour that is dead, and not known to be, so costs a fraction of a second. How long a receipt is
 * waited for follows the link's round trips.
 */
export class Custody {
  private readonly config: CustodyConfig;
  private readonly lines = new Map<PeerId, Line>();
  /** Over all links: what is expected of one that is new. */
  private readonly anyRoundTrip = new RoundTrip();
  private copies = 0;
  private bytes = 0;
  /** When the next timer is due. */
  private armedAt: Millis = Infinity;

  constructor(config: CustodyConfig) {
    this.config = config;
  }

  /** How many copies are watched. */
  get size(): number {
    return this.copies;
  }

  /** A link is up. */
  add(peer: PeerId): void {
    this.lines.set(peer, { roundTrip: new RoundTrip(), watched: new Map(), overdue: new Map() });
  }

  /** A link is gone; what it was given and has not acknowledged may be lost. */
  delete(peer: PeerId): Held[] {
    const line = this.lines.get(peer);
    if (line === undefined) return [];
    const lost = [...line.watched.values()];
    for (const { data } of lost) this.drop(line, data.envelope.id);
    this.lines.delete(peer);
    return lost;
  }

  /** Nothing is heard of a peer: what it has not acknowledged goes another way. */
  abandon(peer: PeerId): Held[] {
    const line = this.lines.get(peer);
    if (line === undefined) return [];
    const lost = [...line.watched.values()];
    for (const { data, sentAt } of lost) this.giveUp(line, data.envelope.id, sentAt);
    return lost;
  }

  clear(): void {
    this.lines.clear();
    this.copies = 0;
    this.bytes = 0;
    this.armedAt = Infinity;
  }

  /** A copy was sent: from now on its receipt is waited for. */
  watch(held: Held, now: Millis, out: Output[]): void {
    const { maxCopies, maxBytes, initialMs, minMs, maxMs } = this.config;
    const line = this.lines.get(held.next);
    const { id, bytes } = held.data.envelope;
    if (line === undefined) return;
    this.drop(line, id);
    if (this.copies >= maxCopies || this.bytes + bytes.length > maxBytes) return;
    const patienceMs = line.roundTrip.patienceMs ?? this.anyRoundTrip.patienceMs ?? initialMs;
    const dueAt = now + Math.min(maxMs, Math.max(minMs, patienceMs));
    line.watched.set(id, { ...held, sentAt: now, dueAt });
    this.copies++;
    this.bytes += bytes.length;
    this.arm(dueAt, out);
  }

  /** A neighbour said that it has these. */
  onReceipt(peer: PeerId, messageIds: readonly MessageId[], now: Millis): void {
    const line = this.lines.get(peer);
    if (line === undefined) return;
    for (const messageId of messageIds) {
      const sentAt = line.watched.get(messageId)?.sentAt ?? line.overdue.get(messageId);
      if (sentAt === undefined) continue;
      line.roundTrip.add(now - sentAt);
      this.anyRoundTrip.add(now - sentAt);
      line.overdue.delete(messageId);
      this.drop(line, messageId);
    }
  }

  /** The timer is due. What has been waited for in vain comes back. */
  onTimer(now: Millis, out: Output[]): Held[] {
    if (now < this.armedAt) return [];
    this.armedAt = Infinity;
    let next = Infinity;
    const due: Held[] = [];
    for (const line of this.lines.values()) {
      for (const [messageId, watched] of line.watched) {
        if (watched.dueAt > now) next = Math.min(next, watched.dueAt);
        else {
          due.push(watched);
          this.giveUp(line, messageId, watched.sentAt);
        }
      }
    }
    if (next < Infinity) this.arm(next, out);
    return due;
  }

  private arm(at: Millis, out: Output[]): void {
    if (at >= this.armedAt) return;
    this.armedAt = at;
    out.push({ type: 'timer', at, timer: { type: 'custody' } });
  }

  private giveUp(line: Line, messageId: MessageId, sentAt: Millis): void {
    this.drop(line, messageId);
    line.overdue.set(messageId, sentAt);
    for (const oldest of line.overdue.keys()) {
      if (line.overdue.size <= MAX_OVERDUE) break;
      line.overdue.delete(oldest);
    }
  }

  private drop(line: Line, messageId: MessageId): void {
    const watched = line.watched.get(messageId);
    if (watched === undefined) return;
    line.watched.delete(messageId);
    this.copies--;
    this.bytes -= watched.data.envelope.bytes.length;
  }
}
