import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Output as LinkOutput, SchedulerInput, SchedulerOutput } from '@peerpigeon/link';
import type { Backpressure } from './backpressure.js';
import { LIMITS } from './config.js';
import { MAX_DATAGRAM_BYTES, MAX_RETRANSMITS, datagramBytes } from './datagram.js';
import type { Frame } from './frame.js';
import type { Input } from './input.js';
import type { LinkEntry, LinkTable } from './link-table.js';
import type { Output } from './output.js';
import { priorityOf, sizeOf } from './priority.js';

/** What a scheduler holds: the output that it lets go in the end. */
export type FrameOutput = Extract<Output, { readonly type: 'frame' | 'datagram' }>;

/** What sending asks of the mesh. */
export interface SenderHost {
  /** The time of the input being handled. */
  now(): Millis;
  put(output: Output): void;
  /** The link with a peer takes bulk again. Called while a scheduler is asked: what follows has to wait. */
  writable(peer: PeerId): void;
  /** Not even control messages leave. */
  stuck(entry: LinkEntry): void;
}

/** A sign of life for the link machine; nothing comes of it. */
const WROTE = { type: 'wrote' } as const;
/** The one source of datagrams: they share a link with gossip and routing. */
const DATAGRAMS = 'datagram';

/** Writes to links, as their schedulers let it. */
export class Sender implements Backpressure {
  private readonly table: LinkTable;
  private readonly host: SenderHost;
  private readonly outputs: SchedulerOutput<FrameOutput>[] = [];
  private readonly none: LinkOutput[] = [];

  constructor(table: LinkTable, host: SenderHost) {
    this.table = table;
    this.host = host;
  }

  writable(peer: PeerId, source: string): number {
    return this.ready(peer)?.scheduler.writable(source) ?? 0;
  }

  maxFrameBytes(peer: PeerId): number {
    return this.ready(peer)?.maxFrameBytes ?? 0;
  }

  /** Writes a frame, now or when its turn comes. */
  send(entry: LinkEntry, frame: Frame, source: string = frame.channel): void {
    const { peer, session } = entry;
    const priority = priorityOf(frame);
    const item: FrameOutput = { type: 'frame', peer, session, lane: priority === 'bulk' ? 'bulk' : 'control', frame };
    this.run(entry, { type: 'send', priority, source, bytes: sizeOf(frame), item, key: keyOf(frame) });
  }

  /**
   * Writes a datagram to a linked peer, or says why not.
   * @throws {RangeError} when `maxRetransmits` is not in 0…16
   */
  datagram({ peer, channel, content, maxRetransmits }: Extract<Input, { type: 'datagram' }>): void {
    if (!Number.isInteger(maxRetransmits) || maxRetransmits < 0 || maxRetransmits > MAX_RETRANSMITS) {
      throw new RangeError(`maxRetransmits: expected an integer in [0, ${MAX_RETRANSMITS}], got ${maxRetransmits}`);
    }
    const entry = this.ready(peer);
    const frame = { channel: DATAGRAMS, message: { type: DATAGRAMS, channel, content } } as const;
    const isTooLarge = datagramBytes(frame.message) > MAX_DATAGRAM_BYTES;
    if (entry === undefined || isTooLarge) {
      const reason = isTooLarge ? 'too-large' : 'not-linked';
      return this.host.put({ type: 'event', event: { type: 'datagramFailed', to: peer, channel, reason } });
    }
    const item: FrameOutput = { type: 'datagram', peer, session: entry.session, maxRetransmits, frame };
    const send = { type: 'send', priority: priorityOf(frame), source: DATAGRAMS, bytes: sizeOf(frame), item } as const;
    this.run(entry, { ...send, maxBytes: LIMITS.datagramBytes });
  }

  /** The transport of a link has told how much of what it was given has left. */
  drained(entry: LinkEntry, input: Extract<SchedulerInput<FrameOutput>, { type: 'drained' }>): void {
    this.run(entry, input);
  }

  private ready(peer: PeerId): LinkEntry | undefined {
    const entry = this.table.get(peer);
    return entry?.phase === 'connecting' ? undefined : entry;
  }

  private run(entry: LinkEntry, input: SchedulerInput<FrameOutput>): void {
    const { outputs } = this;
    entry.scheduler.handle(input, this.host.now(), outputs);
    for (const output of outputs) this.carryOut(entry, output);
    outputs.length = 0;
  }

  private carryOut(entry: LinkEntry, output: SchedulerOutput<FrameOutput>): void {
    const { peer, session } = entry;
    switch (output.type) {
      case 'write':
        entry.link.handle(WROTE, this.host.now(), this.none);
        return this.host.put(output.item);
      case 'drain':
        return this.host.put({ type: 'transport', peer, session, command: output });
      case 'writable':
        if (entry.phase !== 'connecting') this.host.writable(peer);
        return;
      case 'dropped':
        entry.dropped++;
        return;
      case 'stuck':
        return this.host.stuck(entry);
    }
  }
}

/** A broadcast that waits for a busy link need not wait there twice: anti-entropy sends again what has not left yet. */
function keyOf(frame: Frame): MessageId | undefined {
  return frame.channel === 'gossip' && 'envelope' in frame.message ? frame.message.envelope.id : undefined;
}
