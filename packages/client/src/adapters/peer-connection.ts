import type { PeerId } from '@peerpigeon/core';
import type { Candidate, Carrier, Description, Lane, TransportCommand, TransportEvent } from '@peerpigeon/link';
import type { Link, LinkHandlers } from '@peerpigeon/mesh';
import { DatagramChannels } from './datagram-channels.js';
import { DrainWatch } from './drain-watch.js';

/** The constructor a WebRTC implementation gives: the browser's, or that of `@roamhq/wrtc` in Node. */
export type RtcConstructor = new (configuration?: RTCConfiguration) => RTCPeerConnection;

/** Commands that an open transport carries out. */
export type LinkCommand = Exclude<TransportCommand, { readonly type: 'open' } | { readonly type: 'close' }>;

/** What a {@link PeerConnection} is made of. */
export interface PeerConnectionOptions {
  readonly RTCPeerConnection: RtcConstructor;
  /** The configuration, or a function that fetches it (short-lived TURN credentials). */
  readonly configuration: RTCConfiguration | (() => Promise<RTCConfiguration>);
  /** How long a local description waits for its candidates, in ms; later ones trickle. */
  readonly gatherMs: number;
  /** Called once, when nothing of the connection is left. */
  readonly released?: () => void;
}

/** Chromium and libwebrtc fail beyond it: 262,144 bytes a message (measured). */
const MAX_MESSAGE_BYTES = 262_144;
/** What a peer takes that does not say: RFC 8841 §6.1. */
const DEFAULT_MESSAGE_BYTES = 65_536;
/** Candidates and messages kept while they cannot be used yet; a wild guess, far above what a correct peer needs. */
const MAX_EARLY = 64;

const LANES: readonly Lane[] = ['control', 'bulk'];
const NO_PATH = 'no path was found';

/**
 * One WebRTC link: an RTCPeerConnection with the two negotiated data channels of a PeerPigeon link (id 0 control, id 1
 * bulk) and those for datagrams, as a {@link Link}. Its promises end here; what comes of them is told to the handlers.
 */
export class PeerConnection implements Link {
  readonly peerId: PeerId;
  private readonly handlers: LinkHandlers;
  private readonly options: PeerConnectionOptions;
  /** `ending`: it was open, and its loss is told in a moment. */
  private state: 'negotiating' | 'open' | 'ending' | 'lost' | 'released' = 'negotiating';
  private pc: RTCPeerConnection | undefined;
  private channels: RTCDataChannel[] = [];
  private datagrams: DatagramChannels | undefined;
  private readonly drain: DrainWatch;
  /** Commands run one after the other. */
  private queue: Promise<void> = Promise.resolve();
  private gathering: ReturnType<typeof setTimeout> | undefined;
  private earlyCandidates: Candidate[] = [];
  private earlyMessages: [Lane, Uint8Array][] = [];
  private messageBytes = DEFAULT_MESSAGE_BYTES;

  /** @throws when the platform can construct no further RTCPeerConnection */
  constructor(peerId: PeerId, handlers: LinkHandlers, options: PeerConnectionOptions) {
    this.peerId = peerId;
    this.handlers = handlers;
    this.options = options;
    const channels = (): RTCDataChannel[] => [...this.channels, ...(this.datagrams?.channels ?? [])];
    this.drain = new DrainWatch(channels, (event) => this.tell(event));
    const { configuration } = options;
    if (typeof configuration === 'function') {
      this.enqueue('open', async () => {
        const fetched = await configuration();
        if (this.state !== 'released') this.construct(fetched);
      });
    } else {
      this.construct(configuration);
    }
  }

  get maxMessageBytes(): number {
    return this.messageBytes;
  }

  command(command: LinkCommand): void {
    // At once, since what is buffered now is part of the answer.
    if (command.type === 'drain') return this.state === 'open' ? this.drain.ask(command.below) : undefined;
    this.enqueue(command.type, async () => {
      if (this.pc !== undefined) await this.run(this.pc, command);
    });
  }

  /** @throws {RangeError} when the message is larger than {@link maxMessageBytes} */
  send(lane: Lane, bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    if (bytes.length > this.messageBytes) {
      throw new RangeError(`expected a message of at most ${this.messageBytes} bytes, got ${bytes.length}`);
    }
    const channel = this.channels[LANES.indexOf(lane)] as RTCDataChannel;
    try {
      // wrtc crashes in a send during which the other side's close arrives (RTCDataChannel::Send checks its channel, waits
      // for another thread, and then uses it). To ask for the state lets a close come first that is under way already.
      if (channel.readyState !== 'open') return this.lose('channel closed');
      channel.send(bytes as Uint8Array<ArrayBuffer>);
    } catch (error) {
      this.lose(`cannot send: ${describeError(error)}`);
    }
  }

