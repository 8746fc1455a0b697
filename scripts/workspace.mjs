/** Installing and building with the pinned pnpm, without a global install: only Node and npm are needed. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './process.mjs';

const INSTALL_TIMEOUT_MS = 5 * 60_000;
const BUILD_TIMEOUT_MS = 5 * 60_000;
const STAMP = join(ROOT, 'node_modules', '.peerpigeon-install');

/** @returns {{ packageManager: string, engines: { node: string }, scripts: Record<string, string> }} */
export function rootManifest() {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
}

/** Says what is wrong with the running Node, or undefined if it will do. */
export function nodeComplaint(version = process.versions.node, range = rootManifest().engines.node) {
  const floor = range.replace('>=', '').split('.').map(Number);
  const have = version.split('.').map(Number);
  for (let i = 0; i < 3; i += 1) {
    const difference = (have[i] ?? 0) - (floor[i] ?? 0);
    if (difference > 0) return undefined;
    if (difference < 0) return `PeerPigeon needs Node ${range}; this is Node ${version}.`;
  }
  return undefined;
}

/**
 * Runs the pnpm that `packageManager` names.
 * @param {string[]} args
 * @param {import('./process.mjs').Options} [options]
 */
export function pnpm(args, options) {
  const [pinned = ''] = rootManifest().packageManager.split('+');
  return run('npx', ['--yes', pinned, ...args], options);
}

function installKey() {
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(ROOT, file)));
  return hash.digest('hex');
}

/** Installs what the lockfile names, exactly. */
export async function install() {
  // CI: a node_modules of another tool is replaced without a question that nobody could answer.
  const result = await pnpm(['install', '--frozen-lockfile'], { env: { CI: '1' }, timeoutMs: INSTALL_TIMEOUT_MS });
  if (result.code === 0) writeFileSync(STAMP, installKey());
  return result;
}

/** Installs unless this very lockfile has been installed. */
export async function installIfNeeded() {
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === installKey()) return;
  const { code } = await install();
  if (code !== 0) throw new Error(`Installing the dependencies failed (exit code ${code}).`);
}

/**
 * Builds packages and what they depend on; what has not changed comes from turbo's cache. turbo calls pnpm, which is on
 * the PATH because npx started us.
 * @param {string[]} [filters] turbo filters; everything by default
 */
export function build(filters = []) {
  const args = [
    'exec',
    'turbo',
    'run',
    'build',
    '--continue=dependencies-successful',
    '--output-logs=errors-only',
    ...filters.map((it) => `--filter=${it}`),
  ];
  return pnpm(args, { timeoutMs: BUILD_TIMEOUT_MS, env: { TURBO_TELEMETRY_DISABLED: '1' } });
}
