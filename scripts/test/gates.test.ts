import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { beyondFloor } from '../gates/browser-floor.mjs';
import { calledScripts, documentProblems, slug } from '../gates/docs.mjs';
import { layerProblems } from '../gates/layers.mjs';
import { parityProblems } from '../gates/parity.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'peerpigeon-gates-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
}

describe('layers', () => {
  const ours = (...names: string[]) => Object.fromEntries(names.map((name) => [`@peerpigeon/${name}`, 'workspace:^']));

  function room(name: string, dependencies: Record<string, string>, source: string): void {
    const references = Object.keys(dependencies)
      .filter((it) => it.startsWith('@peerpigeon/'))
      .map((it) => ({ path: it.replace('@peerpigeon/', '../') }));
    write(`packages/${name}/package.json`, { name: `@peerpigeon/${name}`, dependencies });
    write(`packages/${name}/tsconfig.json`, { references });
    write(`packages/${name}/src/index.ts`, source);
  }

  test('imports downward pass', () => {
    room('core', {}, 'export const one = 1;');
    room('gossip', ours('core'), `import { one } from '@peerpigeon/core';\nexport { two } from './two.js';`);
    expect(layerProblems(root)).toEqual([]);
  });

  test('a sibling core, an upper layer, an unlisted package and Node are reported', () => {
    room('gossip', ours('routing'), `import { a } from '@peerpigeon/routing';\nimport 'node:fs';\nimport 'left-pad';`);
    room('core', {}, `import { b } from '@peerpigeon/mesh/testing';`);
    expect(layerProblems(root)).toEqual([
      'packages/core/src/index.ts:1: core may not import @peerpigeon/mesh',
      'packages/core/src/index.ts:1: @peerpigeon/mesh is not in dependencies',
      'packages/gossip/package.json: gossip may not depend on @peerpigeon/routing',
      'packages/gossip/src/index.ts:1: gossip may not import @peerpigeon/routing',
      'packages/gossip/src/index.ts:2: a core does no I/O; node:fs belongs into an adapter',
      'packages/gossip/src/index.ts:3: left-pad is not in dependencies',
    ]);
  });

  test('a core with async code or module state is reported, a server is not', () => {
    const source = 'let count = 0;\nexport async function f() { await 1; count += 1; }';
    room('link', {}, source);
    room('server', {}, source);
    expect(layerProblems(root).map((problem) => problem.split(':')[0])).toEqual(
      Array.from({ length: 3 }, () => 'packages/link/src/index.ts'),
    );
  });

  test('tests reach other packages by name only', () => {
    room('core', {}, '');
    write('packages/core/test/a.test.ts', `import '../src/index.js';\nimport '../../xor/src/index.js';`);
    expect(layerProblems(root)).toHaveLength(1);
  });
});

describe('S187: documents', () => {
  test('links and anchors', () => {
    write('docs/api.md', '# Über `api` & more\n## Again\n## Again');
    write('README.md', '');
    const text =
      '[a](docs/api.md) [b](docs/api.md#again-1) [c](docs/api.md#nowhere) [d](gone.md) [e](https://x.y) [f](#here)\n' +
      '# Here\n```md\n[not](a-link.md)\n```\n`[nor](this.md)`';
    expect(documentProblems('README.md', text, [], root)).toEqual([
      'README.md: docs/api.md#nowhere: no such heading',
      'README.md: gone.md leads nowhere',
    ]);
    expect(slug('The two commands: `npm run dev`')).toBe('the-two-commands-npm-run-dev');
  });

  test.each([
    ['npm test', ['test']],
    ['npm run dev', ['dev']],
    ['PORT=3001 npm start', ['start']],
    ['pnpm -s sim run --seed 1', ['sim']],
    ['pnpm test:long && pnpm figures', ['test:long', 'figures']],
    ['npm install @peerpigeon/xor', []],
    ['pnpm --filter @peerpigeon/xor build', []],
    ['npx --yes pnpm@10.34.9 check', ['check']],
  ])('the scripts that `%s` calls', (line, scripts) => expect(calledScripts(line)).toEqual(scripts));

  test('a command without a script is reported', () => {
    expect(documentProblems('README.md', '```sh\nnpm run fly\nnpm test\n```', ['test'], root)).toHaveLength(1);
  });
});

describe('parity', () => {
  const exists = (path: string) => path === 'packages/xor/test/id.test.ts';

  test('each promise once, with files that exist', () => {
    const text = '| S1 | done | `packages/xor/test/id.test.ts` |\n| **S2** | not yet | |\n';
    expect(parityProblems(text, exists, 2)).toEqual([]);
  });

  test('missing, doubled and unknown promises and files are reported', () => {
    const text = '| S1 | | `gone.test.ts` |\n| S1 | | |\n| S9 | | |\n';
    expect(parityProblems(text, exists, 2)).toHaveLength(4);
  });
});

describe('S167: the browser floor', () => {
  const features = (code: string): string[] => beyondFloor(code).map(({ feature }) => feature);

  test('what Chrome 80, Firefox 75 and Safari 14 have passes', () => {
    expect(
      features(`
        const pc = new RTCPeerConnection(); pc.createDataChannel('a').bufferedAmountLowThreshold = 1;
        crypto.getRandomValues(new Uint8Array(1)); crypto.subtle.digest('SHA-256', x); queueMicrotask(f);
        [1n].flatMap((x) => x ?? x?.y); Promise.allSettled([]); new WebSocket('ws://x'); 'a'.matchAll(/b/g);
        await_(import('./later.js')); globalThis.setTimeout(f, 1); new TextEncoder().encode('x');`),
    ).toEqual([]);
  });

  test.each([
    ['structuredClone(x)', 'structuredClone'],
    ['globalThis.structuredClone(x)', 'structuredClone'],
    ['crypto.randomUUID()', 'crypto.randomUUID'],
    ['Object.hasOwn(x, y)', 'Object.hasOwn'],
    ['AbortSignal.timeout(1)', 'AbortSignal.timeout'],
    ['x.at(-1)', '.at'],
    ['x.replaceAll(a, b)', '.replaceAll'],
    ['pc.restartIce()', '.restartIce'],
    ['new BroadcastChannel(x)', 'BroadcastChannel'],
    ['view.setBigUint64(0, 1n)', '.setBigUint64'],
    ['/(?<year>y)/.test(x)', 'named groups'],
    ["export * as all from './a.js'", 'export * as'],
  ])('%s is reported', (code, feature) => expect(features(code)).toEqual([feature]));

  test('a name of our own is no API, and asking with typeof is allowed', () => {
    expect(features('const timer = { at: 3 }; use(timer.at); typeof BroadcastChannel;')).toEqual([]);
  });

  test('newer syntax is a syntax error', () => {
    expect(() => features('a ??= b')).toThrow(SyntaxError);
  });
});
