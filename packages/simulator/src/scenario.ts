import { FLASH_MS } from './config.js';
import { dhtChurn, dhtCut, dhtGets, dhtIdle, dhtKill, dhtPuts } from './dht-steps.js';
import { dhtLeases, dhtSubscribe, dhtUpdates, yardstick } from './dht-subscriptions.js';
import type { Stack } from './network-options.js';
import { DEFAULT_OPTIONS } from './options.js';
import type { RunOptions, RunRequest } from './options.js';
import { resultsOf } from './results.js';
import type { Results } from './results.js';
import { Run } from './run.js';
import { churn, cutAndHeal, kill, outage, recover } from './upheavals.js';

/** A scenario: its steps, in order, and what differs in its options from {@link DEFAULT_OPTIONS}. */
export interface Scenario {
  /** For the help text. */
  readonly summary: string;
  readonly defaults: Partial<RunOptions>;
  readonly steps: readonly ((run: Run) => void)[];
}

const joinAll = (run: Run): void => run.joinAll();
const joinAtOnce = (run: Run): void => run.joinAll(FLASH_MS);
const settle = (run: Run): void => run.settle();
/** The minutes asked for are those of the churn. */
const settleOnly = (run: Run): void => run.settle(0);
const warmUp = (run: Run): void => run.warmUp();
const traffic = (run: Run): void => run.traffic();

/** All scenarios by name. */
export const SCENARIOS = {
  broadcast: {
    summary: 'all join, then broadcasts at an interval',
    defaults: { broadcasts: 50 },
    steps: [joinAll, settle, warmUp, traffic],
  },
  direct: {
    summary: 'all join, then direct messages between random pairs at an interval',
    defaults: { directs: 1_000 },
    steps: [joinAll, settle, warmUp, traffic],
  },
  join: {
    summary: 'all join, and rest for 2 minutes',
    defaults: { minutes: 2 },
    steps: [joinAll, settle, warmUp, traffic],
  },
  flash: {
    summary: 'all join within 10 s, and rest for 2 minutes',
    defaults: { minutes: 2 },
    steps: [joinAtOnce, settle, warmUp, traffic],
  },
  kill: {
    summary: 'a share (--kill) dies silently at one instant; the server is up; messages at that instant and 60 s later',
    defaults: { kill: 0.3, minutes: 0.5, broadcasts: 10, directs: 100, senders: 'all' },
    steps: [joinAll, settle, warmUp, kill, recover, traffic],
  },
  'server-down': {
    summary: 'the server stops, a share dies, the server returns; with --kill 0 peers come in between',
    defaults: { kill: 0.3, minutes: 0.5, broadcasts: 10, directs: 100, senders: 'all' },
    steps: [joinAll, settle, warmUp, outage, traffic],
  },
  churn: {
    summary: 'peers die (half silently, half with a goodbye) and others come, for --minutes; messages all through',
    defaults: { minutes: 60, broadcasts: 60, directs: 600, senders: 'all' },
    steps: [joinAll, settleOnly, churn, recover],
  },
  partition: {
    summary: 'the network is cut into two random halves for a time, and healed; the server is up to both',
    defaults: { minutes: 0.5, broadcasts: 10, directs: 100, senders: 'all' },
    steps: [joinAll, settle, warmUp, cutAndHeal, traffic],
  },
  'adversarial-ids': {
    summary: 'ids with one prefix of 12 bits, or in two dense clusters (--ids)',
    defaults: { ids: 'prefix', minutes: 1, broadcasts: 10, directs: 100, senders: 'all' },
    steps: [joinAll, settle, warmUp, traffic],
  },
  soak: {
    summary: '24 hours with slow churn and light traffic',
    defaults: { minutes: 1_440, sessionMinutes: 120, broadcasts: 288, directs: 1_440, senders: 'all' },
    steps: [joinAll, settleOnly, churn, recover],
  },
  dht: {
    summary: 'puts into the dht, gets from elsewhere; with --kill a share dies, and all keys are asked for again',
    defaults: { puts: 200, gets: 500, payload: 100, intervalMs: 50, minutes: 0.5 },
    steps: [joinAll, settle, dhtPuts, dhtIdle, dhtGets, dhtKill],
  },
  'dht-churn': {
    summary: 'churn for --minutes, with puts in its first twelfth and gets after it',
    defaults: { puts: 200, gets: 1_000, payload: 100, minutes: 60 },
    steps: [joinAll, settleOnly, dhtChurn],
  },
  'dht-partition': {
    summary: 'each key is written on both sides of a cut; when it is healed everyone asks for one',
    defaults: { puts: 50, payload: 100, intervalMs: 50, minutes: 0.5 },
    steps: [joinAll, settle, dhtPuts, dhtCut],
  },
  'dht-subscriptions': {
    summary: 'updates of keys that others subscribe to; halfway a share (--kill) of their holders dies',
    defaults: { puts: 5, payload: 100, intervalMs: 1_000, minutes: 0.5, kill: 0.3 },
    steps: [joinAll, settle, yardstick, dhtPuts, dhtSubscribe, dhtUpdates, dhtLeases],
  },
} as const satisfies Record<string, Scenario>;

/** A scenario's name. */
export type ScenarioName = keyof typeof SCENARIOS;

/** Runs a scenario to its end. The run holds the network and the journal, to look into. */
export function runScenario(name: ScenarioName, request: RunRequest, stack: Stack): { run: Run; results: Results } {
  const scenario: Scenario = SCENARIOS[name];
  const run = new Run({ ...DEFAULT_OPTIONS, ...scenario.defaults, ...request }, stack);
  for (const step of scenario.steps) step(run);
  return { run, results: resultsOf(run) };
}
