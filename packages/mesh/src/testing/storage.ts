import { assert } from '@peerpigeon/core';
import type { Storage } from '../ports.js';
import { equal, type Conformance } from './conformance.js';

/** An empty storage to judge. */
export interface StorageFixture {
  readonly storage: Storage;
}

/** What every {@link Storage} keeps. */
export function storageConformance(make: () => StorageFixture): Conformance[] {
  const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
  return [
    {
      name: 'an absent key gives undefined',
      run: async () => equal(await make().storage.get('absent'), undefined, 'absent'),
    },
    {
      name: 'keeps what was set last, empty values and odd keys included',
      run: async () => {
        const { storage } = make();
        await storage.set('a', bytes(1, 2, 3));
        await storage.set('a', bytes(4));
        await storage.set('', bytes());
        await storage.set('__proto__', bytes(7));
        equal(await storage.get('a'), bytes(4), 'a');
        equal(await storage.get(''), bytes(), 'the empty key');
        equal(await storage.get('__proto__'), bytes(7), '__proto__');
      },
    },
    {
      name: 'forgets what is deleted; to delete an absent key is harmless',
      run: async () => {
        const { storage } = make();
        await storage.set('a', bytes(1));
        await storage.delete('a');
        await storage.delete('a');
        equal(await storage.get('a'), undefined, 'a');
      },
    },
    {
      name: 'keeps a copy: bytes changed afterwards do not change it',
      run: async () => {
        const { storage } = make();
        const given = bytes(1, 2);
        await storage.set('a', given);
        given[0] = 9;
        const got = await storage.get('a');
        equal(got, bytes(1, 2), 'after the giver changed its bytes');
        assert(got !== undefined, 'the value is there');
        got[0] = 9;
        equal(await storage.get('a'), bytes(1, 2), 'after the receiver changed its bytes');
      },
    },
  ];
}
