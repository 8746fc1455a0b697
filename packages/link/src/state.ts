import type { Millis } from '@peerpigeon/core';
import type { Description } from './signal.js';

/**
 * Where a link stands. `until` is when the state is given up.
 *
 * Who asked and who offers are two things: the larger id offers (S89), unless the asker has no link at all (S90).
 */
export type State =
  /** Made, and nothing has happened. */
  | { readonly name: 'new' }
  /** We asked. */
  | { readonly name: 'requesting'; readonly until: Millis }
  /** They asked (a client that knows no requests: by its `offer`), and the mesh has not answered yet. */
  | {
      readonly name: 'requested';
      readonly until: Millis;
      readonly isolated: boolean;
      readonly offer: Description | undefined;
    }
  /** Both want the link, and they are to offer. */
  | { readonly name: 'accepted'; readonly until: Millis }
  /** Both want the link, the transport exists, and a description is still missing. */
  | { readonly name: 'negotiating'; readonly until: Millis; readonly role: 'offerer' | 'answerer' }
  /** Both descriptions are known; the transport looks for a path. */
  | { readonly name: 'opening'; readonly until: Millis }
  /** There is a path; our hello is out, theirs is not in. */
  | { readonly name: 'hello'; readonly until: Millis }
  /** Their hello fits. Passes at once until peers prove their ids. */
  | { readonly name: 'proof' }
  /** Messages flow. */
  | { readonly name: 'ready' }
  /** Messages flowed, and nothing has been heard for a while. */
  | { readonly name: 'degraded' }
  /** The same, and another path is looked for (ICE restart). */
  | { readonly name: 'reconnecting' }
  /** Over. Every input is ignored. */
  | { readonly name: 'closed' };

/**
 * Every transition there is; {@link Link} asserts that it makes no other. A state that leads to itself is one in which
 * the other side's session replaces ours (two requests that crossed, or an attempt begun anew).
 */
export const TRANSITIONS: { readonly [From in State['name']]: readonly State['name'][] } = {
  new: [
    'requesting', // dial
    'requested', // their request, or their bare offer
    'opening', // adopt: the transport was agreed on elsewhere
    'closed', // hangup; a first signal that belongs to an attempt that is over
  ],
  requesting: [
    'negotiating', // accept: we offer; their offer: we answer; their request crossed ours and the larger id is ours: we offer
    'accepted', // their request crossed ours and the larger id is theirs: they offer
    'closed', // redirect, cancel, timeout, hangup
  ],
  requested: [
    'requested', // they ask anew
    'accepted', // grant: they offer
    'negotiating', // grant: we offer, or answer their bare offer
    'closed', // refuse, cancel, timeout, hangup
  ],
  accepted: [
    'accepted', // they ask anew
    'negotiating', // their offer
    'closed', // cancel, timeout, hangup
  ],
  negotiating: [
    'accepted', // they ask anew and are to offer
    'negotiating', // they ask anew and we are to offer; their offer replaces ours
    'opening', // their answer; our answer is out
    'closed', // cancel, timeout, hangup, transport failed
  ],
  opening: [
    'accepted', // as above
    'negotiating', // as above
    'hello', // the channels are open
    'closed', // cancel, timeout, hangup, transport failed
  ],
  hello: [
    'proof', // their hello fits
    'closed', // it does not; cancel, timeout, hangup, goodbye, transport closed
  ],
  proof: [
    'ready', // at once
  ],
  ready: [
    'degraded', // nothing heard for suspectAfterMs; the platform has lost the path
    'closed', // hangup, goodbye, transport closed, replaced
  ],
  degraded: [
    'ready', // heard again
    'reconnecting', // nothing heard for restartAfterMs more, or the path is lost
    'closed', // as above; nothing heard for deadAfterMs
  ],
  reconnecting: [
    'ready', // heard again
    'closed', // as above; the other side lives, and no path was found
  ],
  closed: [],
};
