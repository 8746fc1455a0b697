import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';

/**
 * S2, S166: importing a package does nothing. Each entry of each published package is imported as it ships (dist, so
 * `pnpm build` comes first) with traps on every browser global and timer.
 */
const execute = promisify(execFile);
const packagesFolder = new URL('../../packages/', import.meta.url);
const probe = fileURLToPath(new URL('./import-probe.mjs', import.meta.url));

interface Entry {
  name: string;
  path: string;
}

/** The JavaScript files behind a target of `exports`, whatever conditions lead there. */
function files(target: unknown): string[] {
  if (typeof target === 'string') return target.endsWith('.js') ? [target] : [];
  return target !== null && typeof target === 'object' ? Object.values(target).flatMap(files) : [];
}

function entries(): Entry[] {
  return readdirSync(packagesFolder).flatMap((folder) => {
    const home = new URL(`${folder}/`, packagesFolder);
    const manifest = JSON.parse(readFileSync(new URL('package.json', home), 'utf8')) as {
      name: string;
      exports: Record<string, unknown>;
    };
    return [...new Set(files(manifest.exports))].map((file) => ({
      name: `${manifest.name} (${file})`,
      path: fileURLToPath(new URL(file, home)),
    }));
  });
}

/** What the probe saw while it imported a file. */
interface Sighting {
  touched: string[];
  timers: string[];
  handles: string[];
}

async function importWith(mode: 'node' | 'worker' | 'vm', file: string): Promise<Sighting> {
  // The probe ends by itself: if an import left a handle open, the time limit fails the test.
  const { stdout } = await execute(process.execPath, [probe, mode, file], { timeout: 20_000 });
  return JSON.parse(stdout) as Sighting;
}

const nothing: Sighting = { touched: [], timers: [], handles: [] };

describe.each(entries())('import of $name', ({ path }) => {
  test('is built', () => expect(existsSync(path), `${path} is missing: run the build first`).toBe(true));

  test.each(['node', 'worker'] as const)('touches no browser global and starts no timer: %s', async (mode) => {
    expect(await importWith(mode, pathToFileURL(path).href)).toEqual(nothing);
  });

  test('the same, bundled, in a bare context without any host global (SSR)', async () => {
    const { outputFiles } = await build({
      entryPoints: [path],
      bundle: true,
      write: false,
      platform: 'node',
      format: 'cjs',
      external: ['@roamhq/wrtc'],
      logLevel: 'error',
    });
    const bundle = outputFiles[0]?.text ?? '';
    const child = execute(process.execPath, [probe, 'vm', '-'], { timeout: 20_000 });
    child.child.stdin?.end(bundle);
    expect(JSON.parse((await child).stdout)).toEqual(nothing);
  });
});

test('the probe itself sees a touched global, a timer and an open handle', async () => {
  const guilty = `data:text/javascript,${encodeURIComponent(
    `import { createServer } from 'node:net';
     typeof window; globalThis.localStorage; setTimeout(() => {}, 1);
     createServer().listen(0, '127.0.0.1', function () { setImmediate(() => this.close()); });`,
  )}`;
  const seen = await importWith('node', guilty);
  expect(seen.touched).toEqual(['window', 'localStorage']);
  expect(seen.timers).toContain('setTimeout');
  expect(seen.handles).not.toEqual([]);
});
