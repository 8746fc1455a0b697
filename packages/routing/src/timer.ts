import type { MessageId } from '@peerpigeon/core';

/** An own message is to be sent again, or given up. Stale when it was answered, or when its time has moved. */
export interface Timer {
  readonly type: 'pending';
  readonly messageId: MessageId;
}
