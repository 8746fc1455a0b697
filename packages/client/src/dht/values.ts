import { decodeContent, DecodeError, PeerPigeonError, type Millis, type PeerId, type Plain } from '@peerpigeon/core';
import { DEFAULTS, MAX_RECORD_BYTES } from '@peerpigeon/dht';
import type { DhtRecord, Form, Key } from '@peerpigeon/dht';
import { ChunkLedger, type Claim } from './chunk-ledger.js';
import { Chunks } from './chunks.js';
import { conflictError, malformedError } from './failure.js';
import { cutIntoChunks, decodeManifest, encodeManifest, type Chunk, type Manifest } from './manifest.js';
import type { DhtDeleteOptions, DhtGetOptions, DhtPutOptions } from './options.js';
import type { Operations, Success, Terms } from './operations.js';

/** What came of a write. */
export interface DhtStored {
  /** Higher than any that this peer knew of; give it as `expectedVersion` to replace just this one. */
  readonly version: number;
  /** How many peers have confirmed that they hold it. */
  readonly copies: number;
}

/** What the mesh knows of a key. */
export interface DhtEntry<Value = unknown> {
  readonly value: Value;
  readonly version: number;
  /** Who wrote it. */
  readonly from: PeerId;
  /** When it ends unless it is renewed, ms since 1970, by its writer's clock. */
  readonly expiresAt: Millis;
}

/** Errors after which a write may have been carried out. */
const UNCERTAIN: readonly string[] = ['TIMEOUT', 'ABORTED', 'DISCONNECTED'];

export function valueKey(name: string): Key {
  return { space: 'value', name };
}

/** Values of keys, whatever their size. Its arguments are checked. */
export class Values {
  private readonly operations: Operations;
  private readonly self: PeerId;
  private readonly wall: () => Millis;
  private readonly ledger = new ChunkLedger();
  private readonly chunks: Chunks;
  /** Large values of ours by key: the newest one. */
  private readonly own = new Map<string, { readonly version: number; readonly claim: Claim }>();

  constructor(operations: Operations, self: PeerId, wall: () => Millis) {
    this.operations = operations;
    this.self = self;
    this.wall = wall;
    this.chunks = new Chunks(operations, this.ledger, wall);
  }

  /** See `WebDHT.put`. */
  async put(name: string, encoded: Uint8Array, options: DhtPutOptions, terms: Terms): Promise<DhtStored> {
    if (encoded.length <= MAX_RECORD_BYTES) return this.write(name, 'plain', encoded, options, terms);
    const chunks = cutIntoChunks(encoded);
    const manifest = { total: encoded.length, names: chunks.map((chunk) => chunk.name) };
    const endsAt = options.ttlMs === undefined ? Infinity : this.wall() + options.ttlMs;
    const claim = this.ledger.claim(manifest.names, endsAt);
    try {
      return await this.writeLarge(name, manifest, chunks, claim, options, terms);
    } catch (error) {
      if (!UNCERTAIN.includes((error as PeerPigeonError).code)) this.release(claim);
      throw error;
    }
  }

  /** See `WebDHT.delete`. */
  async delete(name: string, options: DhtDeleteOptions, terms: Terms): Promise<DhtStored> {
    return this.write(name, 'deleted', new Uint8Array(0), options, terms);
  }

  /** The newest record of a key; null for none. */
  async find(name: string, { quorum }: DhtGetOptions, terms: Terms): Promise<DhtRecord | null> {
    const key = valueKey(name);
    const got = await this.operations.run({ type: 'get', key, ...(quorum !== undefined && { quorum }) }, terms);
    return this.newest(name, got);
  }

  /** The record that there is of a key; null for none. */
  newest(name: string, got: Success): DhtRecord | null {
    const record = got.type === 'found' ? (got.records[0] ?? null) : got.record;
    // Somebody else's counts: what ours consists of is no longer needed.
    if (record !== null && record.author !== this.self) this.disown(name, record.version);
    return record;
  }

