import type { PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import { keptToBytes } from './kept.js';
import type { Digest } from './message.js';
import { SPACES, keyId } from './record.js';
import type { Key } from './record.js';
import { copyOf } from './store.js';
import type { Held, Shelf } from './store.js';

/** Has storage keep what the store holds, and compares that with what others hold. */
export class Keeper {
  private readonly context: Context;
  private readonly jobs = new Map<number, (ok: boolean) => void>();
  private nextJob = 1;

  constructor(context: Context) {
    this.context = context;
  }

  /**
   * Has storage keep what is held of a key and author, or nothing; calls back once it does. Calls back at once where storage does
   * not last: then nothing is gained by waiting.
   */
  persist(key: Key, author: PeerId, done: (ok: boolean) => void): void {
    const { config, store, wall, now } = this.context;
    if (!config.durable) return done(true);
    const id = keyId(key);
    const held = store.shelf(id)?.records.get(author);
    const bytes = held === undefined ? null : keptToBytes({ key, copy: copyOf(held, now) }, wall);
    const job = this.nextJob++;
    this.jobs.set(job, done);
    this.context.put({ type: 'persist', job, name: `${SPACES.indexOf(key.space)}/${id}/${author}`, bytes });
  }

  /** Gives a key up, here and in storage. */
  forget({ id, key, records }: Shelf): void {
    this.context.store.drop(id);
    for (const author of records.keys()) this.persist(key, author, () => {});
  }

  /** Storage has carried out a job, or could not. */
  persisted(job: number, ok: boolean): void {
    const done = this.jobs.get(job);
    this.jobs.delete(job);
    done?.(ok);
  }

  /** Of records that are offered: which are to be sent, and of which a newer one is here. By their place in the offer. */
  weigh(digests: readonly Digest[]): { readonly want: readonly number[]; readonly newer: readonly number[] } {
    const want: number[] = [];
    const newer: number[] = [];
    digests.forEach((digest, place) => {
      const held = this.context.store.shelf(keyId(digest.key))?.records.get(digest.author);
      const order = held === undefined ? -1 : compare(held, digest);
      if (order < 0) want.push(place);
      if (order > 0) newer.push(place);
    });
    return { want, newer };
  }
}

/** Positive: what is held is newer. */
function compare({ version, issuedAt, ttlMs }: Held, digest: Digest): number {
  return version === digest.version ? issuedAt + ttlMs - digest.endsAt : version - digest.version;
}
