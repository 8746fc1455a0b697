import { PeerPigeonError, type PeerId } from '@peerpigeon/core';
import type { LinkHandlers, Links } from '@peerpigeon/mesh';
import { checkInteger } from '../argument.js';
import { checkIceServers, IceServerSource, type IceServers } from './ice-servers.js';
import { PeerConnection, type RtcConstructor } from './peer-connection.js';

/** Trouble with links that the application may act on. */
export interface RtcWarning {
  /** The provider of ICE servers fails; or no further connection is made, since there are too many. */
  readonly code: 'ice-servers' | 'connection-limit';
  readonly message: string;
}

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
  /** Connections at once at most, 1 to 480, default 128. All that this module has made have room for 480 together. */
  readonly maxConnections?: number;
  /** Told once when trouble begins, and again when it begins anew. */
  readonly onWarning?: (warning: RtcWarning) => void;
}

/** The links port over WebRTC. */
export interface WebRtcLinks extends Links {
  /** @throws {PeerPigeonError} `BUSY` when there are `maxConnections`; nothing is constructed then */
  open(peer: PeerId, handlers: LinkHandlers): PeerConnection;
  /** Connections constructed and not yet closed. */
  readonly count: number;
  readonly maxConnections: number;
}

const GATHER_MS = 150;
/** A guess: above what the largest settings ask for, 100 links and those in the making. */
const DEFAULT_CONNECTIONS = 128;
/** Chromium's constructor throws at some 500 a renderer (measured), and other code of the page may want some. */
export const MAX_CONNECTIONS = 480;

/** Connections of all meshes of this process or page: the platform's limit is theirs together. */
let live = 0;

/** Connections constructed by all of {@link webRtc} in this process or page, and not yet closed. */
export function liveConnections(): number {
  return live;
}

/**
 * The links port over WebRTC (W3C WebRTC 1.0): one RTCPeerConnection a link.
 * @throws {TypeError} or {RangeError} for a list of ICE servers that RTCPeerConnection would not take
 * @example
 * new PeerPigeonMesh({ ports: { links: webRtc({ RTCPeerConnection, iceServers: [{ urls: 'stun:stun.example.org' }] }) } })
 */
export function webRtc(options: WebRtcOptions): WebRtcLinks {
  const { RTCPeerConnection, iceServers = [], iceTransportPolicy = 'all', gatherMs = GATHER_MS } = options;
  const { onWarning = () => {} } = options;
  const { maxConnections = DEFAULT_CONNECTIONS } = options;
  checkInteger('maxConnections', maxConnections, 1, MAX_CONNECTIONS);
  const configure = (servers: readonly RTCIceServer[]): RTCConfiguration => ({
    iceServers: [...servers],
    iceTransportPolicy,
  });
  const configuration = (() => {
    if (typeof iceServers !== 'function') return configure(checkIceServers('iceServers', iceServers));
    const source = new IceServerSource(iceServers, (error) => {
      onWarning({ code: 'ice-servers', message: `the provider of ICE servers fails: ${messageOf(error)}` });
    });
    return async () => configure(await source.get());
  })();
  let count = 0;
  let refusing = false;
  const refuse = (message: string): never => {
    if (!refusing) onWarning({ code: 'connection-limit', message });
    refusing = true;
    throw new PeerPigeonError('BUSY', message, { details: { connections: count, all: live } });
  };
  return {
    get count() {
      return count;
    },
    maxConnections,
    open(peer, handlers) {
      if (count >= maxConnections) refuse(`${count} connections are open: no more than maxConnections`);
      if (live >= MAX_CONNECTIONS)
        refuse(`${live} connections are open here, of all meshes: no more than the platform has`);
      const released = (): void => {
        count--;
        live--;
      };
      const link = new PeerConnection(peer, handlers, { RTCPeerConnection, configuration, gatherMs, released });
      count++;
      live++;
      refusing = false;
      return link;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
