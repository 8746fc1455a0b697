import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Needs `pnpm build` before.
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
let project: string;

/** A project with this package as a dependency, as npm installs it: the package, and its commands in `.bin`. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'peerpigeon-npx-'));
  const { bin } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  mkdirSync(join(project, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(PACKAGE, join(project, 'node_modules', 'peerpigeon'));
  for (const [name, path] of Object.entries(bin)) {
    symlinkSync(join('..', 'peerpigeon', path), join(project, 'node_modules', '.bin', name));
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ dependencies: { peerpigeon: '*' } }));
});

afterAll(() => rmSync(project, { recursive: true }));

test('S151: npx starts the signaling server where the package is installed', async () => {
  const npx = (...args: string[]): Promise<{ stdout: string }> =>
    run('npx', ['--no-install', 'peerpigeon-signaling', ...args], { cwd: project });
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string };
  expect((await npx('--version')).stdout).toBe(`${version}\n`);
  expect((await npx('--check', '--port', '4321')).stdout).toMatch(/^PORT=4321 /);
});
