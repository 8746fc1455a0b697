import type { Millis, PeerId } from '@peerpigeon/core';
import type { Carrier, Description, TransportCommand, TransportEvent } from '@peerpigeon/link';
import type { Frame } from '@peerpigeon/mesh';
import { TransportBuffer } from './bandwidth.js';
import type { Bandwidth } from './bandwidth.js';
import { HANDSHAKE_ROUND_TRIPS, ICE_TIMEOUT_MS } from './config.js';
import type { VirtualClock } from './clock.js';
import type { Faults } from './faults.js';
import type { Happening } from './happening.js';
import { hashBetween } from './hash.js';
import type { Latency } from './latency.js';
import { LinkEnd, SimulatedLink } from './link-end.js';
import type { Partition } from './partition.js';
import type { SimulatedPeer } from './peer.js';
import type { Reachability } from './reachability.js';

/** What the transports of a network need. */
export interface TransportOptions {
  readonly seed: number;
  readonly clock: VirtualClock<Happening>;
  readonly latency: Latency;
  readonly faults: Faults;
  readonly bandwidth: Bandwidth;
  /** Bytes of a frame; asked only where bandwidth is limited. */
  readonly sizeOf: (frame: Frame | Uint8Array) => number;
  readonly partition: Partition;
  readonly reachability: Reachability;
  readonly handshakeMs: readonly [Millis, Millis];
  readonly candidatesPerEnd: number;
  /** Called when a link stops carrying frames. */
  readonly gone: (link: SimulatedLink) => void;
  /**
   * Modelled liveness: draws how long after the last sign of life an end counts its partner as gone. Undefined: the link
   * machines notice by themselves.
   */
  readonly noticeMs: (() => Millis) | undefined;
}

/**
 * All transports of a network: a stand-in for RTCPeerConnection that follows the link machine's `TransportCommand`.
 *
 * A description is a string that names the end it describes, so two ends find each other the way browsers do: by what
 * they are told. When both descriptions are set on both sides, the link opens two round trips and some work later. A
 * close reaches the other end after one latency; an end that nobody answers, or that has no path to the other one, fails
 * after {@link ICE_TIMEOUT_MS}. Not modelled: consent freshness (RFC 7675), by which browsers find a dead path after some
 * 16 s; the link machine's liveness has to.
 */
export class Transports {
  /** Links that opened, and those of them that are gone again. */
  readonly counts = { opened: 0, closed: 0 };
  private readonly options: TransportOptions;
  private readonly ends = new Map<number, LinkEnd>();
  private numbers = 0;

  constructor(options: TransportOptions) {
    this.options = options;
  }

  /** Carries out what the link machine of `owner` asks for. */
  command(owner: SimulatedPeer, peer: PeerId, session: string, command: TransportCommand): void {
    if (command.type === 'open') {
      this.open(owner, peer, session);
      return;
    }
    const end = owner.end(peer, session);
    if (end === undefined) return;
    switch (command.type) {
      case 'offer':
        if (end.state !== 'new') return this.refuse(end, 'offer');
        end.state = 'offering';
        return this.describe(end, 'offer');
      case 'restart':
        return end.state === 'open' ? this.describe(end, 'offer') : this.refuse(end, 'restart');
      case 'answer': {
        const number = endNumber(command.description, 'offer');
        if (end.state === 'open' && end.remote?.number === number) return this.describe(end, 'answer');
        if (number === undefined || (end.state !== 'new' && end.state !== 'offering'))
          return this.refuse(end, 'answer');
        this.connect(end, this.ends.get(number));
        return this.describe(end, 'answer');
      }
      case 'accept': {
        const number = endNumber(command.description, 'answer');
        if (end.remote !== undefined && end.state === 'open' && end.remote.number === number) {
          return this.restarted(end, end.remote);
        }
        if (number === undefined || end.state !== 'offering') return this.refuse(end, 'accept');
        const remote = this.ends.get(number);
        this.connect(end, remote);
        if (remote?.remote === end && remote.state === 'connecting') this.establish(end, remote);
        return;
      }
      case 'candidate':
        return;
      case 'drain':
        return this.drain(end, command.below);
      case 'close':
        return this.close(end);
    }
  }

  /** Puts a frame on its way. A frame on a transport that is not open is dropped, as the port says. */
  send(end: LinkEnd, carrier: Carrier, frame: Frame | Uint8Array): void {
    const { link, remote } = end;
    if (link === undefined || remote === undefined || link.state !== 'open') return;
    if (this.options.faults.frame() === 'reset') {
      this.reset(link);
      return;
    }
    this.enqueue(end, remote, carrier, frame, () => {
      if (!this.carries(end, remote)) return;
      const { clock, faults } = this.options;
      clock.at(this.arrival(remote, link, faults.frameLateMs()), { type: 'frame', to: remote, frame });
    });
  }

