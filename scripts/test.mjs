/**
 * `npm test`: everything, from a fresh clone, with only Node and npm on the machine. Only the parts named in
 * PEERPIGEON_SKIP (comma list of the names below) are left out. The last line is `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findE2eParts, findUnitParts } from './e2e-parts.mjs';
import { ROOT, exitOnSignal, run } from './process.mjs';
import { checkCounts, playwrightCounts, vitestCounts } from './report.mjs';
import { build, install, nodeComplaint } from './workspace.mjs';

/** @typedef {import('./report.mjs').Counts} Counts */

const LONG = process.argv.includes('--long');
const MINUTE_MS = 60_000;
const CHECK_TIMEOUT_MS = 6 * MINUTE_MS;
const UNIT_TIMEOUT_MS = (LONG ? 240 : 15) * MINUTE_MS;
const E2E_TIMEOUT_MS = (LONG ? 120 : 12) * MINUTE_MS;

const reports = mkdtempSync(join(tmpdir(), 'peerpigeon-test-'));
const tier = LONG ? { PEERPIGEON_TIER: 'long' } : {};
const OK = { passed: 0, failed: 0, notes: [] };

/** @param {string} file */
function readReport(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Runs a test runner; it writes its report into a file, so that its output can stream freely.
 * @param {{ command: string, args: string[], env?: Record<string, string>, file: string, timeoutMs: number,
 *   counts: (text: string | undefined, exitCode: number) => Counts }} runner
 */
async function counted({ command, args, env, file, timeoutMs, counts }) {
  const { code, timedOut } = await run(command, args, { timeoutMs, env: { ...tier, ...env } });
  const result = counts(readReport(file), code);
  if (timedOut) result.notes.push(`took longer than ${timeoutMs / MINUTE_MS} minutes and was ended`);
  return result;
}

/** @param {string} name */
const reportFile = (name) => join(reports, `${name}.json`);
/** @param {string} name */
const tool = (name) => join(ROOT, 'node_modules', '.bin', name);

/**
 * Steps that are no tests count only when they fail.
 * @param {string} what
 * @param {Promise<import('./process.mjs').Result>} running
 * @returns {Promise<Counts>}
 */
async function step(what, running) {
  const { code, timedOut } = await running;
  if (code === 0) return OK;
  return { passed: 0, failed: 1, notes: [timedOut ? `${what} took too long` : `${what} failed (exit code ${code})`] };
}

/** In order; `needs` names parts without which this one cannot say anything. */
const PARTS = [
  { name: 'install', title: 'Install', needs: [], run: () => step('pnpm install', install()) },
  { name: 'build', title: 'Build', needs: ['install'], run: () => step('the build', build()) },
  {
    name: 'check',
    title: 'Static gates',
    needs: ['install'],
    run: () => {
      const file = reportFile('check');
      return counted({
        command: process.execPath,
        args: ['scripts/check.mjs'],
        env: { PEERPIGEON_CHECK_REPORT: file },
        file,
        timeoutMs: CHECK_TIMEOUT_MS,
        counts: checkCounts,
      });
    },
  },
  {
    name: 'unit',
    title: 'Unit and simulation tests',
    needs: ['install'],
    run: async () => {
      const { env, leftOut } = await findUnitParts();
      for (const line of leftOut) console.log(line);
      const file = reportFile('unit');
      const result = await counted({
        command: tool('vitest'),
        args: ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
        env,
        file,
        timeoutMs: UNIT_TIMEOUT_MS,
        counts: vitestCounts,
      });
      result.notes.push(...leftOut);
      return result;
    },
  },
  {
    name: 'e2e',
    title: 'End-to-end tests in browsers',
    needs: ['install', 'build'],
    run: async () => {
      const { env, leftOut } = await findE2eParts();
      for (const [variable, path] of Object.entries(env)) console.log(`${variable}: ${path}`);
      for (const line of leftOut) console.log(line);
      const file = reportFile('e2e');
      const result = await counted({
        command: tool('playwright'),
        args: ['test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'],
        env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
        file,
        timeoutMs: E2E_TIMEOUT_MS,
        counts: playwrightCounts,
      });
      result.notes.push(...leftOut);
      return result;
    },
  },
];

/** @param {string | undefined} list */
function skippedParts(list) {
  const names = (list ?? '').split(',').flatMap((name) => name.trim() || []);
  const known = PARTS.map((part) => part.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`PEERPIGEON_SKIP names unknown parts: ${unknown.join(', ')}. Known are ${known.join(', ')}.`);
  }
  return names;
}

async function main() {
  const complaint = nodeComplaint();
  if (complaint !== undefined) throw new Error(complaint);
  const skipped = skippedParts(process.env['PEERPIGEON_SKIP']);

  let passed = 0;
  let failed = 0;
  /** @type {string[]} */
  const summary = [];
  /** @type {Set<string>} */
  const broken = new Set();

  for (const part of PARTS) {
    if (skipped.includes(part.name)) continue;
    console.log(`\n=== ${part.title} ===`);
    const began = Date.now();
    const missing = part.needs.filter((name) => broken.has(name));
    /** @type {Counts} */
    let counts;
    try {
      counts =
        missing.length > 0
          ? { passed: 0, failed: 1, notes: [`could not run without: ${missing.join(', ')}`] }
          : await part.run();
    } catch (error) {
      counts = { passed: 0, failed: 1, notes: [error instanceof Error ? error.message : String(error)] };
    }
    if (counts.failed > 0) broken.add(part.name);
    passed += counts.passed;
    failed += counts.failed;
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    summary.push(`${part.title}: ${counts.passed} passed, ${counts.failed} failed (${seconds} s)`);
    for (const note of counts.notes) summary.push(`  ${note}`);
    console.log(`--- ${part.title}: ${seconds} s`);
  }
  if (passed === 0 && failed === 0 && skipped.length === 0) failed = 1;

  console.log('');
  for (const line of summary) console.log(line);
  for (const name of skipped) console.log(`Left out by PEERPIGEON_SKIP: ${name}`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

exitOnSignal((signal) => {
  console.log(`\nEnded by ${signal}.`);
  return 130;
});
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    console.log('0 passed, 1 failed');
    process.exit(1);
  },
);
