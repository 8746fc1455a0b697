import type { MessageId } from '@peerpigeon/core';

/** What a router has to be woken for. */
export type Timer =
  /** An own message is to be sent again, or given up. Stale when it was answered, or when its time has moved. */
  | { readonly type: 'pending'; readonly messageId: MessageId }
  /** A receipt is overdue. Stale when it came. */
  | { readonly type: 'custody' }
  /** Receipts have waited for others long enough. Stale when they have gone with another. */
  | { readonly type: 'receipts' };
