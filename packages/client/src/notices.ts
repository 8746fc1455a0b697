import type { Event } from '@peerpigeon/mesh';
import type { MeshEvents, Notice, StatusChange } from './events.js';

/** The close code of a channel that was closed normally: RFC 6455 §7.4.1. */
export const NORMAL_CLOSURE = 1000;

/** What the mesh's events but `message` are to the application, in order. */
export function noticesOf(event: Exclude<Event, { readonly type: 'message' }>): Notice[] {
  switch (event.type) {
    case 'signalingConnected': {
      const { url } = event;
      return [notice('connected', { url }), status({ type: 'connected', message: `connected to ${url}`, url })];
    }
    case 'signalingDisconnected':
      return lossOf(event.reason, event.code, event.permanent);
    case 'peerDiscovered':
      return [notice('peerDiscovered', { peerId: event.peer })];
    case 'peerForgotten':
      // The getters no longer name it; the README has no event for it.
      return [];
    case 'peerConnected':
      return [notice('peerConnected', { peerId: event.peer })];
    case 'peerDisconnected':
      return [notice('peerDisconnected', { peerId: event.peer, reason: event.reason || 'unknown' })];
    case 'peerEvicted': {
      const { peer: peerId, reason, initiatedBy } = event;
      return [notice('peerEvicted', { peerId, reason, initiatedBy })];
    }
    case 'peerDegraded':
      return [
        status({ type: 'peerDegraded', message: `nothing heard of ${event.peer} for a while`, peerId: event.peer }),
      ];
    case 'peerRecovered':
      return [status({ type: 'peerRecovered', message: `${event.peer} is heard of again`, peerId: event.peer })];
    case 'messageDelivered': {
      const { messageId, to: peerId, hops, roundTripMs } = event;
      return [notice('messageDelivered', { messageId, peerId, hops, roundTripMs })];
    }
    case 'messageFailed':
      return [notice('messageFailed', { messageId: event.messageId, peerId: event.to, reason: event.reason })];
    case 'warning':
      return [status({ type: 'warning', message: event.message, code: event.code })];
  }
}

/** Signaling was lost: the one event, and the status that says what comes of it. */
function lossOf(reason: string, code: number, permanent: boolean): Notice[] {
  const lost = notice('disconnected', { reason, code, permanent });
  if (permanent) {
    const message = `the signaling server refused this peer: ${reason} (${code})`;
    return [lost, status({ type: 'error', message, error: { code, reason } })];
  }
  return [lost, status({ type: 'reconnecting', message: `signaling lost: ${reason} (${code})`, reason, code })];
}

/** One event with its payload. */
export function notice<Type extends keyof MeshEvents>(type: Type, payload: MeshEvents[Type]): Notice {
  return { type, payload } as Notice;
}

/** One change of status. */
export function status(change: StatusChange): Notice {
  return notice('statusChanged', change);
}
