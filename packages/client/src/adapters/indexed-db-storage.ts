import type { Storage } from '@peerpigeon/mesh';
import { checkDurability, type DurableOptions } from './durability.js';

/**
 * The storage port over IndexedDB: a database for each namespace, named `peerpigeon/${namespace}`. Tabs of one origin share
 * them write by write. Its code is loaded by the first `open`.
 *
 * Rejections: `UNSUPPORTED` where there is no IndexedDB (Node; some private windows and sandboxed frames); `STORAGE_FAILED`
 * with `details.reason` `full` (the origin's quota), `lost` (the site's data was cleared), or `failed`. A browser may clear what
 * is stored when disks fill up, unless the page has called `navigator.storage.persist()`.
 * @throws {RangeError} for another durability
 */
export function indexedDbStorage(options: DurableOptions = {}): Storage {
  const durability = checkDurability(options);
  return {
    async open(namespace) {
      const { openIndexedDb } = await import('./indexed-db.js');
      return openIndexedDb(`peerpigeon/${namespace}`, durability);
    },
  };
}
