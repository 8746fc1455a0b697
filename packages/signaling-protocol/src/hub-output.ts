import type { Millis, PeerId } from '@peerpigeon/core';
import type { ConnectionId, HubOutput, HubTimer } from './hub-io.js';
import type { ServerErrorCode, ServerMessage } from './message.js';
import type { NodeOutput } from './node-io.js';
import type { Visitor } from './visitor.js';

/** What a hub and its parts append to. */
export type Outputs = (HubOutput | NodeOutput)[];

export function write(connection: ConnectionId, message: ServerMessage, out: Outputs): void {
  out.push({ type: 'write', connection, message });
}

export function close(connection: ConnectionId, code: number, reason: string, out: Outputs): void {
  out.push({ type: 'close', connection, code, reason });
}

export function complain(
  { connection }: Visitor,
  code: ServerErrorCode,
  message: string,
  out: Outputs,
  targetPeerId?: PeerId,
): void {
  write(connection, { type: 'error', code, message, targetPeerId }, out);
}

/** Tells the sender of a signal that it was in vain. */
export function absent(sender: Visitor, target: PeerId, out: Outputs): void {
  complain(sender, 'TARGET_ABSENT', `${target} is not here`, out, target);
}

export function setTimer(at: Millis, timer: HubTimer, out: Outputs): void {
  out.push({ type: 'timer', at, timer });
}
