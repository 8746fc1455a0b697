import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Output } from './output.js';

/** A message whose receipts are counted here. */
interface Count {
  /** Whom the sum goes to; undefined for an own message. */
  readonly parent: PeerId | undefined;
  /** Those that have not answered. */
  readonly open: Set<PeerId>;
  readonly dueAt: Millis;
  /** Peers that were there when it was sent, for an own message. */
  readonly expected: number;
  reached: number;
}

/**
 * Propagation of information with feedback (Segall 1983): every copy is answered, a first one when all copies that were sent on
 * have been, by their sum and one; another one by 0. So each peer counts once. What a dead link or the time cuts off is not
 * counted: the sum is a lower bound.
 */
export class Receipts {
  private readonly counts = new Map<MessageId, Count>();
  private readonly config: Pick<Config, 'receiptMaxEntries'>;

  constructor(config: Pick<Config, 'receiptMaxEntries'>) {
    this.config = config;
  }

  get size(): number {
    return this.counts.size;
  }

  /** An own message went to `receivers`. */
  begin(id: MessageId, receivers: readonly PeerId[], peers: number, dueAt: Millis, out: Output[]): void {
    const expected = Math.max(0, Math.round(peers) - 1);
    this.put(id, { parent: undefined, open: new Set(receivers), dueAt, expected, reached: 0 }, out);
  }

  /** The first copy of a message came from `parent` and went on to `receivers`. */
  relay(id: MessageId, parent: PeerId, receivers: readonly PeerId[], dueAt: Millis, out: Output[]): void {
    this.put(id, { parent, open: new Set(receivers), dueAt, expected: 0, reached: 1 }, out);
  }

  /** `from` has answered. */
  answered(id: MessageId, from: PeerId, count: number, out: Output[]): void {
    const entry = this.counts.get(id);
    if (entry?.open.delete(from) !== true) return;
    entry.reached += count;
    if (entry.open.size === 0) this.close(id, entry, out);
  }

  /** The link with `peer` is gone: what it would have answered nobody knows. */
  delete(peer: PeerId, out: Output[]): void {
    for (const id of this.counts.keys()) this.answered(id, peer, 0, out);
  }

  /** Closes what has waited too long. */
  expire(now: Millis, out: Output[]): void {
    for (const [id, entry] of this.counts) if (entry.dueAt <= now) this.close(id, entry, out);
  }

  private put(id: MessageId, entry: Count, out: Output[]): void {
    const [oldest] = this.counts;
    if (oldest !== undefined && this.counts.size >= this.config.receiptMaxEntries) this.close(...oldest, out);
    this.counts.set(id, entry);
    if (entry.open.size === 0) this.close(id, entry, out);
    else out.push({ type: 'timer', at: entry.dueAt, timer: { type: 'receipts' } });
  }

  private close(id: MessageId, { parent, reached, expected }: Count, out: Output[]): void {
    this.counts.delete(id);
    if (parent !== undefined) {
      out.push({ type: 'send', to: parent, message: { type: 'receipt', id, count: reached } });
      return;
    }
    const event = { type: 'receipts', messageId: id, expected: Math.max(expected, reached), reached } as const;
    out.push({ type: 'event', event });
  }
}
