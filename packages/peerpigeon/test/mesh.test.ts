import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PeerPigeonMesh, PeerPigeonServer, type MeshEvents, type MeshOptions } from '../src/node.js';

/** Real links (@roamhq/wrtc), real sockets (ws), the real server, in one process. */
describe('meshes in Node', () => {
  let server: PeerPigeonServer;
  let url: string;
  let meshes: PeerPigeonMesh[];
  beforeEach(async () => {
    server = new PeerPigeonServer({ port: 0, host: '127.0.0.1' });
    ({ url } = await server.start());
    meshes = [];
  });
  afterEach(async () => {
    // One after the other: wrtc crashes in a send to a peer that closes at that very moment.
    for (const [at, mesh] of meshes.entries()) {
      mesh.disconnect();
      const rest = meshes.slice(at + 1);
      await vi.waitUntil(() => rest.every((other) => mesh.peerId === null || !other.hasPeer(mesh.peerId)));
    }
    await server.stop();
  });

  /** One after the other: wrtc loses links when many are dialled at once. */
  async function join(count: number, options: MeshOptions = {}): Promise<PeerPigeonMesh[]> {
    for (let i = 0; i < count; i++) {
      const mesh = new PeerPigeonMesh(options);
      meshes.push(mesh);
      await mesh.connect(url);
    }
    const all = (): boolean => meshes.every((mesh) => mesh.getConnectedPeerCount() === Math.min(count - 1, 3));
    await vi.waitUntil(all, { timeout: 15_000 });
    return meshes;
  }

  function tape<Type extends keyof MeshEvents>(mesh: PeerPigeonMesh, type: Type): MeshEvents[Type][] {
    const events: MeshEvents[Type][] = [];
    mesh.on(type, (event) => events.push(event));
    return events;
  }

  it('S13, S14, S47, S48: two connect, talk both ways, and part', async () => {
    const [a, b] = (await join(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const [atA, atB] = [tape(a, 'messageReceived'), tape(b, 'messageReceived')];
    const toAll = a.sendMessage({ text: 'hello', bytes: new Uint8Array([1, 2]) });
    await vi.waitUntil(() => atB.length > 0);
    expect(atB[0]).toMatchObject({
      messageId: toAll,
      content: { text: 'hello', bytes: new Uint8Array([1, 2]) },
      hops: 1,
    });
    b.sendMessage('x'.repeat(60_000));
    await vi.waitUntil(() => atA.length > 1);
    expect(atA[1]).toMatchObject({ from: b.peerId, content: 'x'.repeat(60_000) });
    const delivered = tape(b, 'messageDelivered');
    const toOne = b.sendDirectMessage(a.peerId!, 'for you');
    await vi.waitUntil(() => atA.length > 2 && delivered.length > 0);
    expect(atA[2]).toMatchObject({ messageId: toOne, direct: true, content: 'for you' });
    expect(delivered[0]).toMatchObject({ messageId: toOne, peerId: a.peerId });
    const gone = tape(b, 'peerDisconnected');
    const started = performance.now();
    a.disconnect();
    await vi.waitUntil(() => gone.length > 0);
    expect(gone).toEqual([{ peerId: a.peerId, reason: expect.stringMatching(/./) }]);
    expect(performance.now() - started, 'ms until the other side knew').toBeLessThan(1_000);
  });

  it('S29: three are one mesh; every broadcast reaches every peer exactly once', async () => {
    await join(3);
    const tapes = meshes.map((mesh) => tape(mesh, 'messageReceived'));
    const sent = meshes.flatMap((mesh) => Array.from({ length: 20 }, (_, i) => mesh.sendMessage(i)));
    await vi.waitUntil(() => tapes.every((events) => events.length >= sent.length));
    for (const events of tapes) expect(events.map(({ messageId }) => messageId).sort()).toEqual([...sent].sort());
  });

  it('S82: disconnectPeer closes the real link, and both sides see the reason', async () => {
    const [a, b] = (await join(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const gone = meshes.map((mesh) => tape(mesh, 'peerDisconnected'));
    a.disconnectPeer(b.peerId!, 'testing partition');
    await vi.waitUntil(() => gone.every((events) => events.length > 0));
    expect(gone.map(([event]) => event?.reason)).toEqual(['testing partition', 'testing partition']);
  });

  it('S117: links outlive the server', async () => {
    const [a, b] = (await join(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const [lost, received] = [tape(a, 'disconnected'), tape(b, 'messageReceived')];
    await server.stop();
    await vi.waitUntil(() => lost.length > 0);
    a.sendMessage('still here');
    await vi.waitUntil(() => received.length > 0);
    expect(a.getStatus()).toMatchObject({ connected: false, connectedCount: 1 });
  });

  it('S10: nobody listens: SIGNALING_UNREACHABLE', async () => {
    await server.stop();
    const mesh = new PeerPigeonMesh();
    await expect(mesh.connect(url, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'SIGNALING_UNREACHABLE' });
  });

  it('S11: a process that has disconnected ends by itself', async () => {
    const child = spawn(process.execPath, [await bundle(new URL('./one-visit.ts', import.meta.url)), url]);
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(String(data)));
    const [mesh] = await join(1);
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, output: output.join('') }).toEqual({ code: 0, output: `${mesh?.peerId}\n` });
  });
});

/** A program as one file for Node; only what is native stays outside, and is found from this package. */
async function bundle(program: URL): Promise<string> {
  const outfile = fileURLToPath(new URL('../node_modules/.cache/program.cjs', import.meta.url));
  await build({
    entryPoints: [fileURLToPath(program)],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    conditions: ['@peerpigeon/source'],
    external: ['@roamhq/wrtc'],
    logOverride: { 'empty-import-meta': 'silent' },
  });
  return outfile;
}
