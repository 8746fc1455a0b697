import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

// The built process, as `npm start` runs it: needs `pnpm build` before.
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts the process; `output` is all it has printed. */
function start(environment: Record<string, string>): {
  child: ChildProcess;
  exit: Promise<{ code: number | null; output: string }>;
  address: Promise<string>;
} {
  const child = spawn(process.execPath, [MAIN], { env: { ...process.env, HOST: '127.0.0.1', ...environment } });
  children.push(child);
  let output = '';
  const address = new Promise<string>((resolve) => {
    const hear = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      const url = /ws:\S+/.exec(output)?.[0];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
  });
  const exit = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, exit, address };
}

describe('the signaling process', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'S149: prints its address, serves, and ends cleanly on %s',
    async (signal) => {
      const { child, exit, address } = start({ PORT: '0', CORS_ORIGIN: '*' });
      const url = await address;
      const health = await fetch(`${url.replace('ws:', 'http:')}/health`);
      expect(await health.json()).toMatchObject({ service: 'peerpigeon', connections: 0 });
      const client = new WebSocket(`${url}/?peerId=${'a'.repeat(40)}`);
      await once(client, 'message');
      const closed = once(client, 'close');
      const before = performance.now();
      child.kill(signal);
      const [code] = (await closed) as [number];
      expect(code).toBe(1001);
      expect(await exit).toMatchObject({ code: 0 });
      expect(performance.now() - before).toBeLessThan(5_000);
    },
  );

  test('S153: a bad value ends the start with a message that names the variable', async () => {
    const { code, output } = await start({ PORT: 'http' }).exit;
    expect(code).toBe(1);
    expect(output).toContain('PORT is wrong: port: expected a whole number, got "http"');
  });

  test('a host of another machine ends the start with a message that names HOST', async () => {
    // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    const { code, output } = await start({ PORT: '0', HOST: '192.0.2.1' }).exit;
    expect(code).toBe(1);
    expect(output).toMatch(/^peerpigeon: HOST is wrong: .*192\.0\.2\.1/);
  });

  test('a taken port ends the start with a message that names PORT', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const { code, output } = await start({ PORT: String(port) }).exit;
    blocker.close();
    expect(code).toBe(1);
    expect(output).toContain(`port ${port} of 127.0.0.1 is taken. Set PORT to another one`);
  });
});
