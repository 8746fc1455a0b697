import { afterEach, expect, it, vi } from 'vitest';
import { nodeStorage } from '../src/adapters/node-storage.js';

afterEach(() => vi.doUnmock('classic-level'));

it('S168: in Node without classic-level nodeStorage says so, and what to do', async () => {
  vi.doMock('classic-level', () => {
    throw new Error("Cannot find package 'classic-level'");
  });
  await expect(nodeStorage('/nowhere').open('a')).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    details: { missing: 'LevelDB' },
    message: expect.stringContaining('npm install classic-level'),
  });
});

it('a full disk is told from other failures', async () => {
  class Level {
    async open(): Promise<void> {}
    async batch(): Promise<void> {
      throw new Error('IO error: /data/000003.log: No space left on device');
    }
    async get(): Promise<void> {
      throw new Error('Corruption: block checksum mismatch');
    }
  }
  vi.doMock('classic-level', () => ({ ClassicLevel: Level }));
  const store = await nodeStorage('/nowhere').open('a');
  await expect(store.set('a', new Uint8Array(1))).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    details: { reason: 'full' },
    cause: expect.objectContaining({ message: expect.stringContaining('000003.log') }),
  });
  await expect(store.get('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { reason: 'failed' } });
});
