/**
 * `node bench/signaling.mjs`, or `pnpm figures signaling`: what the signaling server carries. Server and clients are processes of
 * their own, on loopback. `--help` lists what can be chosen.
 */
import { parseArgs } from 'node:util';
import { burst } from './signaling/burst.mjs';
import { connects } from './signaling/connects.mjs';
import { idle } from './signaling/idle.mjs';
import { joins } from './signaling/joins.mjs';
import { relays } from './signaling/relays.mjs';

/** What can be measured: the size it has by itself, what it says of its result, and whether that keeps the limits. */
const LOADS = {
  joins: {
    run: joins,
    size: 1_000,
    what: 'messages a join costs the server, with a tenth of so many members and with all; at most 40, ratio at most 1.1',
    tell: ({ small, large, ratio, simulated }) => [
      ...[small, large].map(
        ({ members, mean, last, lastMean, p99, linked, leaves }) =>
          `${members} members: mean ${mean} messages a join (the last ${last}: ${lastMean}), p99 ${p99}; ${linked} linked; ` +
          `${leaves.leavers} left: ${leaves.notices} notices, ${leaves.strangers} to strangers`,
      ),
      `ratio ${ratio}; the simulator: ${simulated.small.mean} and ${simulated.large.mean}, ratio ${simulated.ratio}`,
    ],
    keeps: ({ small, large, ratio }) =>
      large.mean <= 40 && small.mean <= 40 && ratio <= 1.1 && small.leaves.strangers + large.leaves.strangers === 0,
  },
  idle: {
    run: idle,
    size: 5_000,
    what: 'silent sockets: memory at most twice that of a plain ws server; when all have left nothing is left, heap within 5 %',
    tell: (result) => [
      `${result.sockets} sockets: ${result.oursRssMiB} MiB beside ${result.bareRssMiB} of a plain ws server, ratio ${result.ratio}; ` +
        `${result.oursPerSocketKiB} and ${result.barePerSocketKiB} KiB a socket`,
      `all gone: entries left ${JSON.stringify(result.entriesLeft)}, heap ${100 * result.heapGrowth} % above that before`,
    ],
    keeps: ({ ratio, entriesLeft, heapGrowth }) =>
      ratio <= 2 && Object.keys(entriesLeft).length === 0 && heapGrowth <= 0.05,
  },
  relays: {
    run: relays,
    size: 20_000,
    what: 'offers of 500 bytes relayed in a round, beside a plain ws relay that parses nothing; at least 60 % of its throughput',
    tell: (result) => [
      `${result.oursPerSecond} a second beside ${result.barePerSecond}, ratio ${result.ratio}`,
      `processor time: ${result.oursCpuMicros} µs each beside ${result.bareCpuMicros}, ratio ${result.cpuRatio}`,
    ],
    keeps: ({ ratio }) => ratio >= 0.6,
  },
  connects: {
    run: connects,
    size: 2_000,
    what: 'clients that connect within 10 s: all announced, p95 below 1 s, no errors',
    tell: (result) => [
      `${result.announced} of ${result.clients} announced within ${result.seconds} s, p50 ${result.p50Ms}, p95 ${result.p95Ms}, ` +
        `longest ${result.maxMs} ms; ${result.errors} errors`,
    ],
    keeps: ({ clients, announced, p95Ms, errors }) => announced === clients && p95Ms < 1_000 && errors === 0,
  },
  burst: {
    run: burst,
    size: 5_000,
    what: "messages that one socket sends at once, under the default limits: others' p99 below 50 ms",
    tell: (result) => [
      `${result.relayed} of ${result.burst} relayed, ${result.complaints} complaints, closed with ${result.closedWith}`,
      `others: p99 ${result.duringP99Ms} ms (before: ${result.beforeP99Ms}), ${result.others.lost} of ${result.others.sent} lost`,
    ],
    keeps: ({ duringP99Ms, others }) => duringP99Ms < 50 && others.lost === 0,
  },
};

/** What else can be said, by the name of the option that it sets. */
const DETAILS = {
  seed: 'seed',
  'join-ms': 'joinMs',
  'settle-ms': 'settleMs',
  'max-peers': 'maxPeers',
  rounds: 'rounds',
};

const HELP = `node bench/signaling.mjs [--NAME [N]]… [--seed S] [--json]

Without a name, all of them:
${Object.entries(LOADS)
  .map(([name, { size, what }]) => `  --${name} N`.padEnd(16) + `(${size}) ${what}`)
  .join('\n')}
  --seed S      (1) of ids
  --join-ms T   (100) between two joins
  --settle-ms T (10000) after the last join
  --max-peers D (3) of joins
  --rounds R    (7) of relays
  --json        prints the results as JSON alone
Ends with 1 where a limit is not kept.`;

/** @param {string} name @param {string} text */
function whole(name, text) {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name}: expected a whole number, got ${text}`);
  return Number(text);
}

async function main() {
  const options = Object.fromEntries(Object.keys(LOADS).map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({
    options: {
      ...options,
      ...Object.fromEntries(Object.keys(DETAILS).map((name) => [name, { type: 'string' }])),
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(HELP);
  const details = Object.fromEntries(
    Object.entries(DETAILS).map(([name, option]) => [option, values[name] && whole(name, values[name])]),
  );
  const chosen = Object.keys(LOADS).filter((name) => values[name] !== undefined);
  const results = {};
  const broken = [];
  for (const name of chosen.length === 0 ? Object.keys(LOADS) : chosen) {
    const { run, size, what, tell, keeps } = LOADS[name];
    const count = whole(name, values[name] ?? String(size));
    if (!values.json) console.log(`${name} ${count}: ${what}`);
    results[name] = await run({ ...details, [name]: count });
    if (!keeps(results[name])) broken.push(name);
    if (!values.json) for (const line of tell(results[name])) console.log(`  ${line}`);
  }
  if (values.json) console.log(JSON.stringify({ results, broken }));
  else if (broken.length > 0) console.log(`Limits not kept: ${broken.join(', ')}`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
