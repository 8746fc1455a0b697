/**
 * The browser floor (S167): Chrome 80, Firefox 75, Safari 14, Edge 80 and their mobile sisters.
 *
 * Two questions are asked. Syntax: is what our packages ship ES2020, and can the whole bundle, dependencies included, be
 * lowered to the floor by a bundler? APIs: is every global, every static and every method that the bundle names known to
 * all browsers of the floor? The answers come from MDN's browser-compat-data, the set that the usual tools build on;
 * those tools look at globals alone (eslint-plugin-compat) or at the ECMAScript edition alone (es-check).
 *
 * A method is known by its name only (`x.at(0)`: which x?), so it counts as too new if no interface of the floor has it
 * and the bundle defines no property of that name itself. For our own code the compiler closes that gap: lib is ES2020.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Parser } from 'acorn';
import { full } from 'acorn-walk';
import { build } from 'esbuild';
import { analyze } from 'eslint-scope';
import { ROOT } from '../process.mjs';
import { conclude, filesBelow, read } from './sources.mjs';

/** Browser of the compat data → oldest version that must do. @type {Record<string, number>} */
const FLOOR = { chrome: 80, chrome_android: 80, edge: 80, firefox: 75, safari: 14, safari_ios: 14 };
/** ES2020 is what the floor speaks; `export * as` and some regular expressions, which it does not, are looked for below. */
const FLOOR_TARGET = 'es2020';

/**
 * What may be named all the same, because the code there asks first and does without.
 * @type {{ feature: string, module: string, without: string }[]}
 */
const ASKED_FIRST = [
  { feature: '.connectionState', module: 'client/dist/adapters/', without: 'iceConnectionState says it too' },
  { feature: '.sctp', module: 'client/dist/adapters/', without: 'a message size that every browser takes' },
  { feature: '.maxMessageSize', module: 'client/dist/adapters/', without: 'a message size that every browser takes' },
  {
    feature: '.setConfiguration',
    module: 'client/dist/adapters/',
    without: 'a restart has the first TURN credentials',
  },
  { feature: 'Symbol.asyncDispose', module: 'client/dist/', without: 'disconnect() is what it would call' },
  { feature: 'TransformStream', module: 'client/dist/transfer/', without: 'openStream() throws UNSUPPORTED' },
  { feature: '.getWriter', module: 'client/dist/transfer/', without: 'nobody has such a stream to give' },
  { feature: 'BroadcastChannel', module: 'client/dist/adapters/', without: 'connect() rejects as for a dead server' },
  { feature: 'CompressionStream', module: 'client/dist/invites/', without: 'invites are longer' },
  { feature: 'DecompressionStream', module: 'client/dist/invites/', without: 'acceptInvite() throws UNSUPPORTED' },
  { feature: '.pipeThrough', module: 'client/dist/invites/', without: 'it is called with these alone' },
  { feature: '.encodeInto', module: 'lib0/encoding.js', without: 'UTF-8 by encodeURIComponent' },
  { feature: '.setBigInt64', module: 'lib0/encoding.js', without: 'no bigint is handed to it' },
  { feature: '.getBigInt64', module: 'lib0/decoding.js', without: 'structure.ts refuses the type' },
  { feature: '.blockSize', module: '@stablelib/', without: 'a field of its own class' },
];

/** Packages that run in browsers. */
const BROWSER_PACKAGES =
  'core xor identity gossip topology routing transfer link signaling-protocol mesh client peerpigeon';
/** What applications import; each package reaches itself by its name, under the browser's conditions. */
const ENTRIES = [
  { folder: 'packages/client', name: '@peerpigeon/client' },
  { folder: 'packages/peerpigeon', name: 'peerpigeon' },
];

/** Objects that exist without `new`, and the interface each has. @type {Record<string, string>} */
const SINGLETONS = {
  crypto: 'Crypto',
  document: 'Document',
  history: 'History',
  indexedDB: 'IDBFactory',
  localStorage: 'Storage',
  location: 'Location',
  navigator: 'Navigator',
  performance: 'Performance',
  screen: 'Screen',
  sessionStorage: 'Storage',
};
const GLOBAL_OBJECTS = new Set(['globalThis', 'window', 'self']);

