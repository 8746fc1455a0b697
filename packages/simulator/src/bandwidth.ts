import type { Millis } from '@peerpigeon/core';
import type { Carrier } from '@peerpigeon/link';
import type { VirtualClock } from './clock.js';
import type { Happening } from './happening.js';
import type { LinkEnd } from './link-end.js';
import type { SimulatedPeer } from './peer.js';

/** One frame, or datagram, that waits in a transport. */
export interface Parcel {
  readonly carrier: Carrier;
  readonly bytes: number;
  /** Carries it on once it is through the lines of both peers. */
  readonly leave: () => void;
}

/** What a transport holds that has not left yet: a queue for each channel, and what is on its way through the lines. */
export class TransportBuffer {
  private readonly queues = new Map<Carrier, Parcel[]>();
  private sending: Parcel | undefined;
  /** The channel that had its turn last. */
  private latest: Carrier | undefined;
  private total = 0;
  /** The question that is open: `drain` of the link machine. */
  asked: { readonly below: number; readonly from: number } | undefined;

  /** Bytes in it: RTCDataChannel's `bufferedAmount`, all channels together. */
  get bytes(): number {
    return this.total;
  }

  /** Those of one channel. */
  bytesOf(carrier: Carrier): number {
    const parts = this.sending?.carrier === carrier ? [this.sending] : [];
    return [...parts, ...(this.queues.get(carrier) ?? [])].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get isSending(): boolean {
    return this.sending !== undefined;
  }

  push(parcel: Parcel): void {
    const queue = this.queues.get(parcel.carrier);
    if (queue === undefined) this.queues.set(parcel.carrier, [parcel]);
    else queue.push(parcel);
    this.total += parcel.bytes;
  }

  /** Takes the next one out: the channels take turns, message by message (SCTP without interleaving, RFC 8260 §3). */
  begin(): Parcel | undefined {
    const [first, second] = this.queues.keys();
    const carrier = first === this.latest ? (second ?? first) : first;
    if (carrier === undefined) return undefined;
    const queue = this.queues.get(carrier) ?? [];
    this.queues.delete(carrier);
    this.sending = queue.shift();
    if (queue.length > 0) this.queues.set(carrier, queue);
    this.latest = carrier;
    return this.sending;
  }

  /** The one that was begun has left. */
  end(): void {
    this.total -= this.sending?.bytes ?? 0;
    this.sending = undefined;
  }
}

/** A peer's access line, which all its links share: up and down are apart, as on DSL and mobile networks. */
interface Line {
  readonly bytesPerMs: number;
  upFreeAt: Millis;
  downFreeAt: Millis;
}

/**
 * How fast peers can send and receive. A frame takes its time on the sender's line and on the receiver's, and the next of the
 * same transport begins when it is through: so much and no more is on its way, the rest waits where it is seen. Latency comes
 * on top. With no limit anywhere there are no lines, and nothing waits.
 */
export class Bandwidth {
  private readonly clock: VirtualClock<Happening>;
  private readonly defaultKbps: number;
  private readonly lines = new WeakMap<SimulatedPeer, Line>();

  /** @throws {RangeError} when `kbps` is not above 0 */
  constructor(clock: VirtualClock<Happening>, kbps: number = Infinity) {
    this.clock = clock;
    this.defaultKbps = checkKbps(kbps);
  }

  /** Whether anything can wait between two peers. */
  limits(a: SimulatedPeer, b: SimulatedPeer): boolean {
    return this.kbpsOf(a) < Infinity || this.kbpsOf(b) < Infinity;
  }

  /** Sends on what waits in a transport, unless it is busy. */
  pump(end: LinkEnd, to: SimulatedPeer): void {
    const { buffer } = end;
    if (buffer === undefined || buffer.isSending) return;
    const parcel = buffer.begin();
    if (parcel === undefined) return;
    const act = (): void => {
      buffer.end();
      parcel.leave();
      this.pump(end, to);
    };
    this.clock.at(this.through(parcel.bytes, this.lineOf(end.owner), this.lineOf(to)), { type: 'act', act });
  }

  /** When so many bytes are through both lines. */
  private through(bytes: number, from: Line, to: Line): Millis {
    const began = Math.max(this.clock.now, from.upFreeAt);
    from.upFreeAt = began + bytes / from.bytesPerMs;
    to.downFreeAt = Math.max(from.upFreeAt, Math.max(began, to.downFreeAt) + bytes / to.bytesPerMs);
    return to.downFreeAt;
  }

  private kbpsOf({ joined }: SimulatedPeer): number {
    return joined.bandwidthKbps === undefined ? this.defaultKbps : checkKbps(joined.bandwidthKbps);
  }

  private lineOf(peer: SimulatedPeer): Line {
    let line = this.lines.get(peer);
    if (line === undefined) {
      // A kilobit a second is an eighth of a byte a millisecond.
      line = { bytesPerMs: this.kbpsOf(peer) / 8, upFreeAt: 0, downFreeAt: 0 };
      this.lines.set(peer, line);
    }
    return line;
  }
}

function checkKbps(kbps: number): number {
  if (!(kbps > 0)) throw new RangeError(`bandwidthKbps: expected more than 0, got ${kbps}`);
  return kbps;
}
