import type { Millis } from '@peerpigeon/core';
import type { RtcConstructor } from '../adapters/peer-connection.js';

/** Kinds of ICE candidates that gathering gives (RFC 8445 §5.1.1): own addresses, as a STUN server sees them, on a TURN server. */
export type CandidateType = 'host' | 'srflx' | 'relay';

/** What an ICE server, or the way to it, has against us. 701: it cannot be reached; others as RFC 8489 §14.8, RFC 8656 §19. */
export interface IceError {
  readonly code: number;
  readonly text: string;
}

/** What one RTCPeerConnection gathered. */
export interface Gathered {
  readonly candidates: Readonly<Record<CandidateType, number>>;
  /** Until the first one that was wanted; null when there was none. */
  readonly firstMs: Millis | null;
  /** Addresses are hidden behind mDNS names. */
  readonly hidden: boolean;
  readonly errors: readonly IceError[];
  /** Gathering came to its end. */
  readonly complete: boolean;
}

/** What is to be gathered, and for how long. */
export interface Gathering {
  readonly RTCPeerConnection: RtcConstructor;
  readonly iceServers: readonly RTCIceServer[];
  /** The kind that is wanted: gathering ends with the first one, but for `host`. */
  readonly wanted: CandidateType;
  readonly now: () => Millis;
  /** Gathering ends when it settles. */
  readonly ended: Promise<unknown>;
}

/** Errors of one server that are told apart. A guess: one an interface. */
const MAX_ERRORS = 8;

/**
 * Gathers candidates with a connection of its own, which is closed again.
 * @throws (rejects) what the platform throws when it cannot construct or describe one
 */
export async function gather({ RTCPeerConnection, iceServers, wanted, now, ended }: Gathering): Promise<Gathered> {
  const began = now();
  const candidates = { host: 0, srflx: 0, relay: 0 };
  const errors: IceError[] = [];
  let firstMs: Millis | null = null;
  let hidden = false;
  let complete = false;
  const pc = new RTCPeerConnection({ iceServers: [...iceServers] });
  try {
    const done = new Promise<void>((resolve) => {
      const finish = (): void => {
        complete = true;
        resolve();
      };
      pc.onicegatheringstatechange = () => {
        if (pc.iceGatheringState === 'complete') finish();
      };
      pc.onicecandidate = ({ candidate: found }) => {
        if (found === null) return finish();
        const { candidate } = found;
        const type = typeOf(candidate);
        if (type === undefined) return;
        candidates[type]++;
        hidden ||= / \S+\.local /.test(candidate);
        if (type !== wanted) return;
        firstMs ??= now() - began;
        if (type !== 'host') resolve();
      };
      pc.onicecandidateerror = ({ errorCode: code, errorText }) => {
        const text = errorText.slice(0, 200);
        // An IPv6 interface and an IPv4 server, or the reverse: no fault of either.
        if (errors.length >= MAX_ERRORS || /incompatible/.test(text)) return;
        if (!errors.some((known) => known.code === code && known.text === text)) errors.push({ code, text });
      };
    });
    pc.createDataChannel('diagnosis');
    await pc.setLocalDescription(await pc.createOffer());
    await Promise.race([done, ended]);
  } finally {
    pc.onicegatheringstatechange = pc.onicecandidate = pc.onicecandidateerror = null;
    pc.close();
  }
  return { candidates, firstMs, hidden, errors, complete };
}

function typeOf(candidate: string): CandidateType | undefined {
  return / typ (host|srflx|relay)\b/.exec(candidate)?.[1] as CandidateType | undefined;
}