/** @typedef {{ version_added?: string | boolean | null, version_removed?: string | boolean, flags?: unknown, prefix?: string, alternative_name?: string }} Support */
/** @typedef {{ __compat?: { support: Record<string, Support | Support[]> } } & { [key: string]: any }} Feature */
/** @typedef {any} Node An ESTree node. */

const require = createRequire(import.meta.url);
/** @type {{ api: Feature, javascript: { builtins: Feature, regular_expressions: Feature, statements: Feature } }} */
const bcd = require('@mdn/browser-compat-data');
const { api } = bcd;
const { builtins } = bcd.javascript;

/** Browsers of the floor that lack a feature; empty if all have it. @param {Feature | undefined} feature */
function lacking(feature) {
  const support = feature?.__compat?.support;
  if (support === undefined) return [];
  return Object.keys(FLOOR).filter((browser) => {
    const entries = [support[browser] ?? []].flat();
    return !entries.some((entry) => {
      if (entry.flags !== undefined || entry.prefix !== undefined || entry.alternative_name !== undefined) return false;
      const since = entry.version_added;
      if (typeof since !== 'string') return since === true;
      const removed = typeof entry.version_removed === 'string' ? Number.parseFloat(entry.version_removed) : Infinity;
      const floor = FLOOR[browser] ?? 0;
      return Number.parseFloat(since.replace('≤', '')) <= floor && removed > floor;
    });
  });
}

/** Member name → the features of that name in all interfaces. @type {Map<string, Feature[]>} */
const members = new Map();
for (const interfaces of [api, builtins]) {
  for (const owner of Object.values(interfaces)) {
    for (const [name, feature] of Object.entries(owner)) {
      if (name === '__compat' || name.includes('_') || feature.__compat === undefined) continue;
      members.set(name, [...(members.get(name) ?? []), feature]);
    }
  }
}

/** @param {string} owner @param {string} name @returns {Feature | undefined} */
function memberOf(owner, name) {
  const interfaceName = SINGLETONS[owner];
  if (interfaceName !== undefined) return api[interfaceName]?.[name];
  return builtins[owner]?.[name] ?? api[owner]?.[`${name}_static`] ?? api[owner]?.[name];
}

/** @param {string} name @returns {Feature | undefined} */
function globalNamed(name) {
  return builtins[name] ?? api[name] ?? api['Window']?.[name];
}

/** @param {string} code @returns {Node} */
function parse(code) {
  return Parser.parse(code, { ecmaVersion: 2020, sourceType: 'module', locations: true, ranges: true });
}

/**
 * Names of properties that a module makes itself: they say nothing about the browser.
 * @param {string} code
 * @returns {string[]}
 */
export function ownNames(code) {
  /** @type {Set<string>} */
  const own = new Set();
  full(parse(code), (/** @type {Node} */ node) => {
    if ((node.type === 'Property' || node.type === 'MethodDefinition') && !node.computed) own.add(node.key.name);
    else if (node.type === 'AssignmentExpression' && node.left.type === 'MemberExpression') {
      if (!node.left.computed) own.add(node.left.property.name);
    } else if (node.type === 'ExportSpecifier') own.add(node.exported.name);
  });
  return [...own];
}

/**
 * Everything a piece of JavaScript uses that some browser of the floor has not.
 * @param {string} code An ES module.
 * @param {Iterable<string>} [names] Property names of ours; those of the module itself by default.
 * @returns {{ feature: string, browsers: string[], line: number }[]} One entry a feature, at its first use.
 * @throws {SyntaxError} if the syntax is newer than ES2020.
 */
