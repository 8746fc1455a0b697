import { Run } from './run.js';
import type { Results, RunOptions } from './run.js';
import type { Stack } from './network-options.js';

/** A scenario: its steps, in order, and what differs in its options from {@link DEFAULT_OPTIONS}. */
export interface Scenario {
  /** For the help text. */
  readonly summary: string;
  readonly defaults: Partial<RunOptions>;
  readonly steps: readonly ((run: Run) => void)[];
}

const joinAll = (run: Run): void => run.joinAll();
const settle = (run: Run): void => run.settle();
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
} as const satisfies Record<string, Scenario>;

/** A scenario's name. */
export type ScenarioName = keyof typeof SCENARIOS;

/** What is not asked for; `peers`, `maxPeers` and `seed` always are. */
export const DEFAULT_OPTIONS: Omit<RunOptions, 'peers' | 'maxPeers' | 'seed'> = {
  broadcasts: 0,
  directs: 0,
  payload: 1_024,
  intervalMs: 200,
  senders: '1',
  warmup: 20,
  loss: 0,
  joinMs: 0,
  minutes: 0,
  liveness: 'full',
  wire: false,
};

/** Options of a run: three that must be said, and any others. */
export type RunRequest = Pick<RunOptions, 'peers' | 'maxPeers' | 'seed'> & Partial<RunOptions>;

/** Runs a scenario to its end. The run holds the network and the journal, to look into. */
export function runScenario(name: ScenarioName, request: RunRequest, stack: Stack): { run: Run; results: Results } {
  const scenario: Scenario = SCENARIOS[name];
  const run = new Run({ ...DEFAULT_OPTIONS, ...scenario.defaults, ...request }, stack);
  for (const step of scenario.steps) step(run);
  return { run, results: run.results() };
}
