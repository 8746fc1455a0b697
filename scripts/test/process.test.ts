import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { isSignalingServer, isTaken, portFrom, takenMessage, urlHost } from '../ports.mjs';
import { run } from '../process.mjs';
import { nodeComplaint } from '../workspace.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerpigeon-process-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A child that starts a grandchild, says both pids and then waits for ever. */
const FAMILY = `
  const { spawn } = require('node:child_process');
  const grandchild = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  console.log(process.pid, grandchild.pid);
  setInterval(() => {}, 1000);`;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has collected yet is dead.
    const status = `/proc/${pid}/stat`;
    return !(existsSync(status) && readFileSync(status, 'utf8').includes(') Z '));
  } catch {
    return false;
  }
}

describe('child processes', () => {
  test('a time limit ends the whole group', async () => {
    const result = await run(process.execPath, ['-e', FAMILY], { capture: true, timeoutMs: 1_000 });
    expect(result).toMatchObject({ timedOut: true, code: 124 });
    const pids = result.output.trim().split(' ').map(Number);
    expect(pids).toHaveLength(2);
    await vi.waitFor(() => expect(pids.filter(lives)).toEqual([]));
  });

  test('exit codes and output; a missing program is 127', async () => {
    const child = ['-e', 'console.log("out"); console.error("err"); process.exit(3)'];
    expect(await run(process.execPath, child, { capture: true })).toEqual({
      code: 3,
      output: expect.stringMatching(/out\n[^]*err\n|err\n[^]*out\n/),
      timedOut: false,
    });
    expect((await run(join(folder, 'missing'), [], { capture: true })).code).toBe(127);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('S155: %s ends the children and exits with 0, promptly', async (signal) => {
    const main = `
      import { exitOnSignal, run } from ${JSON.stringify(new URL('../process.mjs', import.meta.url).href)};
      exitOnSignal(0);
      await run(process.execPath, ['-e', ${JSON.stringify(FAMILY)}]);
      process.exit(9);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', main], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const pids = line.toString().trim().split(' ').map(Number);
    expect(pids.filter(lives)).toHaveLength(2);
    const exited = once(child, 'exit');
    child.kill(signal);
    // Terminal and npm may both deliver it.
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
    await vi.waitFor(() => expect(pids.filter(lives)).toEqual([]));
  });
});

describe('S155: ports', () => {
  async function listen(body: string): Promise<number> {
    const server = createServer((_, response) => response.end(body));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  test('a PeerPigeon signaling server is recognised by its health, anything else is not', async () => {
    const ours = await listen('{"service":"peerpigeon","status":"healthy"}');
    const other = await listen('<html>');
    expect(await isTaken('localhost', ours)).toBe(true);
    expect(await isSignalingServer('localhost', ours)).toBe(true);
    expect(await isTaken('0.0.0.0', other)).toBe(true);
    expect(await isSignalingServer('127.0.0.1', other)).toBe(false);
  });

  test('a free port is free', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect(await isTaken('localhost', port)).toBe(false);
  });

  test('a bad value and a taken port name the variable', () => {
    vi.stubEnv('DEMO_PORT', '80a');
    expect(() => portFrom('DEMO_PORT', 8080)).toThrow(/DEMO_PORT/);
    vi.stubEnv('DEMO_PORT', '');
    expect(portFrom('DEMO_PORT', 8080)).toBe(8080);
    vi.stubEnv('PORT', '0');
    expect(portFrom('PORT', 3000, 0)).toBe(0);
    expect(() => portFrom('PORT', 3000)).toThrow(/PORT must be a port from 1/);
    vi.unstubAllEnvs();
    expect(takenMessage('PORT', 3000, 'npm start')).toContain('PORT=3001 npm start');
    expect(urlHost('::1')).toBe('[::1]');
  });
});

test('S184: a Node that is too old is named', () => {
  expect(nodeComplaint('20.19.0', '>=20.19')).toBeUndefined();
  expect(nodeComplaint('22.1.0', '>=20.19')).toBeUndefined();
  expect(nodeComplaint('20.18.9', '>=20.19')).toMatch(/needs Node >=20.19.*20\.18\.9/);
});
