import { defineConfig } from 'vitest/config';

const source = ['@peerpigeon/source'];

export default defineConfig({
  resolve: { conditions: [...source, 'import', 'module', 'node', 'default'] },
  ssr: { resolve: { conditions: [...source, 'import', 'module', 'node', 'default'] } },
  test: { include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'] },
});
