import { equalBytes } from '@peerpigeon/core';
import type { Millis, PeerId, ViolationCode } from '@peerpigeon/core';
import { Deadline } from './deadline.js';
import type { Event } from './event.js';
import { MerkleTree } from './merkle.js';
import type { Chunk, Description, End, Reason, TransferId } from './message.js';
import type { Handle, Output } from './output.js';
import type { Host } from './way.js';

/** `offered`: our application has not decided. `finishing`: it has everything, and is closing its sink. */
export type ReceiverState = 'offered' | 'receiving' | 'finishing';

/** A block that was announced; `good` once its hash is right. */
interface Block {
  readonly offset: number;
  readonly length: number;
  readonly hash: Uint8Array;
  good: boolean;
}

/**
 * The receiving end of one transfer. Bytes are taken in order; a block counts, and goes to the application, when it is what
 * was announced. Credit follows what the application has taken.
 */
export class Receiver {
  readonly handle: Handle;
  readonly id: TransferId;
  readonly peer: PeerId;
  readonly description: Description;
  state: ReceiverState = 'offered';
  private readonly host: Host;
  private readonly deadline: Deadline;
  private readonly tree = new MerkleTree();
  private readonly startedAt: Millis;
  /** Blocks that the application has not been given; the last one may be incomplete. */
  private blocks: Block[] = [];
  private received = 0;
  private verified = 0;
  private written = 0;
  private credit = 0;
  private rewinds = 0;
  private end: End | undefined;
  /** What the sender knows of. */
  private ackedBytes = 0;
  private ackedCredit = 0;
  private heardAt: Millis;
  private askedAt: Millis;
  private path: readonly PeerId[] = [];

  constructor(handle: Handle, id: TransferId, peer: PeerId, description: Description, host: Host, now: Millis) {
    this.handle = handle;
    this.id = id;
    this.peer = peer;
    this.description = description;
    this.host = host;
    this.deadline = new Deadline(handle);
    this.startedAt = now;
    this.heardAt = now;
    this.askedAt = now;
  }

  /** Bytes that it may hold in memory. */
  get heldBytes(): number {
    const { size, kind } = this.description;
    return kind === 'message' ? (size ?? 0) : this.host.config.windowBytes;
  }

  accept(out: Output[]): void {
    if (this.state !== 'offered') return;
    this.state = 'receiving';
    this.grant();
    this.ack(out);
    this.arm(out);
  }

  /** The offer again: where do we stand? */
  onOffer(now: Millis, out: Output[]): void {
    this.heardAt = now;
    this.ack(out);
    this.arm(out);
  }

  onChunk(chunk: Chunk, path: readonly PeerId[], now: Millis, out: Output[]): void {
    this.heardAt = now;
    this.path = path;
    const to = chunk.offset + chunk.bytes.length;
    if (this.state !== 'receiving') return this.ack(out);
    if (to > this.credit) return this.violation('over-limit', `bytes to ${to}, credit to ${this.credit}`, out);
    // A copy; or something before it is missing: the sender learns from where.
    if (to <= this.received || chunk.offset > this.received) return this.ack(out);
    const block = this.blockOf(chunk, out);
    if (block === undefined) return;
    const bytes = chunk.bytes.subarray(this.received - chunk.offset);
    out.push({
      type: 'write',
      transfer: this.handle,
      block: block.offset,
      blockLength: block.length,
      offset: this.received,
      bytes,
    });
    this.received = to;
    if (to === block.offset + block.length) {
      const { offset, length } = block;
      out.push({ type: 'hash', transfer: this.handle, offset, length, attempt: this.rewinds });
    }
    // A large chunk is a quarter of its sender's window at most: every second one will do.
    const large = this.host.config.largeChunkBytes;
    const waits = chunk.bytes.length >= large && to - this.ackedBytes < 2 * chunk.bytes.length;
    if (!waits || this.host.link(this.peer) === undefined) this.ack(out);
    this.arm(out);
  }

  onHashed(offset: number, attempt: number, hash: Uint8Array, now: Millis, out: Output[]): void {
    const block = this.blocks.find((each) => each.offset === offset);
    // One that was thrown away meanwhile comes again, and is hashed again.
    if (block === undefined || attempt !== this.rewinds || block.good) return;
    if (!equalBytes(hash, block.hash)) return this.rewind(block, now, out);
    block.good = true;
    for (const next of this.blocks) {
      if (next.offset < this.verified) continue;
      if (!next.good) break;
      this.verified = next.offset + next.length;
      this.tree.add(next.hash);
      out.push({ type: 'commit', transfer: this.handle, offset: next.offset, length: next.length });
    }
    this.ack(out);
    this.finish(now, out);
  }

  onWritten(offset: number, now: Millis, out: Output[]): void {
    if (offset <= this.written || offset > this.verified) return;
    this.written = offset;
    while (this.blocks.length > 0 && ends(this.blocks[0] as Block) <= offset) this.blocks.shift();
    this.emit({ type: 'progress', transfer: this.handle, bytes: offset }, out);
    this.grant();
    if (this.credit - this.ackedCredit >= this.host.config.windowBytes / 8) this.ack(out);
    this.finish(now, out);
  }

