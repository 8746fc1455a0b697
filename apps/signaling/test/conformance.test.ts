import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe } from 'vitest';
import { signalingConformance } from '../../../packages/server/test/conformance.js';

// S154: the command is the same server as the class. Needs `pnpm build` before.
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

describe('S154: the process keeps what the class keeps', () => {
  let child: ChildProcess;
  let url = '';

  beforeAll(async () => {
    const env = { ...process.env, HOST: '127.0.0.1', PORT: '0', HANDSHAKE_BURST: '1000' };
    child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const { stdout } = child;
    if (stdout === null) throw new Error('no output');
    const [line] = (await once(stdout, 'data')) as [Buffer];
    ({ url } = JSON.parse(line.toString('utf8')) as { url: string });
  });

  afterAll(() => {
    child.kill('SIGKILL');
  });

  signalingConformance(() => url);
});
