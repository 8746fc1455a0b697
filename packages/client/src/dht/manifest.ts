import { bytesToHex, decode, DecodeError, encode, Fields, hexToBytes } from '@peerpigeon/core';
import { MAX_RECORD_BYTES, chunkName } from '@peerpigeon/dht';
import { MAX_ENCODED_BYTES } from './options.js';

/** Of which chunks a large value consists: all of {@link MAX_RECORD_BYTES}, the last one of what is left. */
export interface Manifest {
  /** Encoded length of the value. */
  readonly total: number;
  /** The chunks' names, in order; a chunk that occurs twice is named twice. */
  readonly names: readonly string[];
}

/** A piece of a large value. */
export interface Chunk {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const HASH_BYTES = 32;

/** Cuts an encoded value. */
export function cutIntoChunks(value: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < value.length; at += MAX_RECORD_BYTES) {
    const bytes = value.subarray(at, at + MAX_RECORD_BYTES);
    chunks.push({ name: chunkName(bytes), bytes });
  }
  return chunks;
}

/** PROTOCOL.md, Large values of the DHT. */
export function encodeManifest({ total, names }: Manifest): Uint8Array {
  return encode([total, names.map(hexToBytes)]);
}

/** @throws {DecodeError} on what {@link encodeManifest} has not written */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const fields = new Fields(decode(bytes), 'manifest', 2);
  const total = fields.integer(MAX_RECORD_BYTES + 1, MAX_ENCODED_BYTES);
  const count = Math.ceil(total / MAX_RECORD_BYTES);
  const names = fields.list(count, (hashes) => bytesToHex(hashes.bytes(HASH_BYTES, HASH_BYTES)));
  if (names.length < count)
    throw new DecodeError('UNEXPECTED', `manifest: expected ${count} chunks, got ${names.length}`);
  return { total, names };
}

/** How long the chunk at `index` is. */
export function chunkLength({ total, names }: Manifest, index: number): number {
  return index < names.length - 1 ? MAX_RECORD_BYTES : total - index * MAX_RECORD_BYTES;
}
