import { PeerPigeonError, type ErrorCode, type PeerId } from '@peerpigeon/core';
import type { FailureReason } from '@peerpigeon/mesh';
import type { Event, Reason } from '@peerpigeon/transfer';

type Failed = Extract<Event, { readonly type: 'failed' }>;

/** For each reason the error's code, what a message failed of, and a sentence. */
const REASONS: Readonly<Record<Reason, readonly [ErrorCode, FailureReason, string]>> = {
  rejected: ['REFUSED', 'refused', 'the peer would not take it'],
  busy: ['BUSY', 'refused', 'too many transfers are under way'],
  'too-large': ['MESSAGE_TOO_LARGE', 'tooLarge', 'it is too large for the peer'],
  cancelled: ['ABORTED', 'aborted', 'it was cancelled'],
  source: ['TRANSFER_FAILED', 'aborted', 'its source could not be read'],
  sink: ['TRANSFER_FAILED', 'refused', 'its sink could not be written'],
  corrupt: ['TRANSFER_FAILED', 'refused', 'what arrived was not what was sent'],
  lost: ['TIMEOUT', 'timeout', 'nothing was heard of the peer for long'],
  unanswered: ['TIMEOUT', 'timeout', 'the peer did not answer'],
  left: ['PEER_LEFT', 'left', 'the peer has left the mesh'],
  unknown: ['TRANSFER_FAILED', 'timeout', 'the peer knows nothing of it any more'],
};

/** What the application gets for a transfer that failed. */
export function transferError({ reason, text, by }: Failed, transferId: string, peerId: PeerId): PeerPigeonError {
  const [code, , sentence] = REASONS[reason];
  const details = { transferId, peerId, reason, by, text };
  if (reason === 'left' && by === 'local') {
    return new PeerPigeonError('DISCONNECTED', `transfer ${transferId}: this mesh left`, { details });
  }
  return new PeerPigeonError(code, `transfer ${transferId} with ${peerId}: ${sentence}: ${text}`, { details });
}

/** Why a message failed that went as a transfer. */
export function messageFailure({ reason, by }: Failed): FailureReason {
  return reason === 'left' && by === 'local' ? 'disconnected' : REASONS[reason][1];
}
