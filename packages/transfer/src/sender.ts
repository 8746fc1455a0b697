import type { Millis, PeerId } from '@peerpigeon/core';
import { Deadline } from './deadline.js';
import type { Event } from './event.js';
import { LinkWindow } from './link-window.js';
import { MerkleTree } from './merkle.js';
import type { Ack, Chunk, Description, Reason, TransferId } from './message.js';
import type { Output } from './output.js';
import { RoundTrip } from './round-trip.js';
import type { DirectLink, Host } from './way.js';

/**
 * `waiting`: others are sent to that peer first. `offered`: not answered yet. `sending`: until the receiver has said that it
 * has all of it.
 */
export type SenderState = 'waiting' | 'offered' | 'sending';

/** A block that the receiver has not verified yet. */
interface Block {
  readonly offset: number;
  readonly length: number;
  readonly hash: Uint8Array;
}

/** Acknowledgements that show the same gap before what follows it is sent again (RFC 5681 §3.2). */
const DUPLICATES = 3;

/**
 * The sending end of one transfer. It hashes the source block by block, sends what credit, window and link allow, and goes
 * back to what the receiver has where a way loses messages: by the timer and by repeated acknowledgements over other peers;
 * over a link, which loses nothing, only when the link was another one before.
 */
export class Sender {
  readonly id: TransferId;
  readonly peer: PeerId;
  readonly description: Description;
  state: SenderState = 'waiting';
  private readonly host: Host;
  private readonly deadline: Deadline;
  private readonly roundTrip: RoundTrip;
  private readonly tree = new MerkleTree();
  private readonly startedAt: Millis;
  private offeredAt: Millis = 0;
  /** Blocks from what is verified to what is hashed. */
  private blocks: Block[] = [];
  private hashedTo = 0;
  private hashing = false;
  /** The size, once the source has ended. */
  private total: number | undefined;
  /** What is sent next, how far the source has been asked, and how far anything was ever sent. */
  private next = 0;
  private readTo = 0;
  private sentTo = 0;
  private reads: { readonly offset: number; readonly length: number }[] = [];
  /** The link that keeps room for `reads`. */
  private lender: DirectLink | undefined;
  private endSent = false;
  /** As the receiver said last. */
  private received = 0;
  private verified = 0;
  private credit = 0;
  private rewinds = 0;
  /** Unacknowledged bytes that the link is given, and that other peers are. */
  private linkWindow: LinkWindow;
  private window: number;
  private duplicates = 0;
  /** Where the receiver stands is to be heard first: the way has changed. */
  private syncing = false;
  /** Answers over a link in a row that show no progress. */
  private stalled = 0;
  private timed: { readonly upTo: number; readonly at: Millis } | undefined;
  /** When it was asked where the receiver stands, until an answer came. */
  private askedAt: Millis | undefined;
  private heardAt: Millis;
  /** Since when nothing was sent and nothing new was heard. */
  private idleSince: Millis;
  private probeMs: Millis;

  constructor(id: TransferId, peer: PeerId, description: Description, host: Host, now: Millis) {
    this.id = id;
    this.peer = peer;
    this.description = description;
    this.host = host;
    this.deadline = new Deadline(id);
    this.roundTrip = new RoundTrip(host.config);
    this.linkWindow = new LinkWindow(host.config);
    this.window = host.config.relayWindowBytes;
    this.probeMs = host.config.firstTimeoutMs;
    this.startedAt = now;
    this.heardAt = now;
    this.idleSince = now;
  }

  /** Its turn has come. */
  start(now: Millis, out: Output[]): void {
    this.state = 'offered';
    this.offeredAt = now;
    this.heardAt = now;
    this.ask(now, out);
  }

  /** The way to the receiver is another one. */
  onWay(now: Millis, out: Output[]): void {
    if (this.state === 'waiting') return;
    this.probeMs = this.host.config.firstTimeoutMs;
    this.linkWindow = new LinkWindow(this.host.config);
    if (this.state === 'sending') {
      this.syncing = true;
      this.goBack(this.received);
    }
    this.ask(now, out);
  }

  onAck(ack: Ack, now: Millis, out: Output[]): void {
    if (this.state === 'waiting' || ack.received > this.sentTo) {
      const detail = `received ${ack.received} of ${this.sentTo} bytes sent`;
      out.push({ type: 'violation', peer: this.peer, code: 'unexpected', detail });
      return;
    }
    this.heardAt = now;
    if (this.askedAt !== undefined) this.linkWindow.sample(now - this.askedAt);
    this.askedAt = undefined;
    if (!ack.accepted || ack.rewinds < this.rewinds) return;
    if (this.state === 'offered') {
      this.state = 'sending';
      this.emit({ type: 'accepted', transfer: this.id }, out);
    }
    const same = ack.verified === this.verified && ack.credit === this.credit;
    this.credit = Math.max(this.credit, ack.credit);
    if (ack.rewinds > this.rewinds) {
      this.rewinds = ack.rewinds;
      this.received = Math.max(ack.received, this.verified);
      this.goBack(this.received);
    } else if (ack.received > this.received) {
      this.onProgress(ack.received, now);
    } else if (same && ack.received === this.received && this.next > this.received) {
      this.onNoProgress(now);
    }
    if (this.syncing) {
      this.syncing = false;
      this.goBack(this.received);
    }
    this.onVerified(Math.min(ack.verified, this.received), out);
    this.pump(now, out);
  }

