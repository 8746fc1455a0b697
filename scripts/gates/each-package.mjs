/**
 * Runs a checker of package contents for every published package: `each-package.mjs publint` or `each-package.mjs attw`.
 */
import { join } from 'node:path';
import { ROOT, run } from '../process.mjs';
import { conclude, packages } from './sources.mjs';

const TIMEOUT_MS = 60_000;

/** Tool → its arguments for a package's folder. @type {Record<string, (folder: string) => string[]>} */
const TOOLS = {
  publint: (folder) => [folder, '--strict', '--pack', 'npm'],
  // ESM only: what node10 and require() cannot load is meant so.
  attw: (folder) => ['--pack', folder, '--profile', 'esm-only', '--no-color', '--quiet'],
};

const tool = process.argv[2] ?? '';
const argumentsFor = TOOLS[tool];
if (argumentsFor === undefined) throw new Error(`expected one of ${Object.keys(TOOLS).join(', ')}, got ${tool}`);

/** @type {string[]} */
const problems = [];
const published = packages(['packages', 'apps']).filter(({ manifest }) => manifest.private !== true);
for (const { folder } of published) {
  const program = join(ROOT, 'node_modules', '.bin', tool);
  const { code, output } = await run(program, argumentsFor(folder), { capture: true, timeoutMs: TIMEOUT_MS });
  if (code !== 0) problems.push(`${folder}\n${output.trim()}`);
}
conclude(problems, `${published.length} packages`);