  onEnd(end: End, path: readonly PeerId[], now: Millis, out: Output[]): void {
    this.heardAt = now;
    this.path = path;
    const { size } = this.description;
    if (end.size < this.received || (size !== null && end.size !== size)) {
      this.violation(
        'unexpected',
        `an end at ${end.size} of ${size ?? 'unknown'} bytes, ${this.received} received`,
        out,
      );
      return this.cancel('corrupt', 'an end that is none', now, out);
    }
    this.end ??= end;
    this.ack(out);
    this.finish(now, out);
  }

  onFinished(now: Millis, out: Output[]): void {
    if (this.state !== 'finishing') return;
    const { handle: transfer, path } = this;
    this.host.send(this.peer, { type: 'done', id: this.id }, out);
    const [size, root] = [this.verified, this.tree.root()];
    this.emit({ type: 'completed', transfer, size, root, tookMs: now - this.startedAt, path }, out);
    this.host.over('done', now, out);
  }

  onTimer(now: Millis, out: Output[]): void {
    if (!this.deadline.fired(now)) return;
    const { patienceMs } = this.host.config;
    if (now >= this.heardAt + patienceMs) return this.cancel('lost', 'nothing heard of the sender', now, out);
    if (now >= this.askAt) {
      this.askedAt = now;
      this.ack(out);
    }
    this.arm(out);
  }

  /** Ends it from this side, and tells the other. */
  cancel(reason: Reason, text: string, now: Millis, out: Output[]): void {
    this.host.send(this.peer, { type: 'cancel', id: this.id, side: 'receiver', reason, text }, out);
    this.failed(reason, text, 'local', now, out);
  }

  /** It has ended: the application learns why. */
  failed(reason: Reason, text: string, by: 'local' | 'remote', now: Millis, out: Output[]): void {
    this.emit({ type: 'failed', transfer: this.handle, reason, text, by }, out);
    this.host.over(reason, now, out);
  }

  /** The block that the chunk, which holds the next byte, belongs to. */
  private blockOf({ offset, bytes, block }: Chunk, out: Output[]): Block | undefined {
    const to = offset + bytes.length;
    const last = this.blocks[this.blocks.length - 1];
    if (last !== undefined && ends(last) > this.received) {
      if (to <= ends(last)) return last;
      this.violation('unexpected', `bytes to ${to}, a block to ${ends(last)}`, out);
      return undefined;
    }
    const most = this.end?.size ?? this.description.size ?? Infinity;
    if (block === undefined || offset !== this.received || offset + block.length > most) {
      this.violation('unexpected', `no block begins at ${this.received} of ${most} bytes`, out);
      return undefined;
    }
    // Of small blocks a sender keeps fewer under way; what comes all the same is asked for again.
    if (this.blocks.length >= this.host.config.maxBlocks) return undefined;
    const begun = { offset, length: block.length, hash: block.hash.slice(), good: false };
    this.blocks.push(begun);
    return begun;
  }

  /** A block is not what was announced: it and what followed it must come again. */
  private rewind(block: Block, now: Millis, out: Output[]): void {
    this.violation('forged', `the block at ${block.offset} is not what was announced`, out);
    if (++this.rewinds > this.host.config.maxCorruptBlocks) {
      return this.cancel('corrupt', 'blocks are not what was announced', now, out);
    }
    this.blocks = this.blocks.slice(0, this.blocks.indexOf(block));
    this.received = block.offset;
    // Good ones after it are thrown away as well; the answers for those before it bear an old number.
    for (const { offset, length, good } of this.blocks) {
      if (!good) out.push({ type: 'hash', transfer: this.handle, offset, length, attempt: this.rewinds });
    }
    this.ack(out);
  }

  private finish(now: Millis, out: Output[]): void {
    if (this.end === undefined || this.state !== 'receiving' || this.verified < this.end.size) return;
    if (!equalBytes(this.tree.root(), this.end.root)) {
      this.violation('forged', 'the Merkle root is not that of the blocks', out);
      return this.cancel('corrupt', 'the Merkle root is not that of the blocks', now, out);
    }
    if (this.written < this.end.size) return;
    this.state = 'finishing';
    out.push({ type: 'finish', transfer: this.handle });
  }

  private grant(): void {
    const { windowBytes } = this.host.config;
    const { size, kind } = this.description;
    const most = size ?? Infinity;
    // A message is held whole.
    this.credit = kind === 'message' ? most : Math.min(most, this.written + windowBytes);
  }

  private ack(out: Output[]): void {
    const { received, verified, credit, rewinds } = this;
    this.ackedBytes = received;
    this.ackedCredit = credit;
    const accepted = this.state !== 'offered';
    this.host.send(this.peer, { type: 'ack', id: this.id, accepted, received, verified, credit, rewinds }, out);
  }

  private arm(out: Output[]): void {
    this.deadline.by(Math.min(this.askAt, this.heardAt + this.host.config.patienceMs), out);
  }

  /** When to ask a silent sender, by saying where we stand. */
  private get askAt(): Millis {
    return Math.max(this.heardAt, this.askedAt) + 2 * this.host.config.maxProbeMs;
  }

  private violation(code: ViolationCode, detail: string, out: Output[]): void {
    out.push({ type: 'violation', peer: this.peer, code, detail });
  }

  private emit(event: Event, out: Output[]): void {
    out.push({ type: 'event', event });
  }
}

function ends({ offset, length }: Block): number {
  return offset + length;
}