export function beyondFloor(code, names = ownNames(code)) {
  const own = new Set(names);
  const ast = parse(code);
  /** @type {Map<string, { feature: string, browsers: string[], line: number }>} */
  const found = new Map();
  /** @param {string} name @param {string[]} browsers @param {Node} node */
  const report = (name, browsers, node) => {
    if (browsers.length > 0 && !found.has(name))
      found.set(name, { feature: name, browsers, line: node.loc.start.line });
  };

  /** @type {Set<Node>} */
  const globals = new Set();
  const [globalScope] = analyze(ast, { ecmaVersion: 2020, sourceType: 'module' }).scopes;
  for (const { identifier } of globalScope?.through ?? []) globals.add(identifier);
  /** @type {Set<Node>} */
  const asked = new Set();
  full(ast, (/** @type {Node} */ node) => {
    if (node.type === 'UnaryExpression' && node.operator === 'typeof') asked.add(node.argument);
  });

  for (const identifier of globals) {
    if (!asked.has(identifier)) report(identifier.name, lacking(globalNamed(identifier.name)), identifier);
  }
  full(ast, (/** @type {Node} */ node) => {
    if (node.type === 'MemberExpression' && !node.computed && !asked.has(node)) {
      const { object, property } = node;
      if (object.type === 'Identifier' && globals.has(object) && globalNamed(object.name) !== undefined) {
        if (GLOBAL_OBJECTS.has(object.name)) report(property.name, lacking(globalNamed(property.name)), node);
        else report(`${object.name}.${property.name}`, lacking(memberOf(object.name, property.name)), node);
      } else if (!own.has(property.name)) {
        const missing = (members.get(property.name) ?? []).map(lacking);
        if (missing.length > 0 && missing.every((browsers) => browsers.length > 0)) {
          report(`.${property.name}`, missing[0] ?? [], node);
        }
      }
    } else if (node.type === 'Literal' && node.regex !== undefined) {
      const { pattern, flags } = node.regex;
      const regexp = bcd.javascript.regular_expressions;
      if (/\(\?<[=!]/.test(pattern)) report('lookbehind', lacking(regexp['lookbehind_assertion']), node);
      if (/\(\?<[^=!]/.test(pattern)) report('named groups', lacking(regexp['named_capturing_group']), node);
      if (/\\p\{/i.test(pattern)) report('\\p{…}', lacking(regexp['unicode_character_class_escape']), node);
      if (flags.includes('s')) report('the flag s', lacking(builtins['RegExp']?.dotAll), node);
    } else if (node.type === 'ExportAllDeclaration' && node.exported !== null && node.exported !== undefined) {
      report('export * as', lacking(bcd.javascript.statements['export']?.namespace), node);
    }
  });
  return [...found.values()];
}

/** The module that a line of an esbuild bundle comes from: esbuild names it in a comment. @param {string} code @param {number} line */
function moduleAt(code, line) {
  const before = code.split('\n').slice(0, line).reverse();
  return before.find((text) => /^\/\/ \S+\.m?js$/.test(text))?.slice(3) ?? '?';
}

async function main() {
  /** @type {string[]} */
  const problems = [];
  for (const name of BROWSER_PACKAGES.split(' ')) {
    for (const path of filesBelowDist(`packages/${name}/dist`)) {
      try {
        Parser.parse(read(path), { ecmaVersion: 2020, sourceType: 'module' });
      } catch (error) {
        problems.push(`${path}: newer than ES2020: ${String(error)}`);
      }
    }
  }
  let bytes = 0;
  for (const { folder, name } of ENTRIES) {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '${name}';`, resolveDir: join(ROOT, folder) },
      absWorkingDir: ROOT,
      bundle: true,
      splitting: true,
      write: false,
      outdir: 'out',
      platform: 'browser',
      format: 'esm',
      target: FLOOR_TARGET,
      charset: 'utf8',
      logLevel: 'error',
    });
    const names = outputFiles.flatMap(({ text }) => ownNames(text));
    for (const { text } of outputFiles) {
      bytes += text.length;
      for (const { feature, browsers, line } of beyondFloor(text, names)) {
        const module = moduleAt(text, line);
        if (ASKED_FIRST.some((it) => it.feature === feature && module.includes(it.module))) continue;
        const floor = browsers.map((browser) => `${browser} ${FLOOR[browser]}`).join(', ');
        problems.push(`${module}: ${feature} is not in ${floor}`);
      }
    }
  }
  conclude(
    [...new Set(problems)],
    `${Math.round(bytes / 1000)} kB of bundles run on Chrome 80, Firefox 75, Safari 14, Edge 80`,
  );
}

/** @param {string} folder */
function filesBelowDist(folder) {
  const files = filesBelow(folder, /\.js$/);
  if (files.length === 0) throw new Error(`${folder} holds no JavaScript: run the build first`);
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
