import { concatBytes, type Millis } from '@peerpigeon/core';
import { MAX_TTL_MS, chunkName } from '@peerpigeon/dht';
import type { ChunkLedger, Claim } from './chunk-ledger.js';
import { incompleteError } from './failure.js';
import { inLanes } from './lanes.js';
import { chunkLength, type Chunk, type Manifest } from './manifest.js';
import type { Operations, Terms } from './operations.js';

/** Chunks under way at a time, of one value. */
const LANES = 8;
/** Chunks that are kept for values read again: four values of the largest size. A guess. */
const MAX_CACHED_BYTES = 4_194_304;

/** The chunks of large values: each a record of its own, named by the hash of its bytes, so that nobody can give a wrong one. */
export class Chunks {
  private readonly operations: Operations;
  private readonly ledger: ChunkLedger;
  private readonly wall: () => Millis;
  /** Least recently used first. */
  private readonly cache = new Map<string, Uint8Array>();
  private cachedBytes = 0;

  constructor(operations: Operations, ledger: ChunkLedger, wall: () => Millis) {
    this.operations = operations;
    this.ledger = ledger;
    this.wall = wall;
  }

  /** Puts each chunk of a value that is to be put, once. @throws {PeerPigeonError} as a put fails */
  async store(chunks: readonly Chunk[], claim: Claim, replicas: number | undefined, terms: Terms): Promise<void> {
    const distinct = [...new Map(chunks.map((chunk) => [chunk.name, chunk])).values()];
    await inLanes(distinct, LANES, terms, async ({ name, bytes }, each) => {
      const endsAt = Math.max(claim.endsAt, this.ledger.endOf(name));
      const ttlMs =
        endsAt === Infinity ? undefined : Math.min(MAX_TTL_MS, Math.max(1, Math.ceil(endsAt - this.wall())));
      const key = { space: 'chunk', name } as const;
      const put = { type: 'put', key, form: 'plain', value: bytes } as const;
      await this.operations.run(
        { ...put, ...(ttlMs !== undefined && { ttlMs }), ...(replicas !== undefined && { replicas }) },
        each,
      );
      this.keep(name, bytes.slice());
    });
  }

  /** The encoded value at `key` that a manifest describes. @throws {PeerPigeonError} `INCOMPLETE`, and as a get fails */
  async fetch(key: string, manifest: Manifest, terms: Terms): Promise<Uint8Array> {
    const lengths = new Map(manifest.names.map((name, index) => [name, chunkLength(manifest, index)]));
    const names = [...lengths.keys()];
    const found = await inLanes(names, LANES, terms, async (name, each) => this.fetchOne(key, name, each));
    const byName = new Map(names.map((name, index) => [name, found[index] as Uint8Array]));
    const parts = manifest.names.map((name, index) => {
      const bytes = byName.get(name) as Uint8Array;
      // One hash in two places of different length: no value of ours is so.
      if (bytes.length !== chunkLength(manifest, index)) throw incompleteError(key, name);
      return bytes;
    });
    return concatBytes(...parts);
  }

  private async fetchOne(key: string, name: string, terms: Terms): Promise<Uint8Array> {
    const cached = this.cache.get(name);
    if (cached !== undefined) {
      this.cache.delete(name);
      this.cache.set(name, cached);
      return cached;
    }
    // Whoever answers first will do: it cannot be another one.
    const got = await this.operations.run({ type: 'get', key: { space: 'chunk', name }, quorum: 1 }, terms);
    const record = got.type === 'found' ? got.records.find(({ value }) => chunkName(value) === name) : undefined;
    if (record === undefined) throw incompleteError(key, name);
    this.keep(name, record.value.slice());
    return record.value;
  }

  private keep(name: string, bytes: Uint8Array): void {
    if (this.cache.has(name)) return;
    this.cache.set(name, bytes);
    this.cachedBytes += bytes.length;
    for (const [oldest, { length }] of this.cache) {
      if (this.cachedBytes <= MAX_CACHED_BYTES) break;
      this.cache.delete(oldest);
      this.cachedBytes -= length;
    }
  }
}
