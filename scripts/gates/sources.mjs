/** The repository's own files, as the gates see them. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ROOT } from '../process.mjs';

const NOT_OURS = new Set([
  'node_modules',
  'dist',
  '.git',
  '.turbo',
  '.cache',
  'coverage',
  'test-results',
  'playwright-report',
]);

/**
 * Paths of all files below a folder, relative to the root, with forward slashes, sorted.
 * @param {string} folder Relative to the root; need not exist.
 * @param {RegExp} pattern
 * @returns {string[]}
 */
export function filesBelow(folder, pattern, root = ROOT) {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  /** @type {string[]} */
  const found = [];
  for (const entry of readdirSync(start, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !NOT_OURS.has(entry.name)) found.push(...filesBelow(path, pattern, root));
    else if (entry.isFile() && pattern.test(entry.name)) found.push(path.split(sep).join('/'));
  }
  return found.sort();
}

/** @param {string} path */
export function read(path, root = ROOT) {
  return readFileSync(join(root, path), 'utf8');
}

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {boolean} [private]
 * @property {Record<string, unknown>} [exports]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 */

/** @typedef {{ folder: string, manifest: Manifest }} Package */

/**
 * The workspace's packages.
 * @param {string[]} [rooms]
 * @returns {Package[]}
 */
export function packages(rooms = ['packages', 'apps'], root = ROOT) {
  return rooms.flatMap((room) => {
    if (!existsSync(join(root, room))) return [];
    return readdirSync(join(root, room))
      .map((name) => `${room}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .map((folder) => ({ folder, manifest: JSON.parse(read(`${folder}/package.json`, root)) }));
  });
}

/**
 * Ends a gate: prints what is wrong, or what was looked at.
 * @param {string[]} problems
 * @param {string} seen What was checked, for the good case.
 */
export function conclude(problems, seen) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) console.error(`${problems.length} problem${problems.length === 1 ? '' : 's'}`);
  else console.log(seen);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

/** The folder of `path` relative to the root. @param {string} path */
export function fromRoot(path) {
  return relative(ROOT, path).split(sep).join('/');
}