  datagram(maxRetransmits: number, bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    try {
      this.datagrams?.send(maxRetransmits, bytes);
    } catch {
      // The platform's buffer is full, or it has no further channel: one of many is lost, as the caller expects.
    }
  }

  close(): void {
    if (this.state === 'released') return;
    this.state = 'released';
    this.drain.stop();
    clearTimeout(this.gathering);
    this.earlyCandidates = [];
    this.earlyMessages = [];
    // What was sent just before is on its way already: a goodbye arrives although the connection is closed at once.
    for (const channel of this.channels) {
      channel.onopen = channel.onclose = channel.onmessage = null;
      channel.close();
    }
    this.channels = [];
    this.datagrams = undefined;
    if (this.pc !== undefined) silence(this.pc).close();
    this.pc = undefined;
    this.options.released?.();
  }

  private construct(configuration: RTCConfiguration): void {
    const pc = new this.options.RTCPeerConnection(configuration);
    this.pc = pc;
    pc.onicecandidate = ({ candidate }) => this.onCandidate(candidate);
    pc.onicegatheringstatechange = () => {
      if (pc.iceGatheringState === 'complete') this.onGathered();
    };
    // Firefox before 113 has no connectionState, hence both.
    pc.onconnectionstatechange = () => this.onState(pc.connectionState);
    pc.oniceconnectionstatechange = () => this.onState(pc.iceConnectionState);
    this.channels = LANES.map((lane, id) => {
      const channel = pc.createDataChannel(lane, { negotiated: true, id });
      channel.binaryType = 'arraybuffer';
      channel.onopen = () => this.onOpen();
      channel.onclose = () => this.lose('channel closed');
      channel.onmessage = ({ data }: MessageEvent<unknown>) => this.onMessage(lane, data);
      return channel;
    });
    this.datagrams = new DatagramChannels(pc, (data) => {
      // Before both sides are open nobody sends any.
      if (this.state === 'open') this.onMessage('datagram', data);
    });
  }

  private enqueue(command: TransportCommand['type'], task: () => Promise<void>): void {
    this.queue = this.queue.then(task).catch((error: unknown) => {
      // Nobody hears of it when it was closed meanwhile: the platform rejects what was under way.
      this.tell({ type: 'failed', command, detail: describeError(error) });
    });
  }

  private async run(pc: RTCPeerConnection, command: Exclude<LinkCommand, { type: 'drain' }>): Promise<void> {
    switch (command.type) {
      case 'restart':
        return this.restart(pc);
      case 'offer':
        // wrtc has no parameterless setLocalDescription.
        return this.describe(pc, await pc.createOffer());
      case 'answer':
        // Nor has it an implicit rollback.
        if (pc.signalingState === 'have-local-offer') await pc.setLocalDescription({ type: 'rollback' });
        await this.setRemote(pc, command.description);
        return this.describe(pc, await pc.createAnswer());
      case 'accept':
        return this.setRemote(pc, command.description);
      case 'candidate':
        if (pc.remoteDescription !== null) return pc.addIceCandidate(command.candidate);
        if (this.earlyCandidates.length < MAX_EARLY) this.earlyCandidates.push(command.candidate);
    }
  }

  /** New ICE credentials, with TURN credentials that are good now. */
  private async restart(pc: RTCPeerConnection): Promise<void> {
    const { configuration } = this.options;
    // Where that is missing (Firefox before 119) it keeps those it began with.
    const settable: Partial<Pick<RTCPeerConnection, 'setConfiguration'>> = pc;
    if (typeof configuration === 'function') settable.setConfiguration?.(await configuration());
    // An earlier restart that was never answered.
    if (pc.signalingState === 'have-local-offer') await pc.setLocalDescription({ type: 'rollback' });
    await this.describe(pc, await pc.createOffer({ iceRestart: true }));
  }

  private async setRemote(pc: RTCPeerConnection, description: Description): Promise<void> {
    await pc.setRemoteDescription(description);
    const early = this.earlyCandidates;
    this.earlyCandidates = [];
    for (const candidate of early) await pc.addIceCandidate(candidate);
  }

