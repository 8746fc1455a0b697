import type { Handle } from './output.js';

/** What transfers want to be called for. A stale one finds a later deadline, or no transfer. */
export type Timer =
  /** A transfer has something to repeat, to ask, or to give up. */
  | { readonly type: 'due'; readonly transfer: Handle }
  /** The link that transfers to a peer had for themselves is needed no more, unless another has begun. */
  | { readonly type: 'release'; readonly peer: string };
