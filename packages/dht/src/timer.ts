import type { RequestId } from './message.js';

/** What a node wants to be called for. A stale one finds a later deadline, or nothing. */
export type Timer =
  /** A request of ours may be overdue. */
  | { readonly type: 'call'; readonly id: RequestId }
  /** An operation of the application's may be. */
  | { readonly type: 'operation'; readonly ticket: number }
  /** Something of the books is due: a record to renew, a subscription, an audit, what has expired, a new leaf set. */
  | { readonly type: 'due' };
