import { parseArgs } from 'node:util';
import type { RunRequest } from './options.js';
import { SCENARIOS } from './scenario.js';
import type { ScenarioName } from './scenario.js';

/** What the command line asks for. */
export type Command =
  | { readonly type: 'help' }
  | {
      readonly type: 'run';
      readonly scenario: ScenarioName;
      readonly request: RunRequest;
      readonly json: boolean;
      /** File to write what happened to. */
      readonly dump: string | undefined;
    };

/** A command line that cannot be carried out; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** How a number may be. */
interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

const count = (min: number, max = 1_000_000_000): Range => ({ min, max, whole: true });
const amount = (max: number): Range => ({ min: 0, max, whole: false });
const SHARE = amount(1);
const AN_HOUR_MS = amount(3_600_000);
const SOME_DAYS = amount(100_000);

/** Flags with a number: the option each sets, and its range. */
const NUMBERS = {
  peers: ['peers', count(1, 1_000_000)],
  'max-peers': ['maxPeers', count(1, 50)],
  seed: ['seed', count(0, 0xffffffff)],
  broadcasts: ['broadcasts', count(0)],
  directs: ['directs', count(0)],
  puts: ['puts', count(0)],
  gets: ['gets', count(0)],
  subscribers: ['subscribers', count(0)],
  updates: ['updates', count(0)],
  payload: ['payload', count(0, 65_536)],
  'interval-ms': ['intervalMs', AN_HOUR_MS],
  warmup: ['warmup', count(0)],
  loss: ['loss', SHARE],
  'join-ms': ['joinMs', AN_HOUR_MS],
  minutes: ['minutes', SOME_DAYS],
  kill: ['kill', SHARE],
  'down-ms': ['downMs', AN_HOUR_MS],
  'cut-ms': ['cutMs', AN_HOUR_MS],
  stayers: ['stayers', count(0)],
  'session-minutes': ['sessionMinutes', { min: 0.1, max: 100_000, whole: false }],
  'bandwidth-kbps': ['bandwidthKbps', { min: 1, max: 100_000_000, whole: false }],
  unreachable: ['unreachable', SHARE],
  'unreachable-peers': ['unreachablePeers', SHARE],
  'clock-skew': ['clockSkew', amount(86_400)],
} as const satisfies Record<string, readonly [keyof RunRequest, Range]>;

/** Flags with one of some words. */
const WORDS = {
  senders: ['1', 'all'],
  ids: ['uniform', 'prefix', 'clusters'],
  policy: ['xor', 'random', 'nearest'],
  liveness: ['full', 'modelled'],
} as const satisfies Partial<Record<keyof RunRequest, readonly string[]>>;

/** Flags without a value that set an option. */
const SETTINGS = { 'mixed-caps': 'mixedCaps', throttled: 'throttled', wire: 'wire' } as const satisfies Record<
  string,
  keyof RunRequest
>;

/** Flags without a value. */
const SWITCHES = [...Object.keys(SETTINGS), 'json', 'help'];

const REQUIRED = ['scenario', 'peers', 'max-peers', 'seed'] as const;