  /**
   * The value of a record: at once unless it is a large one.
   * @throws {PeerPigeonError} `MALFORMED`, `INCOMPLETE`, and as a get fails
   */
  read(name: string, record: DhtRecord | null, terms: Terms = {}): Plain | Promise<Plain> {
    if (record === null || record.form === 'deleted') return null;
    try {
      if (record.form === 'plain') return decodeContent(record.value);
      return this.readLarge(name, record, decodeManifest(record.value), terms);
    } catch (error) {
      throw error instanceof DecodeError ? malformedError(name, record, error) : error;
    }
  }

  /** The value of a record; undefined where it cannot be read. */
  async readIfThere(name: string, record: DhtRecord | null, terms: Terms = {}): Promise<Plain> {
    try {
      return await this.read(name, record, terms);
    } catch (error) {
      if (error instanceof PeerPigeonError) return undefined;
      throw error;
    }
  }

  /** Notes a large value of ours from before this run, so that its chunks end with it. */
  recall(name: string, record: DhtRecord): void {
    if (record.author !== this.self || record.form !== 'chunked') return;
    try {
      const { names } = decodeManifest(record.value);
      this.adopt(name, record.version, this.ledger.claim(names, record.issuedAt + record.ttlMs));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  private async writeLarge(
    name: string,
    manifest: Manifest,
    chunks: readonly Chunk[],
    claim: Claim,
    options: DhtPutOptions,
    terms: Terms,
  ): Promise<DhtStored> {
    await this.chunks.store(chunks, claim, options.replicas, terms);
    const stored = await this.write(name, 'chunked', encodeManifest(manifest), options, terms);
    this.adopt(name, stored.version, claim);
    return stored;
  }

  private async write(
    name: string,
    form: Form,
    value: Uint8Array,
    options: DhtPutOptions,
    terms: Terms,
  ): Promise<DhtStored> {
    const { ttlMs, expectedVersion, replicas } = options;
    const outcome = await this.operations.run(
      {
        type: 'put',
        key: valueKey(name),
        form,
        value,
        ...(ttlMs !== undefined && { ttlMs }),
        ...(expectedVersion !== undefined && { expectedVersion }),
        ...(replicas !== undefined && { replicas }),
      },
      terms,
    );
    if (outcome.type !== 'stored') {
      const record = this.newest(name, outcome);
      const there = await this.readIfThere(name, record, terms);
      throw conflictError(name, expectedVersion ?? 0, record?.version ?? 0, there);
    }
    const { record, copies } = outcome;
    if (form !== 'chunked') this.disown(name, record.version);
    return { version: record.version, copies };
  }

  private async readLarge(name: string, record: DhtRecord, manifest: Manifest, terms: Terms): Promise<Plain> {
    const encoded = await this.chunks.fetch(name, manifest, terms);
    try {
      return decodeContent(encoded);
    } catch (error) {
      throw error instanceof DecodeError ? malformedError(name, record, error) : error;
    }
  }

  /** Of two writes that overlap the one with the higher version is the value. */
  private adopt(name: string, version: number, claim: Claim): void {
    const known = this.own.get(name);
    if (known !== undefined && known.version > version) return this.release(claim);
    this.own.set(name, { version, claim });
    if (known !== undefined) this.release(known.claim);
    if (this.own.size > DEFAULTS.maxPublished) this.own.delete(this.own.keys().next().value as string);
  }

  private disown(name: string, version: number): void {
    const known = this.own.get(name);
    if (known === undefined || known.version > version) return;
    this.own.delete(name);
    this.release(known.claim);
  }

  /** Chunks that nothing of ours needs any more are not renewed any more. */
  private release(claim: Claim): void {
    for (const name of this.ledger.release(claim)) this.operations.forsake({ space: 'chunk', name });
  }
}
