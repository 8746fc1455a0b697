/** Own messages have waited long enough for a first link. A stale one finds none that old. */
export type Timer = { readonly type: 'outbox' };
