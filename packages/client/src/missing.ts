import { PeerPigeonError } from '@peerpigeon/core';

/** The error for a host that lacks `what` (S168); `hint` says what to do. */
export function missing(what: string, hint: string): PeerPigeonError {
  return new PeerPigeonError('UNSUPPORTED', `no ${what} here: ${hint}`, { details: { missing: what } });
}
