import {
  bytesToHex,
  decodeContent,
  DecodeError,
  encodeContent,
  ExpiringMap,
  Fields,
  hexToBytes,
} from '@peerpigeon/core';
import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import { MAX_CONTENT_BYTES } from './content.js';
import type { Incoming } from './messenger.js';

/** The channel of parts of broadcasts; PROTOCOL.md, Application channels. */
export const PARTS = 'part';

/**
 * Largest broadcast, in bytes, encoded: 1 MiB. Each byte goes to every peer and is kept there for those who missed it: a
 * quarter of what the history holds.
 */
export const MAX_BROADCAST_BYTES = 1_048_576;

/** What one part carries; the rest of a message is for its header. */
const PART_BYTES = MAX_CONTENT_BYTES - 512;
const MAX_PARTS = Math.ceil(MAX_BROADCAST_BYTES / PART_BYTES);
const ID_BYTES = 16;
const MAX_CHANNEL_LENGTH = 128;

/** Broadcasts that may be incomplete at a time: in all, and of one author. Guesses: 64 MiB when full. */
const MAX_OPEN = 64;
const MAX_OPEN_PER_AUTHOR = 4;
/** How long one may be: as long as others keep what is missing. */
const MAX_AGE_MS: Millis = 300_000;

/** A broadcast of which parts are missing. */
interface Open {
  readonly channel: string;
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
  bytes: number;
  verified: boolean;
}

/** Whether content has to be cut. */
export function needsParts(content: Uint8Array): boolean {
  return content.length > MAX_CONTENT_BYTES;
}

/** Cuts content into the contents of messages on {@link PARTS}. */
export function cutIntoParts(id: MessageId, channel: string, content: Uint8Array): Uint8Array[] {
  const count = Math.ceil(content.length / PART_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const bytes = content.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
    return encodeContent([hexToBytes(id), index, count, channel, bytes]);
  });
}

/**
 * Broadcasts that are longer than a frame: puts their parts together, in whatever order these come. Who begins more than
 * {@link MAX_OPEN_PER_AUTHOR} loses the oldest.
 */
export class Assembly {
  private readonly open = new ExpiringMap<string, Open>({ maxEntries: MAX_OPEN, maxAgeMs: MAX_AGE_MS });

  /** How many are incomplete. */
  get size(): number {
    return this.open.size;
  }

  /**
   * Takes one part; gives the whole message once all are there.
   * @param isWanted whether anybody reads the channel: of others nothing is kept
   * @throws {DecodeError} for what is no part, or does not fit those before
   */
  take(part: Incoming, now: Millis, isWanted: (channel: string) => boolean): Incoming | undefined {
    const { from } = part.envelope;
    const fields = new Fields(decodeContent(part.envelope.content), 'part', 5);
    const id = bytesToHex(fields.bytes(ID_BYTES, ID_BYTES));
    const index = fields.integer(0, MAX_PARTS - 1);
    const count = fields.integer(2, MAX_PARTS);
    const channel = fields.string(MAX_CHANNEL_LENGTH);
    const bytes = fields.bytes(PART_BYTES, 1);
    if (channel === PARTS) throw new DecodeError('UNEXPECTED', 'parts of parts');
    if (!isWanted(channel)) return undefined;
    const key = `${from} ${id}`;
    const open = this.open.get(key, now) ?? this.begin(from, channel, count, now);
    if (open.parts.length !== count || open.channel !== channel || index >= count) {
      throw new DecodeError('UNEXPECTED', `part ${index} of ${count} does not fit ${open.parts.length} parts`);
    }
    if (open.parts[index] !== undefined) return undefined;
    if (open.bytes + bytes.length > MAX_BROADCAST_BYTES) throw new DecodeError('OVER_LIMIT', 'a broadcast over 1 MiB');
    // The part is a view of its frame.
    open.parts[index] = bytes.slice();
    open.bytes += bytes.length;
    open.verified &&= part.verified;
    open.missing--;
    this.open.set(key, open, now);
    if (open.missing > 0) return undefined;
    this.open.delete(key);
    return { ...part, verified: open.verified, envelope: { ...part.envelope, id, channel, content: joined(open) } };
  }

  clear(): void {
    this.open.clear();
  }

  private begin(from: PeerId, channel: string, count: number, now: Millis): Open {
    this.open.prune(now);
    const others = [...this.open.keys(now)].filter((key) => key.startsWith(from));
    for (const oldest of others.slice(0, Math.max(0, others.length + 1 - MAX_OPEN_PER_AUTHOR)))
      this.open.delete(oldest);
    const parts = Array.from<Uint8Array | undefined>({ length: count });
    return { channel, parts, missing: count, bytes: 0, verified: true };
  }
}

function joined({ parts, bytes }: Open): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts as readonly Uint8Array[]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
