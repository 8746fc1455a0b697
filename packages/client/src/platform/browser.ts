import type { RtcConstructor } from '../adapters/peer-connection.js';
import type { WebSocketConstructor } from '../adapters/web-socket.js';
import type { Platform } from './platform.js';

interface Host {
  readonly RTCPeerConnection?: RtcConstructor;
  readonly WebSocket?: WebSocketConstructor;
}

const host = (): Host => globalThis;

/** Browsers, their workers, and whatever else has the browser's globals. */
export const platform: Platform = {
  hasRtc: () => host().RTCPeerConnection !== undefined,
  hasWebSocket: () => host().WebSocket !== undefined,
  loadRtc: async () => host().RTCPeerConnection,
  loadWebSocket: async () => host().WebSocket,
  rtcHint: 'use a browser with WebRTC, outside a worker, or pass { RTCPeerConnection }',
};
