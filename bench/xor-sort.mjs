// Sorts 10,000 ids by XOR distance in three ways, in turn and in one process, and prints the medians:
// with BigInt distances in the comparator (as the README defines calculateXorDistance), with compareDistance in the
// comparator, and with sortByDistance. Run: npx tsc -b packages/xor && node bench/xor-sort.mjs

import { createHash } from 'node:crypto';
import { compareDistance, sortByDistance } from '@peerpigeon/xor';

const IDS = 10_000;
const RUNS = 9;
/** Quick ones are timed several times a round, else a single collection of garbage could decide. */
const QUICK_RUNS_PER_ROUND = 10;
const WANTED_RATIO = 100;

/** The reference: two digits at a time into a bigint, as in the README. */
function xorDistance(a, b) {
  let distance = 0n;
  for (let i = 0; i < Math.min(a.length, b.length); i += 2) {
    const byte = parseInt(a.slice(i, i + 2), 16) ^ parseInt(b.slice(i, i + 2), 16);
    distance = (distance << 8n) | BigInt(byte);
  }
  return distance;
}

const idOf = (name) => createHash('sha256').update(name).digest('hex').slice(0, 40);
const ids = Array.from({ length: IDS }, (_, i) => idOf(`peer ${i}`));
const target = idOf('target');

const contestants = [
  {
    name: 'BigInt distance in the comparator (reference)',
    runs: 1,
    sort: () =>
      [...ids].sort((a, b) => {
        const toA = xorDistance(target, a);
        const toB = xorDistance(target, b);
        return toA < toB ? -1 : toA > toB ? 1 : 0;
      }),
  },
  {
    name: 'compareDistance in the comparator',
    runs: QUICK_RUNS_PER_ROUND,
    sort: () => [...ids].sort((a, b) => compareDistance(target, a, b)),
  },
  { name: 'sortByDistance', runs: QUICK_RUNS_PER_ROUND, sort: () => sortByDistance(target, ids) },
];

const times = contestants.map(() => []);
const results = contestants.map(() => '');
for (let round = 0; round < RUNS; round++) {
  contestants.forEach(({ runs, sort }, index) => {
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      const sorted = sort();
      times[index].push(performance.now() - start);
      results[index] = sorted.join();
    }
  });
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const medians = times.map(median);
console.log(`xor-sort: ${IDS} ids by XOR distance, Node ${process.version}`);
contestants.forEach(({ name }, i) => {
  const ratio = medians[0] / medians[i];
  const cold = times[i][0].toFixed(2);
  console.log(
    `${name.padEnd(46)} median of ${String(times[i].length).padStart(2)}: ${medians[i].toFixed(3).padStart(9)} ms` +
      ` (first run ${cold} ms), ratio ${ratio.toFixed(0)}`,
  );
});
const ratio = medians[0] / medians[2];
console.log(`sortByDistance is ${ratio.toFixed(0)} times faster than the reference (wanted: at least ${WANTED_RATIO})`);

if (results.some((result) => result !== results[0])) {
  console.error('the three orders differ');
  process.exitCode = 1;
}
