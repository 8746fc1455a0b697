import type { RtcConstructor } from '../adapters/peer-connection.js';
import type { WebSocketConstructor } from '../adapters/web-socket.js';

/** Where the host keeps its WebRTC and WebSocket. One file a host; `#platform` in package.json picks it. */
export interface Platform {
  /** Whether {@link Platform.loadRtc} can be expected to find something; synchronous, hence a guess in Node. */
  hasRtc(): boolean;
  hasWebSocket(): boolean;
  /** RTCPeerConnection, or undefined where there is none. */
  loadRtc(): Promise<RtcConstructor | undefined>;
  loadWebSocket(): Promise<WebSocketConstructor | undefined>;
  /** How to come by WebRTC here: the end of an error message. */
  readonly rtcHint: string;
}
