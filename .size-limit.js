/**
 * Sizes after minifying and gzip, bundled for browsers. What a bundle loads only on demand (`import()`) is no part of its
 * first load; it is listed by itself.
 */
import { build } from 'esbuild';

/** Leaves `import()` out of a bundle, as a bundler with code splitting does. */
const splitOff = {
  name: 'split-off-dynamic-imports',
  /** @param {import('esbuild').PluginBuild} bundle */
  setup(bundle) {
    bundle.onResolve({ filter: /.*/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/**
 * @param {string} name
 * @param {string} path
 * @param {string} [limit]
 */
function bundled(name, path, limit) {
  return {
    name,
    path,
    limit,
    gzip: true,
    /** @param {import('esbuild').BuildOptions} options */
    modifyEsbuildConfig: (options) => ({
      ...options,
      format: 'esm',
      platform: 'browser',
      target: 'es2020',
      plugins: [splitOff],
    }),
  };
}

/** The modules that a bundle loads on demand. @param {string} path */
async function loadedOnDemand(path) {
  const { metafile } = await build({
    entryPoints: [path],
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    outdir: 'out',
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  const entries = Object.values(metafile.outputs).flatMap((output) => output.entryPoint ?? []);
  return entries.filter((entry) => entry !== path);
}

const CLIENT = 'packages/client/dist/index.js';

export default [
  bundled('client, first load', CLIENT, '20 kB'),
  ...(await loadedOnDemand(CLIENT)).map((path) => bundled(`client, on demand: ${path}`, path)),
  bundled('xor', 'packages/xor/dist/index.js', '2 kB'),
  bundled('gossip', 'packages/gossip/dist/index.js', '6 kB'),
];
