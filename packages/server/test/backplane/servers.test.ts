import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MemoryBackplane, PeerPigeonServer, type PeerPigeonServerOptions, RedisBackplane } from '../../src/index.js';
import { RawClient } from '../raw-client.js';
import { figures, peerId, serve } from '../serve.js';
import { Peer, until } from './deployment.js';
import { freePort } from './redis-process.js';

/** So many servers that are nodes of one deployment. */
async function nodes(count: number) {
  const backplane = new MemoryBackplane();
  return Promise.all(Array.from({ length: count }, (_, index) => serve({ backplane, nodeId: `n${index}` })));
}

/** Two of them, with a peer each. */
async function pair() {
  const [a, b] = (await nodes(2)) as [Awaited<ReturnType<typeof serve>>, Awaited<ReturnType<typeof serve>>];
  const [here, there] = [await Peer.join(a.url, peerId(1)), await Peer.join(b.url, peerId(2))];
  return { a, b, here, there };
}

describe('servers that are nodes of one deployment', () => {
  test('S120, S124: peers find and reach each other; the server sets who sent it (S119)', async () => {
    const { a, b, here, there } = await pair();
    expect(await here.announce()).toEqual([there.id]);
    const newcomer = await Peer.join(b.url, peerId(4));
    expect(await here.client.next('peer-discovered')).toMatchObject({ data: { peerId: newcomer.id } });
    await newcomer.client.close();
    await here.client.next('peer-disconnected');
    const forged = {
      type: 'offer',
      fromPeerId: peerId(9),
      targetPeerId: there.id,
      data: { sdp: 'é"\\', peerId: peerId(9) },
    };
    here.client.send(forged);
    expect(await there.client.next('offer')).toMatchObject({ fromPeerId: here.id, data: forged.data });
    for (let i = 0; i < 100; i++) here.offer(there.id, i);
    for (let i = 0; i < 100; i++) expect((await there.client.next('offer')).data).toBe(i);
    here.offer(peerId(3), 1);
    expect(await here.client.next('error')).toMatchObject({ data: { code: 'TARGET_ABSENT', targetPeerId: peerId(3) } });
    expect([a.server.getStats().peers, b.server.getStats().peers]).toEqual([1, 1]);
    const { backplane } = a.server.getStats();
    expect(backplane).toMatchObject({ kind: 'memory', up: true, nodes: 2 });
  });

  test('S121: who knew a peer is told once that it left, on its own node and on others', async () => {
    const { a, b, here, there } = await pair();
    const third = await Peer.join(b.url, peerId(3));
    third.client.send({ type: 'goodbye' });
    for (const peer of [here, there]) {
      expect(await peer.client.next('peer-disconnected')).toMatchObject({ data: { peerId: third.id } });
    }
    await third.client.close();
    const other = await Peer.join(a.url, peerId(4));
    await other.client.close();
    for (const peer of [here, there]) {
      const frames = [await peer.client.next('peer-disconnected'), ...(await peer.client.settled())];
      expect(frames.map(({ type, data }) => [type, data?.['peerId']])).toEqual([['peer-disconnected', other.id]]);
    }
  });

  test('S144: an id that lives on another node is refused with 4409; with its token it moves at once', async () => {
    const { a, b, here, there } = await pair();
    const squatter = new RawClient(`${b.url}/?peerId=${here.id}`);
    expect((await squatter.closed).code).toBe(4409);
    expect(here.code).toBeUndefined();

    const first = new RawClient(`${a.url}/?peerId=${peerId(5)}`);
    const { data } = await first.next('connected');
    const announce = { type: 'announce', data: { protocol: 1, resume: data?.['resume'] } };
    first.send({ type: 'announce', data: { protocol: 1 } });
    await first.next('peers');
    const second = new RawClient(`${b.url}/?peerId=${peerId(5)}`);
    await once(second.socket, 'open');
    second.send(announce);
    expect((await first.closed).code).toBe(4001);
    await second.next('connected');
    await second.next('peers');
    there.offer(peerId(5), 'moved');
    expect((await second.next('offer')).data).toBe('moved');
    expect(a.server.getPeers().map((peer) => peer.peerId)).toEqual([here.id]);
  });

  test('S145: what one node counts pairs up there, whatever happens on others', async () => {
    const { a, b } = await pair();
    const counts = new Map<string, number>();
    for (const [name, { server }] of Object.entries({ a, b })) {
      server.on('peerConnected', ({ peerId: id }) => counts.set(name + id, (counts.get(name + id) ?? 0) + 1));
      server.on('peerDisconnected', ({ peerId: id }) => counts.set(name + id, (counts.get(name + id) ?? 0) - 1));
    }
    const old = new RawClient(`${a.url}/?peerId=${peerId(6)}`, { autoPong: false });
    await old.next('connected');
    const taker = await RawClient.connect(b.url, peerId(6));
    expect((await old.closed).code).toBe(4001);
    await taker.close();
    await until(() => [...counts.values()].every((count) => count === 0), 2_000);
    expect(counts.size).toBe(2);
  });

  test('a stopped server gives up what it holds, and may join again', async () => {
    const { a, b, here, there } = await pair();
    await a.server.stop();
    expect((await here.client.closed).code).toBe(1001);
    expect(await there.client.next('peer-disconnected')).toMatchObject({ data: { peerId: here.id } });
    expect(b.server.getStats().backplane?.nodes).toBe(1);
    const again = await Peer.join(b.url, here.id);
    expect(again.code).toBeUndefined();
    const { url } = await a.server.start();
    expect(await (await Peer.join(url, peerId(7))).announce()).toEqual(expect.arrayContaining([here.id, there.id]));
  });

  test('/metrics has the figures of the backplane, and tells local from remote signals', async () => {
    const { a, here, there } = await pair();
    here.offer(there.id, 1);
    await there.client.next('offer');
    here.offer(peerId(8), 1);
    await here.client.next('error');
    const shown = await figures(a.http);
    expect(shown.get('pp_backplane_up')).toBe(1);
    expect(shown.get('pp_backplane_nodes')).toBe(2);
    expect([shown.get('pp_backplane_resync_total'), shown.get('pp_ghosts_reaped_total')]).toEqual([0, 0]);
    expect(shown.get('pp_route_total{scope="remote",result="sent"}')).toBe(2);
    expect(shown.get('pp_route_total{scope="remote",result="absent"}')).toBe(1);
  });
});

