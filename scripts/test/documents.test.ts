import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';

/** The documents' programs compile, and those that show what they print do print it. */
const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENTS = ['README.md', 'docs/API.md', 'docs/DEPLOYMENT.md'];

interface Snippet {
  readonly name: string;
  readonly code: string;
  /** The `text` block that follows it, when there is one. */
  readonly output: string | undefined;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The complete programs of a document: blocks of code that import something. */
function snippets(path: string): Snippet[] {
  const blocks = [...read(path).matchAll(/^```(js|ts)\n([\s\S]*?)^```$(?:\n+```text\n([\s\S]*?)^```$)?/gm)];
  return blocks
    .map(([, , code = '', output], index) => ({ name: `${path} ${index + 1}`, code, output }))
    .filter(({ code }) => /^import /m.test(code));
}

const all = DOCUMENTS.flatMap(snippets);

describe('programs in the documents', () => {
  test('S4, S5: compile against the types of peerpigeon', () => {
    // In the package's folder, so that it finds itself by its name.
    const folder = join(ROOT, 'packages/peerpigeon/test');
    const sources = new Map(all.map(({ code }, index) => [join(folder, `document-${index}.ts`), code]));
    const parsed = ts.readConfigFile(join(ROOT, 'tsconfig.tests.json'), (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(parsed.config, ts.sys, ROOT);
    Object.assign(options, {
      noImplicitAny: false,
      noUnusedLocals: false,
      incremental: false,
      tsBuildInfoFile: undefined,
    });
    const disk = ts.createCompilerHost(options);
    const host: ts.CompilerHost = {
      ...disk,
      fileExists: (path) => sources.has(path) || disk.fileExists(path),
      readFile: (path) => sources.get(path) ?? disk.readFile(path),
      getSourceFile: (path, target, ...rest) => {
        const code = sources.get(path);
        return code === undefined ? disk.getSourceFile(path, target, ...rest) : ts.createSourceFile(path, code, target);
      },
    };
    const program = ts.createProgram([...sources.keys()], options, host);
    const problems = [...sources.keys()].flatMap((path, index) => {
      const file = program.getSourceFile(path);
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ messageText }) => `${all[index]?.name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
    });
    expect(problems).toEqual([]);
    expect(all.length).toBeGreaterThan(6);
  });

  const workplace = mkdtempSync(join(tmpdir(), 'peerpigeon-documents-'));
  mkdirSync(join(workplace, 'node_modules'));
  symlinkSync(join(ROOT, 'packages/peerpigeon'), join(workplace, 'node_modules/peerpigeon'));
  afterAll(() => rmSync(workplace, { recursive: true }));

  // As they ship (dist, so `pnpm build` comes first), but on a free port.
  test.each(all.filter(({ output }) => output !== undefined))('$name prints what it says', async ({ code, output }) => {
    const program = join(workplace, 'program.mjs');
    writeFileSync(program, code.replace('port: 3000', "port: 0, host: '127.0.0.1'"));
    const { stdout, stderr } = await execute(process.execPath, [program], { timeout: 25_000 });
    expect({ stdout, stderr }).toEqual({ stdout: output, stderr: '' });
  });

  test("S3: the browser's program bundles for browsers, and with both classes imported holds no server code", async () => {
    const program = join(workplace, 'browser.mjs');
    const browser = all.find(({ code }) => code.includes('document.body'))?.code ?? '';
    writeFileSync(
      program,
      browser.replace('{ PeerPigeonMesh }', '{ PeerPigeonMesh, PeerPigeonServer }') + 'new PeerPigeonServer();',
    );
    const { metafile } = await build({
      entryPoints: [program],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      outdir: workplace,
      logLevel: 'silent',
    });
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.some((path) => path.includes('packages/client/dist'))).toBe(true);
    expect(inputs.filter((path) => /packages\/server\/|node_modules\/ws\/|wrtc/.test(path))).toEqual([]);
  });

  test('two of them show their output', () => {
    expect(all.filter(({ output }) => output !== undefined).length).toBe(2);
  });
});

test('files that the documents name exist', () => {
  const files = ['packages', 'apps', 'e2e', 'bench', 'scripts'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => !path.includes('node_modules'))
      .map((path) => `/${folder}/${path}`),
  );
  const named = ['ARCHITECTURE.md', 'PROTOCOL.md', 'CONTRIBUTING.md'].flatMap((path) =>
    [...read(path).matchAll(/`([\w/.-]+\.(?:ts|mjs))`/g)].map(([, name]) => `/${name}`),
  );
  expect(named.filter((name) => !files.some((file) => file.endsWith(name)))).toEqual([]);
  expect(named.length).toBeGreaterThan(40);
});

describe('what the documents promise to say', () => {
  test('S87: manual peer management is written out', () => {
    const section = /^### Manual peer management$([\s\S]*?)^### /m.exec(read('docs/API.md'))?.[1] ?? '';
    const methods = ['hasPeer(', 'connectToPeer(', 'disconnectPeer(', 'forceConnectToAllPeers('];
    for (const method of methods) expect(section).toContain(`| \`${method}`);
  });

  test('S174: links are encrypted each for itself, and relays can read', () => {
    const section = /^## Security$([\s\S]*?)^## /m.exec(read('PROTOCOL.md'))?.[1] ?? '';
    expect(section).toMatch(/DTLS/);
    expect(section).toMatch(/per link/);
    expect(section).toMatch(/passes a message\s+on can read it/);
    expect(read('README.md')).toContain('PROTOCOL.md#security');
  });

  test('S179: no insecure address outside localhost', () => {
    const documents = [...DOCUMENTS, 'ARCHITECTURE.md', 'PROTOCOL.md', 'CONTRIBUTING.md', 'docs/signaling-protocol.md'];
    const hosts = documents.flatMap((path) => [...read(path).matchAll(/\bws:\/\/([\w.-]+)/g)].map(([, host]) => host));
    expect(new Set(hosts)).toEqual(new Set(['localhost']));
  });

  test('S186, S187: the licence and the documents are there', () => {
    expect(read('LICENSE')).toMatch(/^MIT License\n/);
    const manifests = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}/package.json`);
    for (const path of ['package.json', ...manifests]) {
      expect(JSON.parse(read(path))).toMatchObject({ license: 'MIT' });
      expect(existsSync(join(ROOT, dirname(path), 'LICENSE'))).toBe(true);
    }
    for (const path of ['docs/API.md', 'docs/DEPLOYMENT.md', 'CONTRIBUTING.md'])
      expect(existsSync(join(ROOT, path))).toBe(true);
  });
});
