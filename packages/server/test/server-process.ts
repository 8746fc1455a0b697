import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import type { ServerOptions } from '../src/index.js';

/** What a server's process takes, in bytes, after a collection of garbage. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  /** Buffers outside the heap: what waits for slow readers is there. */
  readonly arrayBuffers: number;
}

/** The server in a process of its own, made of the sources: what is measured is it alone. */
export interface ServerProcess {
  readonly url: string;
  readonly http: string;
  readonly memory: () => Promise<Memory>;
}

const SOURCE = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const PROGRAM = (options: Partial<ServerOptions>): string => `
  import { PeerPigeonServer } from ${JSON.stringify(SOURCE)};
  const server = new PeerPigeonServer(${JSON.stringify({ port: 0, host: '127.0.0.1', ...options })});
  process.on('message', () => {
    globalThis.gc();
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    process.send({ rss, heapUsed, arrayBuffers });
  });
  process.on('disconnect', () => process.exit(0));
  server.start().then(({ url }) => process.send(url));
`;

/** Starts one on a free port; it ends with the test. */
export async function serverProcess(options: Partial<ServerOptions> = {}): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'peerpigeon-server-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [program, bundle] = [join(folder, 'program.ts'), join(folder, 'server.cjs')];
  await writeFile(program, PROGRAM(options));
  await build({
    entryPoints: [program],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    conditions: ['@peerpigeon/source'],
    external: ['@redis/client'],
    logLevel: 'silent',
  });
  const child = spawn(process.execPath, ['--expose-gc', bundle], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [url] = (await once(child, 'message')) as [string];
  const memory = async (): Promise<Memory> => {
    child.send('memory');
    return ((await once(child, 'message')) as [Memory])[0];
  };
  return { url, http: url.replace('ws:', 'http:'), memory };
}