describe('Redis that is not there', () => {
  test('the server starts, is degraded, says so once, and serves its own peers', async () => {
    const backplane = new RedisBackplane({
      url: `redis://127.0.0.1:${await freePort()}`,
      config: { retryMs: [10, 20] },
    });
    const errors: Error[] = [];
    const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', backplane });
    onTestFinished(() => server.stop());
    server.on('error', ({ error }) => errors.push(error));
    const { url } = await server.start();
    const ready = await fetch(url.replace('ws:', 'http:') + '/ready');
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'degraded', missing: ['backplane'] }]);
    const [one, two] = [await Peer.join(url, peerId(1)), await Peer.join(url, peerId(2))];
    expect(await two.announce()).toEqual([one.id]);
    one.offer(two.id, 1);
    await two.client.next('offer');
    one.offer(peerId(3), 1);
    expect(await one.client.next('error')).toMatchObject({ data: { code: 'TARGET_ABSENT' } });
    expect(server.getStats().backplane).toMatchObject({ kind: 'redis', up: false, nodes: 1 });
    expect((await figures(url.replace('ws:', 'http:'))).get('pp_backplane_up')).toBe(0);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringMatching(/^backplane: /)]);
  });
});

describe('options of nodes', () => {
  const making = (options: PeerPigeonServerOptions) => () => new PeerPigeonServer(options);

  test('wrong ones say what was expected, and show no password', async () => {
    const backplane = new MemoryBackplane();
    expect(making({ redisUrl: 'http://user:secret@host' })).toThrow(RangeError);
    expect(making({ redisUrl: 'http://user:secret@host' })).not.toThrow(/secret/);
    expect(making({ redisUrl: 'redis://localhost', backplane })).toThrow(/no redisUrl beside it/);
    expect(making({ backplane: {} as MemoryBackplane })).toThrow(TypeError);
    expect(making({ backplane, nodeId: 'a:b' })).toThrow(/nodeId: expected 1 to 64 letters/);
    expect(() => new RedisBackplane({})).toThrow(TypeError);
    expect(making({ redisUrl: 'valkeys://cache.example.org:6380/2', nodeId: 'node-1_x' })).not.toThrow();
    const first = await serve({ backplane, nodeId: 'same' });
    const second = new PeerPigeonServer({ port: 0, host: '127.0.0.1', backplane, nodeId: 'same' });
    await expect(second.start()).rejects.toThrow('nodeId: expected a free one, got same');
    expect(first.server.getStats().isRunning).toBe(true);
  });
});
