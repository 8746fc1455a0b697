/** What gossip wants to be called for. */
export type Timer =
  /** Own messages have waited long enough for a first link. A stale one finds none that old. */
  | { readonly type: 'outbox' }
  /** A neighbour is to be asked what it has seen. There is one under way at most. */
  | { readonly type: 'digest' };
