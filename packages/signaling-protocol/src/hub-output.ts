import type { Millis, PeerId } from '@peerpigeon/core';
import type { ConnectionId, HubOutput, HubTimer } from './hub-io.js';
import type { ServerErrorCode, ServerMessage } from './message.js';
import type { Visitor } from './visitor.js';

export function write(connection: ConnectionId, message: ServerMessage, out: HubOutput[]): void {
  out.push({ type: 'write', connection, message });
}

export function close(connection: ConnectionId, code: number, reason: string, out: HubOutput[]): void {
  out.push({ type: 'close', connection, code, reason });
}

export function complain(
  { connection }: Visitor,
  code: ServerErrorCode,
  message: string,
  out: HubOutput[],
  targetPeerId?: PeerId,
): void {
  write(connection, { type: 'error', code, message, targetPeerId }, out);
}

/** Tells the sender of a signal that it was in vain. */
export function absent(sender: Visitor, target: PeerId, out: HubOutput[]): void {
  complain(sender, 'TARGET_ABSENT', `${target} is not here`, out, target);
}

export function setTimer(at: Millis, timer: HubTimer, out: HubOutput[]): void {
  out.push({ type: 'timer', at, timer });
}
