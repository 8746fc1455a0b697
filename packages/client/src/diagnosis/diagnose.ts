import { PeerPigeonError, type Millis } from '@peerpigeon/core';
import type { Clock, Links, Signaling } from '@peerpigeon/mesh';
import { fetchIceServers, urlsOf, type IceServers } from '../adapters/ice-servers.js';
import type { RtcConstructor } from '../adapters/peer-connection.js';
import { liveConnections, type WebRtcLinks } from '../adapters/web-rtc.js';
import type { Diagnosis, IceDiagnosis, IceServerDiagnosis, SignalingDiagnosis } from './diagnosis.js';
import { findingsOf } from './findings.js';
import { gather, type CandidateType, type Gathered } from './gathering.js';

/** Whom and what to ask. */
export interface DiagnoseRequest {
  /** Undefined where there is none; `rtcHint` says how to come by it. */
  readonly RTCPeerConnection: RtcConstructor | undefined;
  readonly rtcHint: string;
  readonly iceServers: IceServers;
  readonly iceTransportPolicy: RTCIceTransportPolicy;
  /** The port of the mesh, once there is one. */
  readonly links: Links | undefined;
  readonly signaling: Signaling;
  /** Signaling servers to try. */
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly timeoutMs: Millis;
  readonly signal: AbortSignal | undefined;
}

/** URLs of ICE servers tried at once. A guess: more slow every link down as well. */
const MAX_URLS = 16;

/** What one part of the diagnosis needs. */
type Probe = DiagnoseRequest & { readonly ended: Promise<unknown> };

/**
 * Tries, each by itself, what links and signaling need, and says what is missing. Takes `timeoutMs` at most, and leaves nothing open.
 * @throws {PeerPigeonError} (rejects) `ABORTED`
 */
export async function diagnose(request: DiagnoseRequest): Promise<Diagnosis> {
  const { clock, timeoutMs, signal, links } = request;
  const began = clock.now();
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const cancel = clock.after(timeoutMs, end);
  signal?.addEventListener('abort', end);
  try {
    const probe: Probe = { ...request, ended };
    const [{ webRtc, ice }, signaling] = await Promise.all([
      diagnoseRtc(probe),
      Promise.all(request.urls.map((url) => diagnoseSignaling(probe, url))),
    ]);
    if (signal?.aborted === true) throw new PeerPigeonError('ABORTED', 'diagnose() was aborted by its signal');
    const { count = null, maxConnections = null } = (links ?? {}) as Partial<WebRtcLinks>;
    const connections = { mesh: count, max: maxConnections, all: liveConnections() };
    const seen = { webRtc, ice, signaling, connections };
    return { tookMs: clock.now() - began, ...seen, findings: findingsOf(seen) };
  } finally {
    cancel();
    end();
    signal?.removeEventListener('abort', end);
  }
}

async function diagnoseRtc(probe: Probe): Promise<Pick<Diagnosis, 'webRtc' | 'ice'>> {
  const { RTCPeerConnection, rtcHint, iceTransportPolicy: policy } = probe;
  const none: IceDiagnosis = { policy, candidates: sum([]), hidden: false, servers: [], providerError: null };
  if (RTCPeerConnection === undefined) {
    return { webRtc: { available: false, error: `no WebRTC here: ${rtcHint}` }, ice: none };
  }
  const { given, providerError } = await providedServers(probe);
  try {
    const { ended } = probe;
    const now = (): Millis => probe.clock.now();
    const one = (iceServers: readonly RTCIceServer[], wanted: CandidateType): Promise<Gathered> =>
      gather({ RTCPeerConnection, iceServers, wanted, now, ended });
    const urls = given.flatMap((server) => urlsOf(server).map((url) => ({ ...server, urls: url }))).slice(0, MAX_URLS);
    const [own, ...ofServers] = await Promise.all([
      one([], 'host'),
      ...urls.map((server) => one([server], wantedOf(server.urls))),
    ]);
    const servers = ofServers.map((gathered, i) => serverDiagnosis((urls[i] as { urls: string }).urls, gathered));
    const candidates = { ...sum(ofServers), host: own.candidates.host };
    const ice: IceDiagnosis = { policy, candidates, hidden: own.hidden, servers, providerError };
    return { webRtc: { available: true, error: null }, ice };
  } catch (error) {
    return { webRtc: { available: true, error: describe(error) }, ice: { ...none, providerError } };
  }
}

async function providedServers({
  iceServers,
  ended,
}: Probe): Promise<{ readonly given: readonly RTCIceServer[]; readonly providerError: string | null }> {
  if (typeof iceServers !== 'function') return { given: iceServers, providerError: null };
  const late = ended.then(() => {
    throw new Error('no answer in time');
  });
  try {
    const { iceServers: given } = await Promise.race([fetchIceServers(iceServers), late]);
    return { given, providerError: null };
  } catch (error) {
    return { given: [], providerError: describe(error) };
  }
}

function serverDiagnosis(url: string, { candidates, firstMs, errors, complete }: Gathered): IceServerDiagnosis {
  const wanted = wantedOf(url);
  // What a STUN server says is no candidate of its own where there is no NAT (RFC 8445 §5.1.3).
  const redundant = wanted === 'srflx' && complete && errors.length === 0;
  return { url, works: candidates[wanted] > 0 || redundant, firstMs, candidates: { ...candidates }, errors };
}

async function diagnoseSignaling({ signaling, clock, ended }: Probe, url: string): Promise<SignalingDiagnosis> {
  const began = clock.now();
  const failed = (reason: string): SignalingDiagnosis => ({ url, reachable: false, latencyMs: null, reason });
  let close = (): void => {};
  try {
    const result = new Promise<SignalingDiagnosis>((resolve) => {
      const channel = signaling.open(url, {
        opened: () => resolve({ url, reachable: true, latencyMs: clock.now() - began, reason: '' }),
        message: () => {},
        closed: (code, reason) => resolve(failed(`${reason || 'it was closed'} (${code})`)),
      });
      close = () => channel.close();
    });
    return await Promise.race([result, ended.then(() => failed('no answer in time'))]);
  } catch (error) {
    return failed(describe(error));
  } finally {
    close();
  }
}

function wantedOf(url: string): CandidateType {
  return /^turns?:/i.test(url) ? 'relay' : 'srflx';
}

function sum(all: readonly Gathered[]): Record<CandidateType, number> {
  const total = { host: 0, srflx: 0, relay: 0 };
  for (const { candidates } of all) {
    total.srflx += candidates.srflx;
    total.relay += candidates.relay;
  }
  return total;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
