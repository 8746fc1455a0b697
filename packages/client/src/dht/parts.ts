import { assert, type PeerId } from '@peerpigeon/core';
import { DEFAULTS, type DhtRecord, type Key } from '@peerpigeon/dht';
import type { Operations, Success, Terms } from './operations.js';
import type { Change, Subscriptions } from './subscriptions.js';
import type { DhtStored } from './values.js';

/** What is put besides the bytes: as of `WebDHT.put`. */
export interface PartOptions {
  readonly ttlMs?: number;
  readonly replicas?: number;
}

/** Parts of one key: each author's record is its own, and none replaces another's. For data types that merge. */
export class PartStore {
  private readonly operations: Operations;
  private readonly subscriptions: Subscriptions;

  constructor(operations: Operations, subscriptions: Subscriptions) {
    this.operations = operations;
    this.subscriptions = subscriptions;
  }

  /** The parts of all authors, by author; as many as a key may have. @throws {PeerPigeonError} as a get fails */
  async all(name: string, terms: Terms = {}): Promise<Map<PeerId, DhtRecord>> {
    return this.following(name, await this.operations.run({ type: 'get', key: partKey(name) }, terms), terms);
  }

  /** Puts the own part: 16 KiB at most. @throws {PeerPigeonError} as a put fails */
  async put(name: string, bytes: Uint8Array, options: PartOptions = {}, terms: Terms = {}): Promise<DhtStored> {
    const { ttlMs, replicas } = options;
    const put = { type: 'put', key: partKey(name), form: 'plain', value: bytes } as const;
    const outcome = await this.operations.run(
      { ...put, ...(ttlMs !== undefined && { ttlMs }), ...(replicas !== undefined && { replicas }) },
      terms,
    );
    // Without an expected version there is no conflict.
    assert(outcome.type === 'stored', 'a part is stored or fails');
    return { version: outcome.record.version, copies: outcome.copies };
  }

  /**
   * Calls the listener with each change of a part from now on, one's own too; resolves with what there is.
   * @throws {PeerPigeonError} as a get fails; then the listener is removed
   */
  async on(
    name: string,
    listener: (change: Change) => void,
    terms: Terms = {},
  ): Promise<{ readonly parts: Map<PeerId, DhtRecord>; readonly stop: () => void }> {
    const key = partKey(name);
    const own = (change: Change): void => listener(change);
    const stop = (): void => this.subscriptions.remove(key, own);
    try {
      return { parts: await this.following(name, await this.subscriptions.add(key, own, terms), terms), stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  /** A page and those after it. */
  private async following(name: string, first: Success, terms: Terms): Promise<Map<PeerId, DhtRecord>> {
    const parts = new Map<PeerId, DhtRecord>();
    for (let page = first; page.type === 'found';) {
      for (const record of page.records) parts.set(record.author, record);
      const after = page.records
        .map(({ author }) => author)
        .sort()
        .pop();
      if (!page.more || after === undefined || parts.size >= DEFAULTS.maxAuthorsPerKey) break;
      page = await this.operations.run({ type: 'get', key: partKey(name), after }, terms);
    }
    return parts;
  }
}

function partKey(name: string): Key {
  return { space: 'part', name };
}
