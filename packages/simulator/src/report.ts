import type { Results } from './results.js';

/** What the command prints: which run it was, what it showed, and how long it took. */
export interface Report extends Results {
  readonly scenario: string;
  readonly peers: number;
  readonly maxPeers: number;
  readonly seed: number;
  /** Real milliseconds; the only figure that differs between two runs of the same arguments. */
  readonly wallMs: number;
}

/** Puts the report's fields in their documented order. */
export function report(
  run: Pick<Report, 'scenario' | 'peers' | 'maxPeers' | 'seed' | 'wallMs'>,
  results: Results,
): Report {
  const { scenario, peers, maxPeers, seed, wallMs } = run;
  return { scenario, peers, maxPeers, seed, ...results, wallMs };
}

/** The report as a table for people: one figure a line, nested names joined by dots. */
export function table(value: Report): string {
  const rows = flatten(value);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, figure]) => `${name.padEnd(width)}  ${figure}\n`).join('');
}

function flatten(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]): [string, string][] =>
    typeof inner === 'object' && inner !== null
      ? flatten(inner, `${prefix}${name}.`)
      : [[`${prefix}${name}`, inner === null ? '–' : `${inner as string | number}`]],
  );
}