  /** Puts a datagram on its way: it may be lost, and overtake others and be overtaken. */
  datagram(end: LinkEnd, maxRetransmits: number, frame: Frame | Uint8Array): void {
    const { link, remote } = end;
    if (link === undefined || remote === undefined || link.state !== 'open') return;
    this.enqueue(end, remote, 'datagram', frame, () => {
      const { clock, faults } = this.options;
      const lateMs = faults.datagramLateMs(maxRetransmits, 2 * link.latencyMs);
      if (lateMs === undefined || !this.carries(end, remote)) return;
      clock.at(clock.now + link.latencyMs + lateMs, { type: 'frame', to: remote, frame });
    });
  }

  /** The transport's event reaches its peer, unless the transport is closed by now. */
  arrived(end: LinkEnd, event: TransportEvent): TransportEvent | undefined {
    if (end.state === 'closed') return undefined;
    if (event.type === 'closed') {
      this.release(end);
      if (end.remote !== undefined) this.silence(end.remote);
    }
    return event;
  }

  /** Takes a link down: frames on their way still arrive, both ends learn of it after one latency. */
  reset(link: SimulatedLink): void {
    if (link.state !== 'open') return;
    link.state = 'broken';
    this.counts.closed++;
    this.options.gone(link);
    for (const end of [link.a, link.b]) this.tell(end, this.arrival(end, link), { type: 'closed', reason: 'reset' });
  }

  /** All ends of a peer that is down fall silent; the other ends are told nothing. */
  abandon(owner: SimulatedPeer): void {
    for (const end of owner.ends()) {
      this.release(end);
      if (end.remote !== undefined) this.silence(end.remote);
    }
  }

  /**
   * Something may have silenced the partner of `end`, or let it be heard again. Under modelled liveness an end that hears
   * nothing is closed when the link machine would have called the link suspect. Under full liveness this does nothing.
   */
  silence(end: LinkEnd): void {
    const { noticeMs, clock } = this.options;
    if (noticeMs === undefined || end.state !== 'open') return;
    if (this.hears(end)) {
      end.silentSince = undefined;
      return;
    }
    if (end.silentSince !== undefined) return;
    const since = clock.now;
    end.silentSince = since;
    const act = (): void => {
      if (end.state === 'open' && end.silentSince === since) {
        this.tell(end, clock.now, { type: 'closed', reason: 'no sign of life' });
      }
    };
    clock.at(end.owner.timerAt(since + noticeMs()), { type: 'act', act });
  }

  /** {@link silence} at both ends of every open link of a peer. */
  silencePartners(owner: SimulatedPeer): void {
    if (this.options.noticeMs === undefined) return;
    for (const end of owner.ends()) {
      this.silence(end);
      if (end.remote !== undefined) this.silence(end.remote);
    }
  }

  /** Lets what leaves at once leave; where bandwidth is limited it waits for what was sent before. */
  private enqueue(end: LinkEnd, to: LinkEnd, carrier: Carrier, frame: Frame | Uint8Array, leave: () => void): void {
    const { bandwidth, sizeOf } = this.options;
    if (!bandwidth.limits(end.owner, to.owner)) {
      leave();
      return;
    }
    end.buffer ??= new TransportBuffer();
    const through = (): void => {
      if (end.link?.state !== 'open') return;
      leave();
      this.answerDrain(end);
    };
    end.buffer.push({ carrier, bytes: sizeOf(frame), leave: through });
    bandwidth.pump(end, to.owner);
  }

  private drain(end: LinkEnd, below: number): void {
    if (end.state !== 'open') return;
    const { buffer } = end;
    if (buffer === undefined)
      return this.tell(end, this.options.clock.now, { type: 'drained', bytes: 0, control: 0, from: 0 });
    buffer.asked = { below, from: buffer.bytes };
    this.answerDrain(end);
  }

  private answerDrain(end: LinkEnd): void {
    const { buffer } = end;
    if (buffer?.asked === undefined || buffer.bytes > buffer.asked.below) return;
    const { from } = buffer.asked;
    buffer.asked = undefined;
    this.tell(end, this.options.clock.now, {
      type: 'drained',
      bytes: buffer.bytes,
      control: buffer.bytesOf('control'),
      from,
    });
  }

  private open(owner: SimulatedPeer, peer: PeerId, session: string): void {
    const end = new LinkEnd(this.numbers++, owner, peer, session);
    this.ends.set(end.number, end);
    owner.addEnd(end);
  }

