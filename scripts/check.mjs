/**
 * `pnpm check [gate…]`: the static gates. Each is one check: its name, its verdict, and its output if it fails.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, exitOnSignal, run } from './process.mjs';

const GATE_TIMEOUT_MS = 3 * 60_000;
/** Gates at a time: most of them keep one core busy. */
const PARALLEL = 2;

/** @typedef {{ name: string, command: string[] }} Gate */

/** @param {string} name @param {string[]} args @returns {string[]} */
const tool = (name, ...args) => [join(ROOT, 'node_modules', '.bin', name), ...args];
/** @param {string} name @param {string[]} args @returns {string[]} */
const own = (name, ...args) => [process.execPath, join(ROOT, 'scripts', 'gates', `${name}.mjs`), ...args];

/** Runs first and alone: the others read what it writes. @type {Gate} */
const LIBRARIES = { name: 'types: libraries', command: tool('tsc', '-b') };

/** @type {Gate[]} */
const GATES = [
  { name: 'types: tests and tools', command: tool('tsc', '-p', 'tsconfig.tests.json') },
  { name: 'lint', command: tool('oxlint') },
  { name: 'format', command: tool('oxfmt', '--check') },
  { name: 'layers', command: own('layers') },
  { name: 'file length', command: own('file-length') },
  { name: 'knip', command: tool('knip') },
  { name: 'manifests', command: own('manifests') },
  { name: 'publint', command: own('each-package', 'publint') },
  { name: 'attw', command: own('each-package', 'attw') },
  { name: 'size', command: tool('size-limit') },
  { name: 'browser floor', command: own('browser-floor') },
  { name: 'docs', command: own('docs') },
  { name: 'parity', command: own('parity') },
];

/** @type {string[]} */
const failed = [];
let passed = 0;

/** @param {Gate} gate */
async function pass({ name, command: [program = '', ...args] }) {
  const began = Date.now();
  const { code, output, timedOut } = await run(program, args, { capture: true, timeoutMs: GATE_TIMEOUT_MS });
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  if (code === 0) {
    passed += 1;
    console.log(`✓ ${name} (${seconds} s)`);
  } else {
    failed.push(name);
    console.log(`✗ ${name} (${seconds} s)${timedOut ? ', ended for taking too long' : ''}\n${output.trimEnd()}\n`);
  }
}

async function main() {
  const wanted = process.argv.slice(2);
  const all = [LIBRARIES, ...GATES];
  const unknown = wanted.filter((name) => !all.some((gate) => gate.name === name));
  if (unknown.length > 0) {
    throw new Error(`no gate ${unknown.join(', ')}; there are: ${all.map((gate) => gate.name).join(', ')}`);
  }
  const chosen = wanted.length === 0 ? all : all.filter((gate) => wanted.includes(gate.name));
  const queue = chosen.filter((gate) => gate !== LIBRARIES);
  if (chosen.includes(LIBRARIES)) await pass(LIBRARIES);
  const lane = async () => {
    for (let gate = queue.shift(); gate !== undefined; gate = queue.shift()) await pass(gate);
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));

  console.log(`${passed} gates passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(', ')}` : ''}`);
  const report = process.env['PEERPIGEON_CHECK_REPORT'];
  if (report !== undefined) writeFileSync(report, JSON.stringify({ passed, failed }));
  return failed.length === 0 ? 0 : 1;
}

exitOnSignal(130);
main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
