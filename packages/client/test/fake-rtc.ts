import type { RtcConstructor } from '../src/index.js';

/**
 * What a server gives: a candidate; the word that our address is our own, which is no candidate; nothing at all; or errors, each a code and a
 * text.
 */
type Answer = 'srflx' | 'relay' | 'redundant' | 'silence' | readonly (number | string)[];

/** RTCPeerConnections that gather what a test says. */
export class FakeNetwork {
  /** Connections not yet closed. */
  open = 0;
  exhausted = false;
  host = 'candidate:1 1 udp 2122260223 192.0.2.1 5000 typ host';
  readonly RTCPeerConnection: RtcConstructor;
  private given: Readonly<Record<string, Answer>> = {};

  constructor() {
    this.RTCPeerConnection = constructorFor(this);
  }

  /** @param given by URL */
  answers(given: Readonly<Record<string, Answer>>): void {
    this.given = given;
  }

  answer(url: string): Answer {
    return this.given[url] ?? 'silence';
  }
}

function constructorFor(network: FakeNetwork): RtcConstructor {
  class Fake extends FakeConnection {
    constructor(configuration?: RTCConfiguration) {
      super(network, configuration?.iceServers ?? []);
    }
  }
  return Fake as unknown as RtcConstructor;
}

class FakeConnection {
  onicecandidate: ((event: { readonly candidate: { readonly candidate: string } | null }) => void) | null = null;
  onicecandidateerror: ((event: { readonly errorCode: number; readonly errorText: string }) => void) | null = null;
  onicegatheringstatechange: (() => void) | null = null;
  readonly iceGatheringState = 'gathering';
  private readonly network: FakeNetwork;
  private readonly servers: readonly RTCIceServer[];

  constructor(network: FakeNetwork, servers: readonly RTCIceServer[]) {
    if (network.exhausted) throw new Error('Cannot create so many PeerConnections');
    this.network = network;
    this.servers = servers;
    network.open++;
  }

  createDataChannel(): void {}

  async createOffer(): Promise<RTCSessionDescriptionInit> {
    return { type: 'offer', sdp: '' };
  }

  async setLocalDescription(): Promise<void> {
    setImmediate(() => this.gather());
  }

  close(): void {
    this.network.open--;
  }

  private gather(): void {
    this.onicecandidate?.({ candidate: { candidate: this.network.host } });
    for (const { urls } of this.servers) {
      const answer = this.network.answer(String(urls));
      if (answer === 'silence') return;
      if (answer === 'redundant') continue;
      if (typeof answer === 'string') this.found(answer);
      else this.refused(answer);
    }
    this.onicecandidate?.({ candidate: null });
  }

  private found(type: 'srflx' | 'relay'): void {
    const candidate = `candidate:2 1 udp 1686052607 198.51.100.1 6000 typ ${type} raddr 0.0.0.0 rport 0`;
    this.onicecandidate?.({ candidate: { candidate } });
  }

  private refused(errors: readonly (number | string)[]): void {
    for (let i = 0; i < errors.length; i += 2) {
      this.onicecandidateerror?.({ errorCode: Number(errors[i]), errorText: String(errors[i + 1]) });
    }
  }
}
