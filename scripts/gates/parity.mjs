/** docs/parity.md lists every promise S1…S187 exactly once, and every test file it cites exists. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../process.mjs';
import { conclude, read } from './sources.mjs';

const PARITY = 'docs/parity.md';
const PROMISES = 187;

/**
 * @param {string} text The document: one table row a promise, beginning with `| S1 |`.
 * @param {(path: string) => boolean} exists
 * @param {number} [promises]
 */
export function parityProblems(text, exists, promises = PROMISES) {
  /** @type {string[]} */
  const problems = [];
  /** @type {Map<number, number>} */
  const rows = new Map();
  for (const [, number] of text.matchAll(/^\|\s*\**S(\d+)\**\s*\|/gm)) {
    rows.set(Number(number), (rows.get(Number(number)) ?? 0) + 1);
  }
  for (let number = 1; number <= promises; number += 1) {
    const count = rows.get(number) ?? 0;
    if (count !== 1) problems.push(`${PARITY}: S${number} has ${count} rows, not one`);
    rows.delete(number);
  }
  for (const number of rows.keys()) problems.push(`${PARITY}: there is no promise S${number}`);
  const cited = new Set([...text.matchAll(/`([^`\s]+\.(?:test|spec)\.ts)`/g)].map((match) => match[1] ?? ''));
  for (const path of cited) if (!exists(path)) problems.push(`${PARITY}: ${path} does not exist`);
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = existsSync(join(ROOT, PARITY))
    ? parityProblems(read(PARITY), (path) => existsSync(join(ROOT, path)))
    : [`${PARITY} is missing`];
  conclude(problems, `${PROMISES} promises, one row each`);
}
