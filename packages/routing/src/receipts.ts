import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { CustodyConfig } from './config.js';
import { MAX_RECEIPTS } from './config.js';
import type { Output } from './output.js';

/** What one neighbour is owed. */
interface Debt {
  /** Received and not said so, oldest first. */
  messageIds: MessageId[];
  /** When it was last told. */
  toldAt: Millis;
}

/**
 * Receipts owed to neighbours. The first goes at once; those that follow within `batchMs` wait for each other, so that at
 * any rate of messages there are few.
 */
export class Receipts {
  private readonly batchMs: Millis;
  private readonly debts = new Map<PeerId, Debt>();
  private armed = false;

  constructor({ batchMs }: CustodyConfig) {
    this.batchMs = batchMs;
  }

  /** A link is gone. */
  delete(peer: PeerId): void {
    this.debts.delete(peer);
  }

  clear(): void {
    this.debts.clear();
    this.armed = false;
  }

  /** A copy came from `peer`, and has been taken care of. */
  owe(peer: PeerId, messageId: MessageId, now: Millis, out: Output[]): void {
    let debt = this.debts.get(peer);
    if (debt === undefined) this.debts.set(peer, (debt = { messageIds: [], toldAt: -Infinity }));
    debt.messageIds.push(messageId);
    // Whatever the timers of a hidden page do, what comes in drives what goes out.
    if (debt.toldAt + this.batchMs <= now || debt.messageIds.length >= MAX_RECEIPTS) return tell(peer, debt, now, out);
    if (this.armed) return;
    this.armed = true;
    out.push({ type: 'timer', at: debt.toldAt + this.batchMs, timer: { type: 'receipts' } });
  }

  /** The timer is due: all that waits goes. */
  onTimer(now: Millis, out: Output[]): void {
    this.armed = false;
    for (const [peer, debt] of this.debts) if (debt.messageIds.length > 0) tell(peer, debt, now, out);
  }
}

function tell(peer: PeerId, debt: Debt, now: Millis, out: Output[]): void {
  out.push({ type: 'send', to: peer, message: { type: 'receipt', messageIds: debt.messageIds } });
  debt.messageIds = [];
  debt.toldAt = now;
}
