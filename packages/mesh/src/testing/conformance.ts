import { assert } from '@peerpigeon/core';

/**
 * One promise of a port and the check of it: `run` rejects when an adapter does not keep it. A test runner gets them as
 * `for (const { name, run } of rngConformance(make)) it(name, run)`.
 */
export interface Conformance {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Lets the fixture's world go on for a moment: some real milliseconds, or a step of a virtual clock. */
export type Turn = () => Promise<void> | void;

/** Turns given to something that must happen: 10 s of turns of 5 ms. */
const MAX_TURNS = 2_000;
/** Turns given to something that must not happen. */
const QUIET_TURNS = 20;

/** Turns until `condition` holds; fails when it never does. Internal. */
export async function until(turn: Turn, condition: () => boolean, what: string): Promise<void> {
  for (let turns = 0; turns < MAX_TURNS; turns++) {
    if (condition()) return;
    await turn();
  }
  assert(condition(), `waited in vain for ${what}`);
}

/** Turns for a while, so that what must not happen could. Internal. */
export async function quiet(turn: Turn): Promise<void> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) await turn();
}

/** Fails unless the two are the same value, or arrays of the same values. Internal. */
export function equal(got: unknown, expected: unknown, what: string): void {
  assert(show(got) === show(expected), `${what}: expected ${show(expected)}, got ${show(got)}`);
}

/** Fails unless `act` throws an error called `name`. Internal. */
export function throws(act: () => void, name: string, what: string): void {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  equal(thrown instanceof Error ? thrown.name : thrown, name, what);
}

function show(value: unknown): string {
  return value instanceof Uint8Array ? `bytes ${value.join()}` : (JSON.stringify(value) ?? String(value));
}