  /** Sets the local description; it is told once its candidates are in it, so that one message carries them all. */
  private async describe(pc: RTCPeerConnection, description: RTCSessionDescriptionInit): Promise<void> {
    await pc.setLocalDescription(description);
    if (this.state === 'released') return;
    clearTimeout(this.gathering);
    const complete = pc.iceGatheringState === 'complete';
    this.gathering = setTimeout(() => this.onGathered(), complete ? 0 : this.options.gatherMs);
  }

  private onGathered(): void {
    if (this.gathering === undefined) return;
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const local = this.pc?.localDescription;
    if (!local) return;
    const description: Description = { type: local.type === 'offer' ? 'offer' : 'answer', sdp: local.sdp };
    this.tell({ type: 'description', description });
  }

  private onCandidate(found: RTCIceCandidate | null): void {
    if (found === null) return this.onGathered();
    // While gathering goes on it is in the description that follows. The empty one marks the end.
    if (this.gathering !== undefined || found.candidate === '') return;
    const { candidate, sdpMid, sdpMLineIndex } = found;
    this.tell({ type: 'candidate', candidate: { candidate, sdpMid, sdpMLineIndex } });
  }

  private onState(state: RTCPeerConnectionState | RTCIceConnectionState): void {
    // `disconnected` may pass; the link's own liveness judges it.
    if (state === 'failed' && this.state === 'open') this.tell({ type: 'broken' });
    // Who waits for the other side may wait on: the platform goes on once that one begins.
    else if (state === 'failed' && this.state === 'negotiating') this.tell({ type: 'closed', reason: NO_PATH });
    else if (state === 'failed' || state === 'closed') this.lose(`connection ${state}`);
  }

  private onOpen(): void {
    if (this.state !== 'negotiating' || this.channels.some((channel) => channel.readyState !== 'open')) return;
    this.state = 'open';
    this.messageBytes = maxMessageBytes(this.pc as RTCPeerConnection);
    this.tell({ type: 'opened' });
    const early = this.earlyMessages;
    this.earlyMessages = [];
    for (const [lane, bytes] of early) if (this.isOpen()) this.handlers.message(lane, bytes);
  }

  private onMessage(carrier: Carrier, data: unknown): void {
    // No correct peer sends text; its bytes are judged as any others are.
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : new TextEncoder().encode(String(data));
    if (this.state === 'open' || this.state === 'ending') return this.handlers.message(carrier, bytes);
    // One channel may open before the other.
    if (this.state !== 'negotiating' || carrier === 'datagram') return;
    if (this.earlyMessages.length < MAX_EARLY) this.earlyMessages.push([carrier, bytes]);
    else this.lose('too many messages before the link was open');
  }

  /** Handlers may have closed it meanwhile. */
  private isOpen(): boolean {
    return this.state === 'open';
  }

  private lose(reason: string): void {
    if (this.state !== 'negotiating' && this.state !== 'open') return;
    this.state = this.state === 'open' ? 'ending' : 'lost';
    // Possibly within a call to send: handlers are never called from there.
    afterTheOthers(() => this.tell({ type: 'closed', reason }));
  }

  /** After `close` nothing is told, whatever the platform still does. */
  private tell(event: TransportEvent): void {
    if (this.state !== 'released') this.handlers.event(event);
  }
}

/** What the other side takes: from the transport, else (Firefox before 113, wrtc) from its description (RFC 8841 §5). */
function maxMessageBytes(pc: RTCPeerConnection): number {
  const described = /^a=max-message-size:(\d+)/m.exec(pc.remoteDescription?.sdp ?? '')?.[1];
  // Neither interface need exist here, whatever the type says; 0 in a description means any size.
  const agreed =
    (pc.sctp as Partial<RTCSctpTransport> | null | undefined)?.maxMessageSize ??
    Number(described ?? DEFAULT_MESSAGE_BYTES);
  return agreed === 0 ? MAX_MESSAGE_BYTES : Math.min(MAX_MESSAGE_BYTES, agreed);
}

/** The platform keeps a closed connection for a while; what its handlers hold must not stay that long. */
function silence(pc: RTCPeerConnection): RTCPeerConnection {
  pc.onicecandidate = pc.onicegatheringstatechange = pc.ondatachannel = null;
  pc.onconnectionstatechange = pc.oniceconnectionstatechange = null;
  return pc;
}

/**
 * Once the events that wait already have been heard. wrtc keeps the order of each object's events alone: the end of one channel may
 * come before the last message of the other, a goodbye that says why. Browsers keep all in order.
 */
function afterTheOthers(task: () => void): void {
  const { setImmediate } = globalThis as { readonly setImmediate?: (task: () => void) => unknown };
  if (setImmediate === undefined) queueMicrotask(task);
  else setImmediate(task);
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
