import { createRequire } from 'node:module';
import type { ClientOptions } from 'ws';
import type { RtcConstructor } from '../adapters/peer-connection.js';
import type { WebSocketConstructor } from '../adapters/web-socket.js';
import type { Platform } from './platform.js';

/** A server that does not answer our close frame holds the process no longer than this, in ms. */
const CLOSE_TIMEOUT_MS = 2_000;

const globalRtc = (): RtcConstructor | undefined =>
  (globalThis as { readonly RTCPeerConnection?: RtcConstructor }).RTCPeerConnection;

/** Node: WebRTC from the optional peer dependency `@roamhq/wrtc`, WebSocket from `ws`; both loaded when first needed. */
export const platform: Platform = {
  hasRtc: () => globalRtc() !== undefined || isInstalled('@roamhq/wrtc'),
  hasWebSocket: () => true,
  async loadRtc() {
    const found = globalRtc();
    if (found !== undefined) return found;
    try {
      const { default: wrtc } = await import('@roamhq/wrtc');
      return wrtc.RTCPeerConnection;
    } catch {
      // Not installed, or no binary for this machine.
      return undefined;
    }
  },
  async loadWebSocket() {
    const { WebSocket: Ws } = await import('ws');
    class NodeWebSocket extends Ws {
      constructor(url: string, protocols?: string[]) {
        // Its types do not know closeTimeout yet.
        const options: ClientOptions & { closeTimeout: number } = {
          closeTimeout: CLOSE_TIMEOUT_MS,
          perMessageDeflate: false,
        };
        super(url, protocols, options);
      }
    }
    return NodeWebSocket as unknown as WebSocketConstructor;
  },
  rtcHint: 'run `npm install @roamhq/wrtc`, or pass { RTCPeerConnection }',
};

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
