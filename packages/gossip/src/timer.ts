/** What gossip wants to be called for. A stale timer finds nothing that is due. */
export type Timer =
  /** Own messages have waited long enough for a first link. */
  | { readonly type: 'outbox' }
  /** A neighbour is to be asked what it has seen. There is one under way at most. */
  | { readonly type: 'digest' }
  /** Announcements have waited long enough for others. There is one under way at most. */
  | { readonly type: 'announce' }
  /** What was announced should have come by now. */
  | { readonly type: 'graft' }
  /** Messages have waited long enough for earlier ones. */
  | { readonly type: 'order' }
  /** Receipts have been waited for long enough. */
  | { readonly type: 'receipts' };
