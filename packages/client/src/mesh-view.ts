import type { Millis, PeerId } from '@peerpigeon/core';
import type { Evaluation, Explanation, Health, Report } from '@peerpigeon/mesh';
import { parseId } from './argument.js';
import { checkDiagnose, hostDiagnosis, type DiagnoseOptions } from './diagnosis/request.js';
import type { Diagnosis } from './diagnosis/diagnosis.js';
import { hasWebRtc, hasWebSocket } from './host-ports.js';
import { prefixedLogger, type Logger, type LogLevel } from './logger.js';
import { Membership } from './membership.js';
import { checkOptions, type MeshOptions } from './options.js';
import type { ConnectivityStatus, DiscoveredPeer, MeshStatus } from './status.js';

/** What can be seen of a mesh: the getters of `PeerPigeonMesh`. All are safe at any time. */
export abstract class MeshView {
  protected readonly membership: Membership;
  private readonly options: MeshOptions;
  private readonly givenId: PeerId | undefined;

  /** @throws {TypeError} or {RangeError} for an option that its setter would not take */
  constructor(options: MeshOptions) {
    checkOptions(options);
    this.options = options;
    this.givenId = options.peerId === undefined ? undefined : parseId(options.peerId);
    const least = options.debug === true || options.logger !== undefined ? 'debug' : 'error';
    this.membership = new Membership(options, this.givenId, this.loggerFrom(least));
  }

  /** The own id; null before `init()` unless it was given. */
  get peerId(): PeerId | null {
    return this.membership.engine?.peerId ?? this.givenId ?? null;
  }

  getStatus(): MeshStatus {
    const { settings, url, uptime } = this.membership;
    const signaling = this.report?.signaling;
    return {
      peerId: this.peerId,
      connected: signaling?.name === 'connected',
      connectedCount: this.getConnectedPeerCount(),
      discoveredCount: this.getDiscoveredPeers().length,
      ...settings,
      connectionType: 'websocket',
      signalingUrl: signaling === undefined || signaling.name === 'idle' ? url : signaling.url,
      uptime,
    };
  }

  /** Ids of the connected peers. */
  getPeers(): PeerId[] {
    return this.report?.peers() ?? [];
  }

  getConnectedPeerCount(): number {
    return this.getPeers().length;
  }

  /** Peers that are known and not connected, nearest first. */
  getDiscoveredPeers(): DiscoveredPeer[] {
    const peers = this.report?.discovered() ?? [];
    return peers.sort((a, b) => (a.distance < b.distance ? -1 : 1));
  }

  getDiscoveredPeerIds(): PeerId[] {
    return this.getDiscoveredPeers().map(({ peerId }) => peerId);
  }

  canAcceptMorePeers(): boolean {
    return this.getConnectedPeerCount() < this.membership.settings.maxPeers;
  }

  hasPeer(peerId: string): boolean {
    return this.report?.hasPeer(parseId(peerId)) ?? false;
  }

  /** Peer id → attempts made so far, for peers not connected. */
  getConnectionAttempts(): Record<PeerId, number> {
    return Object.fromEntries(this.getDiscoveredPeers().map(({ peerId, attempts }) => [peerId, attempts]));
  }

  /** Logs, whatever the level, and returns for each known peer why it is or is not connected. */
  debugConnectivity(): ConnectivityStatus {
    const peers = this.report?.connectivity(this.now) ?? [];
    const report = { status: this.getStatus(), peers };
    this.loggerFrom('debug').info('connectivity', report);
    return report;
  }

  /** How the mesh stands, as seen from this peer; null before `init()`. */
  health(): Health | null {
    return this.report?.health(this.now) ?? null;
  }

  /** Why a peer is, or is not, connected: a code for programs and a sentence for people. */
  explain(peerId: string): Explanation {
    const peer = parseId(peerId);
    return this.report?.explain(peer, this.now) ?? { code: 'unknown', message: 'call init() or connect() first' };
  }

  /** How well this peer is linked, and what could be better; null before `init()`. The same is looked at periodically. */
  evaluate(): Evaluation | null {
    return this.report?.evaluate(this.now) ?? null;
  }

  /**
   * Tries what links and signaling need, each by itself, and says what is missing or wrong: which ICE candidates there are, how each STUN
   * and TURN server does, whether signaling can be reached. Works at any time, takes `timeoutMs` at most, and leaves nothing open.
   * @throws {TypeError} or {RangeError} for a wrong option; {PeerPigeonError} `ABORTED`, `INSECURE_URL`
   * @example
   * const { findings } = await mesh.diagnose({ url: 'wss://signaling.example.org' });
   * for (const { message } of findings) console.warn(message);
   */
  async diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
    const { engine, url } = this.membership;
    const request = checkDiagnose(options, url);
    const { diagnose } = await import('./diagnosis/diagnose.js');
    return diagnose({ ...(await hostDiagnosis(this.options, engine?.ports)), ...request });
  }

  /** Whether WebRTC exists here or was injected. In Node before `init()`: whether `@roamhq/wrtc` is installed. */
  hasWebRTCSupport(): boolean {
    return hasWebRtc(this.options);
  }

  hasWebSocketSupport(): boolean {
    return hasWebSocket(this.options);
  }

  protected get report(): Report | undefined {
    return this.membership.engine?.mesh.report;
  }

  private get now(): Millis {
    return this.membership.engine?.ports.clock.now() ?? 0;
  }

  private loggerFrom(least: LogLevel): Logger {
    return prefixedLogger(this.options.logger ?? console, least, () => this.peerId);
  }
}
