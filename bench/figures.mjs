/**
 * `pnpm figures [name…]`: wall-clock figures. Every bench takes the median of at least five rounds and prints it beside a
 * reference of the same run, since only their ratio says something on a shared machine. `pnpm test` asserts no times.
 */
import { cpus } from 'node:os';
import { exitOnSignal, run } from '../scripts/process.mjs';
import { build, installIfNeeded } from '../scripts/workspace.mjs';

const TIMEOUT_MS = 10 * 60_000;

/** What to run, in order; a later bench is one more line. */
const BENCHES = [
  { name: 'xor-sort', what: 'sorting 10,000 ids by XOR distance', file: 'bench/xor-sort.mjs' },
  { name: 'nearest-only', what: 'how XOR-nearest links alone split a mesh', file: 'bench/nearest-only.mjs' },
  { name: 'link', what: 'what a link carries beside a bare data channel (wrtc)', file: 'bench/link.mjs' },
  { name: 'signaling', what: 'what the signaling server carries', file: 'bench/signaling.mjs' },
  { name: 'nodes', what: 'what several signaling nodes on one Redis cost', file: 'bench/nodes.mjs' },
  { name: 'codec', what: 'encoding and decoding frames and plain data', file: 'bench/codec.mjs' },
];

async function main() {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown.length > 0)
    throw new Error(`no bench ${unknown.join(', ')}; there are: ${BENCHES.map((it) => it.name).join(', ')}`);
  const chosen = wanted.length === 0 ? BENCHES : BENCHES.filter(({ name }) => wanted.includes(name));

  await installIfNeeded();
  if ((await build(['@peerpigeon/bench^...'])).code !== 0) throw new Error('The build failed.');
  console.log(`\nNode ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`);
  const failed = [];
  for (const { name, what, file } of chosen) {
    console.log(`\n=== ${name}: ${what} ===`);
    const { code } = await run(process.execPath, [file], { timeoutMs: TIMEOUT_MS });
    if (code !== 0) failed.push(name);
  }
  if (failed.length > 0) throw new Error(`Failed: ${failed.join(', ')}`);
}

exitOnSignal(130);
main().then(
  () => process.exit(0),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