  onHashed(offset: number, length: number, hash: Uint8Array, now: Millis, out: Output[]): void {
    if (!this.hashing || offset !== this.hashedTo) return;
    this.hashing = false;
    const { size, kind } = this.description;
    if (length > 0) {
      this.blocks.push({ offset, length, hash });
      this.tree.add(hash);
      this.hashedTo += length;
    }
    const short = kind !== 'stream' && length < this.host.config.blockBytes;
    if (length === 0 || short || this.hashedTo === size) this.total = this.hashedTo;
    if (size !== null && (this.hashedTo > size || (this.total ?? size) !== size)) {
      return this.end('source', `expected ${size} bytes, got ${this.hashedTo}`, now, out);
    }
    this.pump(now, out);
  }

  onChunk(offset: number, bytes: Uint8Array, now: Millis, out: Output[]): void {
    const [read] = this.reads;
    // What was asked before we went back is not wanted any more.
    if (read === undefined || read.offset !== offset || read.length !== bytes.length) return;
    this.reads.shift();
    if (this.lender !== undefined) {
      this.lender.reserved -= read.length;
      this.lender.writable -= read.length;
    }
    const block = this.blocks.find((each) => each.offset === offset);
    const chunk: Chunk = { type: 'chunk', id: this.id, offset, bytes };
    this.host.send(this.peer, block === undefined ? chunk : { ...chunk, block }, out);
    this.next = offset + bytes.length;
    // What is sent again tells nothing of the round trip (Karn).
    if (this.timed === undefined && this.next > this.sentTo) this.timed = { upTo: this.next, at: now };
    this.sentTo = Math.max(this.sentTo, this.next);
    this.idleSince = now;
    this.pump(now, out);
  }

  /** The link takes more, or another transfer has left room. */
  onRoom(now: Millis, out: Output[]): void {
    this.pump(now, out);
  }

  onDone(path: readonly PeerId[], now: Millis, out: Output[]): void {
    if (this.state !== 'sending' || this.sentTo !== this.total) {
      const detail = 'a transfer is done that has not ended';
      out.push({ type: 'violation', peer: this.peer, code: 'unexpected', detail });
      return;
    }
    const [size, root] = [this.total, this.tree.root()];
    if (this.verified < size) this.emit({ type: 'progress', transfer: this.id, bytes: size }, out);
    this.emit({ type: 'completed', transfer: this.id, size, root, tookMs: now - this.startedAt, path }, out);
    this.host.over('done', now, out);
  }

  onTimer(now: Millis, out: Output[]): void {
    if (!this.deadline.fired(now)) return;
    const { config } = this.host;
    if (this.state === 'offered' && now >= this.offeredAt + config.offerPatienceMs) {
      return this.end('unanswered', 'nobody has answered the offer', now, out);
    }
    if (now >= this.heardAt + this.patienceMs) return this.end('lost', 'nothing heard of the receiver', now, out);
    if (now < this.idleSince + this.timeoutMs) return this.arm(out);
    if (this.unacknowledged && this.host.link(this.peer) === undefined) {
      this.roundTrip.expired();
      this.goBack(this.received);
      this.shrink();
      this.idleSince = now;
      this.pump(now, out);
      return this.arm(out);
    }
    this.probeMs = Math.min(config.maxProbeMs, 2 * this.probeMs);
    this.ask(now, out);
  }

  /** Ends it from this side, and tells the other. */
  end(reason: Reason, text: string, now: Millis, out: Output[]): void {
    if (this.state !== 'waiting') {
      this.host.send(this.peer, { type: 'cancel', id: this.id, side: 'sender', reason, text }, out);
    }
    this.failed(reason, text, 'local', now, out);
  }

  /** It has ended: the application learns why. */
  failed(reason: Reason, text: string, by: 'local' | 'remote', now: Millis, out: Output[]): void {
    this.goBack(this.next);
    this.emit({ type: 'failed', transfer: this.id, reason, text, by }, out);
    this.host.over(reason, now, out);
  }

  private get patienceMs(): Millis {
    const { patienceMs, messagePatienceMs } = this.host.config;
    return this.description.kind === 'message' ? messagePatienceMs : patienceMs;
  }

  private get unacknowledged(): boolean {
    return this.state === 'sending' && !this.syncing && (this.next > this.received || this.endSent);
  }

  private get timeoutMs(): Millis {
    if (this.unacknowledged && this.host.link(this.peer) === undefined) return this.roundTrip.timeoutMs;
    return this.probeMs;
  }