/** What `--help` prints. */
export const HELP = `Usage: pnpm -s sim run --scenario NAME --peers N --max-peers D --seed S [options]

Scenarios
${Object.entries(SCENARIOS)
  .map(([name, { summary }]) => `  ${name.padEnd(18)}${summary}`)
  .join('\n')}

Options of traffic
  --broadcasts B       broadcasts to measure
  --directs M          direct messages to measure, between random pairs
  --puts P             keys put into the dht (dht, dht-churn: 200; dht-partition: 50; dht-subscriptions: 5)
  --gets G             gets of random keys from random peers (dht: 500; dht-churn: 1000)
  --subscribers S      of each key (10)
  --updates U          of random keys (40)
  --payload BYTES      content of each message (1024), or of each value in the dht (100)
  --interval-ms MS     between two messages of a kind (200), puts, gets (50) or updates (1000); under churn they are spread over
                       its time
  --senders 1|all      one peer sends all broadcasts, or each a random one (broadcast, direct, join, flash: 1; else all)
  --warmup W           broadcasts before the measured ones (20)

Options of a scenario
  --join-ms MS         between two joins; 0 for N/100 peers a second, in flash N/10 (0)
  --minutes T          virtual minutes to wait after settling (join, flash: 2); how long churn lasts (60; soak: 1440)
  --kill P             share of peers that die in kill and server-down (0.3) and dht (0), of holders in dht-subscriptions (0.3)
  --down-ms MS         how long the server is down (60000)
  --cut-ms MS          how long the network is cut (60000)
  --session-minutes T  mean life of a peer under churn (10; soak: 120)
  --stayers N          peers that live through the churn (0)
  --ids KIND           uniform; prefix: all share 12 bits; clusters: half at each end of the id space (uniform)
  --policy NAME        which links are preferred: xor, random, or nearest, which splits the mesh (xor)

Options of the world
  --loss P             share in [0, 1]: signaling messages vanish with P, a frame resets its link with P/100 (0)
  --bandwidth-kbps K   what each peer's line carries, in kilobits a second, up and down apart (no limit)
  --unreachable P      share of all pairs that can never link (0)
  --unreachable-peers P  share of peers that can link only with the rest (0)
  --mixed-caps         a quarter each of maxPeers 1, 2, 3 and 8
  --clock-skew S       wall clocks are off by up to S seconds, either way (0)
  --throttled          timers of half of the peers fire once a second, of a tenth once a minute
  --liveness LEVEL     full: pings as they are; modelled: for more than 1,000 peers (full)
  --wire               encode and decode every message; the result is the same

Output
  --json               print one JSON object and nothing else
  --dump FILE          write what happened as JSON Lines
  --help               print this
`;

/**
 * Reads the arguments after `peerpigeon-sim` or `pnpm -s sim`.
 * @throws {UsageError} on anything that is not a command, a flag or a fitting value
 */
export function parseCommand(args: readonly string[]): Command {
  const { values, switches, positionals } = parse(args);
  if (switches.has('help') || positionals[0] === 'help') return { type: 'help' };
  if (positionals.length !== 1 || positionals[0] !== 'run') {
    throw new UsageError(`expected the command run, got ${positionals.length === 0 ? 'none' : positionals.join(' ')}`);
  }
  for (const flag of REQUIRED) if (values[flag] === undefined) throw new UsageError(`--${flag} is missing`);
  const scenario = word('scenario', values['scenario'] ?? '', Object.keys(SCENARIOS)) as ScenarioName;
  const request: Record<string, unknown> = {};
  for (const [flag, option] of Object.entries(SETTINGS)) request[option] = switches.has(flag);
  for (const [flag, [option, range]] of Object.entries(NUMBERS)) {
    const text = values[flag];
    if (text !== undefined) request[option] = number(flag, text, range);
  }
  for (const [flag, words] of Object.entries(WORDS)) {
    const text = values[flag];
    if (text !== undefined) request[flag] = word(flag, text, words);
  }
  const dump = values['dump'];
  return { type: 'run', scenario, request: request as unknown as RunRequest, json: switches.has('json'), dump };
}

interface Parsed {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly switches: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

function parse(args: readonly string[]): Parsed {
  const valued = ['scenario', 'dump', ...Object.keys(NUMBERS), ...Object.keys(WORDS)];
  const options = Object.fromEntries([
    ...valued.map((name) => [name, { type: 'string' as const }] as const),
    ...SWITCHES.map((name) => [name, { type: 'boolean' as const }] as const),
  ]);
  try {
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    const values: Record<string, unknown> = parsed.values;
    const given: Record<string, string> = {};
    for (const [name, value] of Object.entries(values)) if (typeof value === 'string') given[name] = value;
    return {
      values: given,
      switches: new Set(SWITCHES.filter((name) => values[name] === true)),
      positionals: parsed.positionals,
    };
  } catch (error) {
    // What follows the first sentence is advice on quoting.
    throw new UsageError((error as Error).message.split('. ')[0] ?? '');
  }
}

function number(flag: string, text: string, { min, max, whole }: Range): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
    throw new UsageError(`--${flag}: expected ${whole ? 'an integer' : 'a number'} in [${min}, ${max}], got '${text}'`);
  }
  return value;
}

function word(flag: string, text: string, words: readonly string[]): string {
  if (!words.includes(text)) throw new UsageError(`--${flag}: expected one of ${words.join(', ')}, got '${text}'`);
  return text;
}
