import { platform } from '#platform';
import type { Links, Ports, Signaling, SignalingChannel, SignalingHandlers } from '@peerpigeon/mesh';
import { lateChannel } from './adapters/late-channel.js';
import { secureRng } from './adapters/secure-rng.js';
import { systemClock } from './adapters/system-clock.js';
import { webCrypto } from './adapters/web-crypto.js';
import { webRtc, type RtcWarning } from './adapters/web-rtc.js';
import { webSocket } from './adapters/web-socket.js';
import { missing } from './missing.js';
import { TABS, type MeshOptions } from './options.js';

/**
 * All ports of a mesh: the given ones, and those of the host for the rest.
 * @param onWarning told of trouble with the host's links
 * @throws {PeerPigeonError} `UNSUPPORTED`, naming what the host lacks (S168)
 */
export async function hostPorts(options: MeshOptions, onWarning: (warning: RtcWarning) => void): Promise<Ports> {
  const { ports = {} } = options;
  const crypto = ports.crypto ?? webCrypto();
  return {
    clock: ports.clock ?? systemClock(),
    crypto,
    rng: ports.rng ?? secureRng(crypto),
    links: ports.links ?? (await hostLinks(options, onWarning)),
    signaling: ports.signaling ?? (await hostSignaling(options)),
  };
}

/** S85: an injected one counts. */
export function hasWebRtc({ ports, RTCPeerConnection }: MeshOptions): boolean {
  return ports?.links !== undefined || RTCPeerConnection !== undefined || platform.hasRtc();
}

/** S86: an injected one counts. */
export function hasWebSocket({ ports, WebSocket }: MeshOptions): boolean {
  return ports?.signaling !== undefined || WebSocket !== undefined || platform.hasWebSocket();
}

async function hostLinks(options: MeshOptions, onWarning: (warning: RtcWarning) => void): Promise<Links> {
  const { iceServers, iceTransportPolicy, maxConnections } = options;
  const RTCPeerConnection = options.RTCPeerConnection ?? (await platform.loadRtc());
  if (RTCPeerConnection === undefined) throw missing('WebRTC', platform.rtcHint);
  return webRtc({ RTCPeerConnection, iceServers, iceTransportPolicy, maxConnections, onWarning });
}

/**
 * The given WebSocket or the host's, as a signaling port; `broadcast:` leads to the other tabs.
 * @throws {PeerPigeonError} `UNSUPPORTED`
 */
export async function hostSignaling(options: Pick<MeshOptions, 'WebSocket' | 'signalingToken'>): Promise<Signaling> {
  const WebSocket = options.WebSocket ?? (await platform.loadWebSocket());
  if (WebSocket === undefined) throw missing('WebSocket', 'pass { WebSocket }');
  const server = webSocket(WebSocket, options.signalingToken);
  return {
    open: (url, handlers) => (url.startsWith(TABS) ? openTabs(url, handlers) : server.open(url, handlers)),
  };
}

/** The other tabs of this origin: loaded when it is asked for. */
function openTabs(url: string, handlers: SignalingHandlers): SignalingChannel {
  return lateChannel(async () => {
    const { broadcastChannel } = await import('./adapters/broadcast-channel.js');
    return () => broadcastChannel().open(url, handlers);
  }, handlers);
}
