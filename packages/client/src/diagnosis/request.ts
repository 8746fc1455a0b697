import { platform } from '#platform';
import { PeerPigeonError, type Millis } from '@peerpigeon/core';
import type { Ports } from '@peerpigeon/mesh';
import { systemClock } from '../adapters/system-clock.js';
import { hostSignaling } from '../host-ports.js';
import { checkConnect, checkSending, type MeshOptions } from '../options.js';
import type { DiagnoseRequest } from './diagnose.js';

/** Options of `diagnose`. */
export interface DiagnoseOptions {
  /** The signaling server to try, or several. Default the one in use; none is tried where there is none. */
  readonly url?: string | readonly string[];
  /** How long it may take, in ms; default 10,000, as long as a browser waits for a STUN server. */
  readonly timeoutMs?: Millis;
  /** Aborts it. */
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 10_000;

/**
 * What was asked, checked.
 * @param inUse the signaling server in use
 * @throws as `diagnose` does
 */
export function checkDiagnose(
  { url, timeoutMs = TIMEOUT_MS, signal }: DiagnoseOptions,
  inUse: string | null,
): Pick<DiagnoseRequest, 'urls' | 'timeoutMs' | 'signal'> {
  checkSending({ timeoutMs, signal });
  if (signal?.aborted === true) throw new PeerPigeonError('ABORTED', 'diagnose() was aborted by its signal');
  const asked = url ?? inUse;
  return { urls: asked === null ? [] : checkConnect(asked, { timeoutMs }).urls, timeoutMs, signal };
}

/** What a diagnosis tries: what a mesh of these options has, or would have. */
export async function hostDiagnosis(
  options: MeshOptions,
  ports: Partial<Ports> = options.ports ?? {},
): Promise<Omit<DiagnoseRequest, 'urls' | 'timeoutMs' | 'signal'>> {
  const { iceServers = [], iceTransportPolicy = 'all' } = options;
  return {
    RTCPeerConnection: options.RTCPeerConnection ?? (await platform.loadRtc()),
    rtcHint: platform.rtcHint,
    iceServers,
    iceTransportPolicy,
    links: ports.links,
    signaling: ports.signaling ?? (await hostSignaling(options)),
    clock: ports.clock ?? systemClock(),
  };
}
