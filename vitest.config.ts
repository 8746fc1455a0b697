import { configDefaults, defineConfig } from 'vitest/config';

/** Packages resolve to their sources here, so that tests need no build (except those that say so). */
const conditions = ['@peerpigeon/source', 'import', 'module', 'node', 'default'];
const long = process.env['PEERPIGEON_TIER'] === 'long';
/** Where the set-up has found no Redis, and said so. */
const redisTests = process.env['PEERPIGEON_REDIS'] === 'none' ? ['**/*.redis.test.ts', '**/*.redis.long.test.ts'] : [];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'e2e/test/**/*.test.ts',
      'scripts/test/**/*.test.ts',
    ],
    exclude: [...configDefaults.exclude, ...(long ? [] : ['**/*.long.test.ts']), ...redisTests],
    testTimeout: long ? 600_000 : 30_000,
    hookTimeout: 60_000,
    allowOnly: false,
  },
});
