import type { Millis } from '@peerpigeon/core';
import type { CandidateType, IceError } from './gathering.js';

/** What `mesh.diagnose()` resolves to; plain data. */
export interface Diagnosis {
  readonly tookMs: Millis;
  /** Whether there is WebRTC here (in Node: `@roamhq/wrtc`), and a connection could be constructed. */
  readonly webRtc: { readonly available: boolean; readonly error: string | null };
  readonly ice: IceDiagnosis;
  /** Each server asked; none when no URL was given and none is in use. */
  readonly signaling: readonly SignalingDiagnosis[];
  /** RTCPeerConnections of this mesh, how many it may have, and those of all meshes of this page or process. */
  readonly connections: { readonly mesh: number | null; readonly max: number | null; readonly all: number };
  /** What is missing or wrong, in plain words; empty when nothing is. */
  readonly findings: readonly DiagnosisFinding[];
}

/** How ICE gets on here. */
export interface IceDiagnosis {
  readonly policy: RTCIceTransportPolicy;
  /** Candidates by kind, over all servers. */
  readonly candidates: Readonly<Record<CandidateType, number>>;
  /** Own addresses are hidden behind mDNS names. */
  readonly hidden: boolean;
  /** Each URL, tried by itself; 16 at most. */
  readonly servers: readonly IceServerDiagnosis[];
  /** Why the provider gave no servers. */
  readonly providerError: string | null;
}

/** How one STUN or TURN URL did. */
export interface IceServerDiagnosis {
  readonly url: string;
  /** It did what it is for: STUN showed our address, or that it is our own; TURN gave a relay. */
  readonly works: boolean;
  /** Until its first candidate; null without one. */
  readonly firstMs: Millis | null;
  readonly candidates: Readonly<Record<CandidateType, number>>;
  /** What it, or the way to it, has against us; `[]` as well where the platform does not say (Firefox). */
  readonly errors: readonly IceError[];
}

/** How one signaling server did. */
export interface SignalingDiagnosis {
  readonly url: string;
  readonly reachable: boolean;
  /** Until the WebSocket was open; null when it was not. */
  readonly latencyMs: Millis | null;
  /** Why it was not; empty otherwise. */
  readonly reason: string;
}

/** One finding: a code for programs and a sentence for people. */
export interface DiagnosisFinding {
  readonly code: DiagnosisCode;
  readonly message: string;
  /** The server it is about. */
  readonly url?: string;
}

/** What a {@link DiagnosisFinding} is about. */
export type DiagnosisCode =
  | 'no-webrtc'
  | 'webrtc-failed'
  | 'no-addresses'
  | 'addresses-hidden'
  | 'no-stun'
  | 'no-turn'
  | 'ice-servers-failed'
  | 'turn-credentials'
  | 'turn-refused'
  | 'ice-server-unreachable'
  | 'udp-blocked'
  | 'no-relay'
  | 'signaling-unreachable'
  | 'connection-limit';