  private onProgress(received: number, now: Millis): void {
    const { config } = this.host;
    if (this.timed !== undefined && received >= this.timed.upTo) {
      this.roundTrip.sample(now - this.timed.at);
      this.linkWindow.sample(now - this.timed.at);
      this.timed = undefined;
    }
    this.roundTrip.progressed();
    this.linkWindow.progressed(received, now);
    this.window = Math.min(config.maxRelayWindowBytes, this.window + config.relayChunkBytes / 4);
    this.received = received;
    this.duplicates = 0;
    this.stalled = 0;
    this.probeMs = config.firstTimeoutMs;
    this.idleSince = now;
    // Copies of before we went back have arrived after all.
    if (received > this.next) this.goBack(received);
  }

  /** The receiver lacks what comes next, and hears of what follows. */
  private onNoProgress(now: Millis): void {
    if (this.host.link(this.peer) === undefined) {
      if (++this.duplicates !== DUPLICATES) return;
      this.goBack(this.received);
      this.shrink();
    } else if (now >= this.idleSince + this.host.config.maxProbeMs && ++this.stalled === 2) {
      // No link loses anything; but better twice than never.
      this.goBack(this.received);
    }
  }

  private shrink(): void {
    this.window = Math.max(this.host.config.minRelayWindowBytes, this.window / 2);
  }

  private onVerified(verified: number, out: Output[]): void {
    if (verified <= this.verified) return;
    this.verified = verified;
    while (this.blocks.length > 0 && ends(this.blocks[0] as Block) <= verified) this.blocks.shift();
    out.push({ type: 'forget', transfer: this.id, offset: verified });
    this.emit({ type: 'progress', transfer: this.id, bytes: verified }, out);
  }

  private goBack(to: number): void {
    if (this.lender !== undefined) for (const { length } of this.reads) this.lender.reserved -= length;
    this.next = to;
    this.readTo = to;
    this.reads = [];
    this.timed = undefined;
    this.duplicates = 0;
    this.endSent = false;
  }

  /** Sends whatever may be sent. */
  private pump(now: Millis, out: Output[]): void {
    if (this.state !== 'sending') return;
    const { config } = this.host;
    const ahead = this.hashedTo - this.next < config.readAheadBytes && this.blocks.length < config.maxBlocks;
    if (!this.hashing && this.total === undefined && ahead) {
      this.hashing = true;
      const length = Math.min(config.blockBytes, (this.description.size ?? Infinity) - this.hashedTo);
      out.push({ type: 'hash', transfer: this.id, offset: this.hashedTo, length, attempt: 0 });
    }
    if (this.syncing) return;
    while (this.reads.length < config.maxReads && this.readNext(out));
    if (this.next === this.total && !this.endSent) {
      this.endSent = true;
      this.idleSince = now;
      this.host.send(this.peer, { type: 'end', id: this.id, size: this.total, root: this.tree.root() }, out);
    }
    this.arm(out);
  }

  private readNext(out: Output[]): boolean {
    const { config } = this.host;
    const link = this.host.link(this.peer);
    const offset = this.readTo;
    const block = this.blocks.find((each) => offset < ends(each));
    if (block === undefined) return false;
    const most = link?.maxChunkBytes ?? config.relayChunkBytes;
    // Chunks of one size, so that none is a small rest.
    const even = Math.ceil(block.length / Math.ceil(block.length / most));
    const wanted = Math.min(even, ends(block) - offset);
    const length = link === undefined ? wanted : Math.min(wanted, this.roomOn(link));
    const sent = offset + length;
    if (length < Math.min(wanted, config.minChunkBytes) || sent > this.credit) return false;
    if (!this.hasRoom(offset, sent, link === undefined)) return false;
    // A new link has no part in what was read for another one: there the reads were forgotten.
    this.lender = link;
    if (link !== undefined) link.reserved += length;
    this.readTo = sent;
    this.reads.push({ offset, length });
    out.push({ type: 'read', transfer: this.id, offset, length });
    return true;
  }

  /** Whether the window has room; for one chunk there always is. */
  private hasRoom(offset: number, sent: number, isRelayed: boolean): boolean {
    if (isRelayed) return sent - this.received <= this.window;
    if (offset === this.received || sent - this.received <= this.linkWindow.bytes) return true;
    this.linkWindow.full();
    return false;
  }

  /** What a link takes now; while more is being read, a whole chunk may fit a moment later. */
  private roomOn({ writable, reserved, maxChunkBytes }: DirectLink): number {
    const room = writable - reserved;
    if (reserved > 0 && room < maxChunkBytes) return 0;
    // Several chunks to a window, so that the path is not idle while one is acknowledged.
    return Math.min(room, Math.max(this.host.config.minChunkBytes, Math.floor(this.linkWindow.bytes / 4)));
  }

  /** Says what this is, which asks where the receiver stands. */
  private ask(now: Millis, out: Output[]): void {
    this.idleSince = now;
    this.askedAt = now;
    this.host.send(this.peer, { type: 'offer', id: this.id, ...this.description }, out);
    this.arm(out);
  }

  private arm(out: Output[]): void {
    this.deadline.by(Math.min(this.idleSince + this.timeoutMs, this.heardAt + this.patienceMs), out);
  }

  private emit(event: Event, out: Output[]): void {
    out.push({ type: 'event', event });
  }
}

function ends({ offset, length }: Block): number {
  return offset + length;
}