  /** `remote` is undefined when it is closed by now: no end can know that, ICE has to find out. */
  private connect(end: LinkEnd, remote: LinkEnd | undefined): void {
    end.state = 'connecting';
    end.remote = remote;
    const { clock } = this.options;
    clock.at(clock.now + ICE_TIMEOUT_MS, {
      type: 'act',
      act: () => {
        if (end.state === 'connecting') this.tell(end, clock.now, { type: 'closed', reason: 'ICE failed' });
      },
    });
  }

  private establish(a: LinkEnd, b: LinkEnd): void {
    const { clock, latency, seed, handshakeMs, partition, reachability } = this.options;
    if (!reachability.canLink(a.owner.id, b.owner.id)) return;
    const latencyMs = latency.betweenPeers(a.owner.id, b.owner.id);
    const work = hashBetween(handshakeMs, seed, 'handshake', a.owner.id, b.owner.id, a.session);
    const act = (): void => {
      if (a.state !== 'connecting' || b.state !== 'connecting' || a.remote !== b || b.remote !== a) return;
      if (partition.separates(a.owner, b.owner)) return;
      const link = new SimulatedLink(a, b, latencyMs);
      this.counts.opened++;
      for (const end of [a, b]) {
        end.state = 'open';
        end.link = link;
        this.tell(end, clock.now, { type: 'opened' });
      }
    };
    clock.at(clock.now + 2 * HANDSHAKE_ROUND_TRIPS * latencyMs + work, { type: 'act', act });
  }

  /** Both sides know the other's new credentials: where there is another path, what was lost one way passes again. */
  private restarted(end: LinkEnd, remote: LinkEnd): void {
    const { clock, partition } = this.options;
    const { link } = end;
    if (link?.state !== 'open' || partition.separates(end.owner, remote.owner)) return;
    const heal = (): void => {
      for (const each of [end, remote]) each.muted = false;
      this.silence(end);
      this.silence(remote);
    };
    clock.at(clock.now + 2 * HANDSHAKE_ROUND_TRIPS * link.latencyMs, { type: 'act', act: heal });
  }

  private close(end: LinkEnd): void {
    const { link, remote } = end;
    const tells = link?.state === 'open';
    this.release(end);
    if (!tells || remote === undefined) return;
    if (this.carries(end, remote)) {
      this.tell(remote, this.arrival(remote, link), { type: 'closed', reason: 'closed by the other side' });
    } else this.silence(remote);
  }

  private release(end: LinkEnd): void {
    end.state = 'closed';
    this.ends.delete(end.number);
    end.owner.removeEnd(end);
    const { link } = end;
    if (link === undefined || link.state === 'closed') return;
    const wasOpen = link.state === 'open';
    link.state = 'closed';
    if (!wasOpen) return;
    this.counts.closed++;
    this.options.gone(link);
  }

  /** Whether what `end` sends gets to the other one. */
  private carries(end: LinkEnd, remote: LinkEnd): boolean {
    return !end.muted && !this.options.partition.separates(end.owner, remote.owner);
  }

  /** Whether the partner of an open end could be heard there. */
  private hears(end: LinkEnd): boolean {
    const { link, remote } = end;
    return link?.state === 'open' && remote !== undefined && !remote.owner.isFrozen && this.carries(remote, end);
  }

  /** When something sent now to `end` arrives: after one latency, later by `lateMs`, and after what was sent before it. */
  private arrival(end: LinkEnd, link: SimulatedLink, lateMs: Millis = 0): Millis {
    end.lastArrival = Math.max(end.lastArrival, this.options.clock.now + link.latencyMs + lateMs);
    return end.lastArrival;
  }

  private describe(end: LinkEnd, type: Description['type']): void {
    const { clock, candidatesPerEnd } = this.options;
    this.tell(end, clock.now, { type: 'description', description: { type, sdp: `${type}:${end.number}` } });
    for (let i = 0; i < candidatesPerEnd; i++) {
      const candidate = { candidate: `candidate:${end.number} ${i}`, sdpMid: '0', sdpMLineIndex: 0 };
      this.tell(end, clock.now, { type: 'candidate', candidate });
    }
  }

  private refuse(end: LinkEnd, command: TransportCommand['type']): void {
    const detail = `${command} is not possible while ${end.state}, or with this description`;
    this.tell(end, this.options.clock.now, { type: 'failed', command, detail });
  }

  private tell(end: LinkEnd, at: Millis, event: TransportEvent): void {
    this.options.clock.at(at, { type: 'transport', to: end, event });
  }
}

/** Which end a description describes; undefined when it is no description of that type. */
function endNumber(description: Description, type: Description['type']): number | undefined {
  if (description.type !== type || !description.sdp.startsWith(`${type}:`)) return undefined;
  const number = Number(description.sdp.slice(type.length + 1));
  return Number.isSafeInteger(number) ? number : undefined;
}
