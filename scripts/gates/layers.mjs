/**
 * The layer rules: who may import whom, and what a core may hold. Arrows point down only; a protocol core never imports
 * a sibling.
 */
import { basename, dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { ROOT } from '../process.mjs';
import { conclude, filesBelow, packages, read } from './sources.mjs';

const VOCABULARY = ['core', 'xor', 'identity'];
const PROTOCOLS = ['gossip', 'dht', 'topology', 'routing', 'transfer', 'media', 'link', 'signaling-protocol'];
const BELOW_MESH = [...VOCABULARY, ...PROTOCOLS];

/** Package folder → folders it may import. @type {Record<string, string[]>} */
export const LAYERS = {
  xor: [],
  core: ['xor'],
  identity: ['core', 'xor'],
  ...Object.fromEntries(PROTOCOLS.map((name) => [name, VOCABULARY])),
  mesh: BELOW_MESH,
  server: [...VOCABULARY, 'signaling-protocol'],
  simulator: ['mesh', ...BELOW_MESH],
  client: ['mesh', ...BELOW_MESH],
  peerpigeon: ['core', 'client', 'server', 'signaling'],
};

/** Pure packages: no I/O, no async, no state of the module. */
export const CORES = [...BELOW_MESH, 'mesh'];

const SCOPE = '@peerpigeon/';

/** The package a specifier belongs to: `@a/b/c` → `@a/b`. @param {string} specifier */
function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/**
 * Imported specifiers with their lines, and what breaks a core's purity.
 * @param {string} path
 * @param {string} text
 */
function scan(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @param {ts.Node} node */
  const line = (node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  /** @type {{ specifier: string, line: number }[]} */
  const imports = [];
  /** @type {{ what: string, line: number }[]} */
  const impure = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      if (ts.isStringLiteral(node.moduleSpecifier)) {
        imports.push({ specifier: node.moduleSpecifier.text, line: line(node) });
      }
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier !== undefined && ts.isStringLiteral(specifier)) {
        imports.push({ specifier: specifier.text, line: line(node) });
      }
      impure.push({ what: 'import() is asynchronous; a core is synchronous', line: line(node) });
    } else if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) {
      impure.push({ what: 'async in a core; push an output, the answer comes back as an input', line: line(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement) && !(statement.declarationList.flags & ts.NodeFlags.Const)) {
      impure.push({ what: 'module-level variable; state belongs to a constructed machine', line: line(statement) });
    }
  }
  return { imports, impure };
}

/**
 * Everything that breaks a layer rule, one line each.
 * @param {string} [root] Root folder of the workspace.
 * @returns {string[]}
 */
export function layerProblems(root = ROOT) {
  /** @type {string[]} */
  const problems = [];
  for (const { folder, manifest } of packages(['packages'], root)) {
    const name = folder.replace('packages/', '');
    const allowed = LAYERS[name];
    if (allowed === undefined) {
      problems.push(`${folder}: not in the layer table of scripts/gates/layers.mjs`);
      continue;
    }
    const dependencies = { ...manifest.dependencies, ...manifest.peerDependencies };
    const listed = Object.keys({ ...dependencies, ...manifest.devDependencies });
    for (const dependency of listed) {
      if (dependency.startsWith(SCOPE) && !allowed.includes(dependency.slice(SCOPE.length))) {
        problems.push(`${folder}/package.json: ${name} may not depend on ${dependency}`);
      }
    }
    const references = JSON.parse(read(`${folder}/tsconfig.json`, root)).references ?? [];
    const referenced = references.map((/** @type {{ path: string }} */ it) => SCOPE + basename(it.path));
    for (const dependency of Object.keys(dependencies).filter((it) => it.startsWith(SCOPE))) {
      if (!referenced.includes(dependency)) problems.push(`${folder}/tsconfig.json: no reference to ${dependency}`);
    }

    for (const path of filesBelow(`${folder}/src`, /\.ts$/, root)) {
      const { imports, impure } = scan(path, read(path, root));
      for (const { specifier, line } of imports) {
        const at = `${path}:${line}`;
        if (specifier.startsWith('.')) {
          const target = normalize(join(dirname(path), specifier)).replaceAll('\\', '/');
          if (!target.startsWith(`${folder}/src/`)) problems.push(`${at}: ${specifier} leaves the package's src`);
          if (!/\.js(on)?$/.test(specifier)) problems.push(`${at}: ${specifier} does not end in .js`);
        } else if (specifier.startsWith('#')) {
          // `imports` of the own package.json: a file of the package, chosen by condition.
          continue;
        } else if (specifier.startsWith('node:')) {
          if (CORES.includes(name)) problems.push(`${at}: a core does no I/O; ${specifier} belongs into an adapter`);
        } else {
          const dependency = packageOf(specifier);
          if (dependency.startsWith(SCOPE) && !allowed.includes(dependency.slice(SCOPE.length))) {
            problems.push(`${at}: ${name} may not import ${dependency}`);
          }
          if (!(dependency in dependencies)) problems.push(`${at}: ${dependency} is not in dependencies`);
        }
      }
      // Conformance suites test ports, which are asynchronous.
      const pure = CORES.includes(name) && !/\/src\/testing[./]/.test(path);
      if (pure) for (const { what, line } of impure) problems.push(`${path}:${line}: ${what}`);
    }
    for (const path of filesBelow(`${folder}/test`, /\.ts$/, root)) {
      for (const { specifier, line } of scan(path, read(path, root)).imports) {
        const target = normalize(join(dirname(path), specifier)).replaceAll('\\', '/');
        if (specifier.startsWith('.') && !target.startsWith(`${folder}/`)) {
          problems.push(`${path}:${line}: import other packages by name, not ${specifier}`);
        }
      }
    }
  }
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  conclude(layerProblems(), 'imports follow the layers');
}
