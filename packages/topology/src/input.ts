import type { Millis, PeerDown, PeerId, Received, TimerFired } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Settings } from './config.js';
import type { Message } from './message.js';
import type { Role } from './role.js';
import type { Route } from './route.js';

/** The one timer: look at everything again. A stale one (an earlier look was taken meanwhile) is a no-op. */
export interface Timer {
  readonly kind: 'review';
  readonly at: Millis;
}

/**
 * Why no link came about. `absent`: the server does not know the peer; `silent`: it never answered; `failed`: it answered,
 * and no path was found between the two; `ended`: either side gave up for another reason.
 */
export type DialFailure = 'absent' | 'silent' | 'failed' | 'ended';

/**
 * Why a link is asked for: the role it shall have here; `rescue`, of whoever has had no link for a while, that its ring
 * neighbours do not give; the application's wish; or `extra`, a link beyond `maxPeers` for a call or a transfer.
 */
export type Purpose = Role | 'rescue' | 'manual' | 'extra';

/** Reads a purpose from outside; what this version does not know counts as `none`. */
export function purposeOf(word: string): Purpose {
  return (
    (['ring', 'random', 'finger', 'near', 'leaf', 'rescue', 'manual', 'extra'] as const).find(
      (known) => known === word,
    ) ?? 'none'
  );
}

/** What can happen to a topology. */
export type Input =
  /** Begin to look for links. */
  | { readonly type: 'start' }
  /** Forget everything; mesh has closed, or is closing, all links. */
  | { readonly type: 'stop' }
  | { readonly type: 'configure'; readonly settings: Settings }
  /** Whether requests can reach peers that are not linked (signaling is up). */
  | { readonly type: 'reach'; readonly online: boolean }
  /** The server told of peers; `seeking` are those of them that seek links too. */
  | {
      readonly type: 'discovered';
      readonly records: readonly PeerRecord[];
      readonly seeking?: readonly PeerId[];
      /** It is the answer to `discover`. */
      readonly answer?: boolean;
    }
  /** The server says that a peer left. */
  | { readonly type: 'departed'; readonly peer: PeerId }
  /** A peer asks for a link; the answer is a `grant` or `refuse` output. `record` is unknown for README clients. */
  | {
      readonly type: 'requested';
      readonly peer: PeerId;
      readonly purpose: Purpose;
      readonly isolated: boolean;
      readonly record: PeerRecord | undefined;
      /** The way back over the mesh; undefined when the request came over the server. */
      readonly route?: Route;
    }
  /** Our request was not granted. */
  | {
      readonly type: 'redirected';
      readonly peer: PeerId;
      readonly reason: 'full' | 'busy' | 'refused';
      readonly peers: readonly PeerRecord[];
      readonly retryAfterMs: Millis | undefined;
    }
  /** A dial, ours or theirs, ended without a link. */
  | { readonly type: 'dialFailed'; readonly peer: PeerId; readonly cause: DialFailure }
  /** Nothing is heard of a neighbour any more: its role goes to others, the link stays. */
  | { readonly type: 'suspect'; readonly peer: PeerId }
  /** A suspect neighbour is heard of again. */
  | { readonly type: 'recovered'; readonly peer: PeerId }
  /** A message from a peer that need not be a neighbour, and the way back to it. */
  | { readonly type: 'routed'; readonly from: PeerId; readonly route: Route; readonly message: Message }
  /** What was sent to a peer over other peers could not reach it. */
  | { readonly type: 'unreachable'; readonly peer: PeerId }
  /** The application wants a link with a known peer. */
  | { readonly type: 'dial'; readonly peer: PeerId; readonly purpose: 'manual' | 'extra' }
  /** A link is ready. */
  | { readonly type: 'peerUp'; readonly peer: PeerId; readonly record: PeerRecord }
  /** `left`: the peer said that it leaves the mesh; `silent`: nothing was heard for long; `closed`: only the link is gone. */
  | (PeerDown & { readonly cause: 'left' | 'silent' | 'closed' })
  | Received<Message>
  | TimerFired<Timer>;
