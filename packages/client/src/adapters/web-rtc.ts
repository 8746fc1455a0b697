import type { PeerId } from '@peerpigeon/core';
import type { LinkHandlers, Links } from '@peerpigeon/mesh';
import { PeerConnection, type RtcConstructor } from './peer-connection.js';

/** STUN and TURN servers, or a function that fetches them for each link (short-lived TURN credentials). */
export type IceServers = readonly RTCIceServer[] | (() => readonly RTCIceServer[] | Promise<readonly RTCIceServer[]>);

/** Options of {@link webRtc}. */
export interface WebRtcOptions {
  /** The browser's RTCPeerConnection, or that of `@roamhq/wrtc`. */
  readonly RTCPeerConnection: RtcConstructor;
  /** STUN and TURN servers. Default none: no third party is contacted, and peers of one network alone find a path. */
  readonly iceServers?: IceServers;
  /** `relay` uses TURN alone and hides addresses. Default `all`. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /**
   * How long a description waits for its ICE candidates, in ms, default 150 (a wild guess: above what host and STUN
   * candidates take on a good network). Later candidates are sent one by one.
   */
  readonly gatherMs?: number;
}

/** The links port over WebRTC. */
export interface WebRtcLinks extends Links {
  open(peer: PeerId, handlers: LinkHandlers): PeerConnection;
  /** Connections constructed and not yet closed. */
  readonly count: number;
}

const GATHER_MS = 150;

/**
 * The links port over WebRTC (W3C WebRTC 1.0): one RTCPeerConnection a link.
 * @example
 * new PeerPigeonMesh({ ports: { links: webRtc({ RTCPeerConnection, iceServers: [{ urls: 'stun:stun.example.org' }] }) } })
 */
export function webRtc(options: WebRtcOptions): WebRtcLinks {
  const { RTCPeerConnection, iceServers = [], iceTransportPolicy = 'all', gatherMs = GATHER_MS } = options;
  const configure = (servers: readonly RTCIceServer[]): RTCConfiguration => ({
    iceServers: [...servers],
    iceTransportPolicy,
  });
  const configuration =
    typeof iceServers === 'function' ? async () => configure(await iceServers()) : configure(iceServers);
  let count = 0;
  return {
    get count() {
      return count;
    },
    open(peer, handlers) {
      const released = (): void => {
        count--;
      };
      const link = new PeerConnection(peer, handlers, { RTCPeerConnection, configuration, gatherMs, released });
      count++;
      return link;
    },
  };
}
