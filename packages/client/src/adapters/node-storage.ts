import type { Storage } from '@peerpigeon/mesh';
import type { ClassicLevel } from 'classic-level';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { checkType } from '../argument.js';
import { missing } from '../missing.js';
import type { Write } from './commit-queue.js';
import { checkDurability, type DurableOptions } from './durability.js';
import { DurableStore, storageError, type Database, type StorageFailure } from './durable-store.js';

/**
 * The storage port over files: a LevelDB for each namespace, in a folder of its own below `path`, named by the namespace's
 * SHA-256, since file systems tell fewer names apart. Folders are made as needed.
 *
 * Rejections: `UNSUPPORTED` where the optional peer dependency `classic-level` is not installed or has no binary for this
 * machine; `STORAGE_FAILED` with `details.reason` `inUse` (LevelDB is of one process at a time), `full` or `failed`.
 * @throws {TypeError} when `path` is not a string; {RangeError} for another durability
 */
export function nodeStorage(path: string, options: DurableOptions = {}): Storage {
  checkType('path', path, 'string');
  const sync = checkDurability(options) === 'strict';
  return {
    async open(namespace) {
      const Level = await loadLevel();
      const folder = join(path, createHash('sha256').update(encode(namespace)).digest('hex'));
      const db: Level = new Level(folder, { keyEncoding: 'buffer', valueEncoding: 'view' });
      try {
        await db.open();
      } catch (error) {
        throw storageError(reason(error), error);
      }
      return new DurableStore(new LevelDb(db, sync));
    },
  };
}

type Level = ClassicLevel<Buffer, Uint8Array>;

async function loadLevel(): Promise<typeof ClassicLevel<Buffer, Uint8Array>> {
  try {
    return (await import('classic-level')).ClassicLevel;
  } catch {
    // Not installed, or no binary for this machine.
    throw missing('LevelDB', 'run `npm install classic-level`, or use memoryStorage()');
  }
}

class LevelDb implements Database {
  readonly reason = reason;
  private readonly db: Level;
  private readonly sync: boolean;

  constructor(db: Level, sync: boolean) {
    this.db = db;
    this.sync = sync;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const value = await this.db.get(encode(key));
    return value && new Uint8Array(value);
  }

  async commit(writes: readonly Write[]): Promise<void> {
    const operations = writes.map(([text, value]) => {
      const key = encode(text);
      return value === undefined ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const);
    });
    await this.db.batch(operations, { sync: this.sync });
  }

  async *entries(): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    // LevelDB gives Buffers.
    for await (const [key, value] of this.db.iterator()) yield [key.toString('utf16le'), new Uint8Array(value)];
  }

  close(): Promise<void> {
    return this.db.close();
  }
}

/** UTF-16: UTF-8 has no lone surrogates, and would make one key of many. */
function encode(key: string): Buffer {
  return Buffer.from(key, 'utf16le');
}

/** What abstract-level and LevelDB call it; what opening fails with is the cause. */
function reason(error: unknown): StorageFailure {
  const { code, cause, message } = error as { code?: unknown; cause?: unknown; message?: unknown };
  if (code === 'LEVEL_LOCKED') return 'inUse';
  if (/no space left|ENOSPC|quota/i.test(String(message))) return 'full';
  return cause === undefined ? 'failed' : reason(cause);
}
