/** What every published package says about itself: honest, complete and alike. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../process.mjs';
import { rootManifest } from '../workspace.mjs';
import { conclude, packages, read } from './sources.mjs';

const MAX_README_LINES = 80;
const SOURCE = '@peerpigeon/source';

/**
 * The conditions of each innermost object of an `exports` target: what stands beside the files themselves.
 * @param {unknown} target
 * @returns {string[][]}
 */
function leaves(target) {
  if (target === null || typeof target !== 'object') return [];
  const nested = Object.values(target).filter((value) => typeof value === 'object');
  return nested.length > 0 ? nested.flatMap(leaves) : [Object.keys(target)];
}

/** @type {string[]} */
const problems = [];
const published = packages(['packages', 'apps']).filter(({ manifest }) => manifest.private !== true);
for (const { folder, manifest } of published) {
  const fields = /** @type {Record<string, any>} */ (manifest);
  /** @param {unknown} ok @param {string} what */
  const expect = (ok, what) => {
    if (!ok) problems.push(`${folder}: ${what}`);
  };
  expect(fields['license'] === 'MIT' && existsSync(join(ROOT, folder, 'LICENSE')), 'license MIT and a LICENSE file');
  expect(fields['type'] === 'module', 'type: module');
  expect(fields['sideEffects'] === false, 'sideEffects: false');
  expect(fields['engines']?.node === rootManifest().engines.node, `engines.node like the root's`);
  expect(fields['publishConfig']?.access === 'public', 'publishConfig.access: public');
  expect(typeof fields['description'] === 'string' && fields['description'].length > 20, 'a description');
  expect(
    ['dist', 'README.md'].every((file) => fields['files']?.includes(file)),
    'files with dist and README.md',
  );
  expect(fields['repository'] === undefined && fields['homepage'] === undefined, 'no invented address');
  for (const [path, target] of Object.entries(manifest.exports ?? {})) {
    for (const conditions of leaves(target)) {
      expect(conditions[0] === SOURCE && conditions[1] === 'types', `exports["${path}"]: ${SOURCE} first, then types`);
    }
  }
  const readme = `${folder}/README.md`;
  if (!existsSync(join(ROOT, readme))) problems.push(`${folder}: no README.md`);
  else {
    const text = read(readme);
    expect(/^```(js|ts|javascript|typescript)\b/m.test(text), 'README.md without a code example');
    expect(text.trimEnd().split('\n').length <= MAX_README_LINES, `README.md longer than ${MAX_README_LINES} lines`);
  }
}
conclude(problems, `${published.length} packages`);
