import { SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { RedisConfig } from '../../src/index.js';
import { CutProxy, NodeProcess, Peer, crowd, indexOf, until } from './deployment.js';
import { RedisProcess } from './redis-process.js';

/** How long things take in a run of the scenarios, in ms. */
export interface Times {
  readonly config: Partial<RedisConfig>;
  /** The lease in `config`, within which a dead node's peers are still given. */
  readonly lease: number;
  /** How long Redis is gone, or a node stands still. */
  readonly outage: number;
  /** How long a node is cut off. */
  readonly cut: number;
  /** How long all may take to be right again then. */
  readonly recovery: number;
  /** Added to what a lease bounds: many tests may run at once. */
  readonly slack: number;
}

const rng = new SeededRng(11);
const newId = (): PeerId => Array.from({ length: 5 }, () => rng.uint32().toString(16).padStart(8, '0')).join('');
const newIds = (count: number): PeerId[] => Array.from({ length: count }, newId);

/** Everything that a scenario starts, ended in the reverse order. */
const running: (() => Promise<void>)[] = [];
function owned<Thing extends { stop(): Promise<void> }>(thing: Thing): Thing {
  running.unshift(() => thing.stop());
  return thing;
}

async function deploy(config: Partial<RedisConfig>, names: readonly string[]) {
  const redis = owned(await RedisProcess.start());
  const nodes = await Promise.all(names.map(async (name) => owned(await NodeProcess.start(redis.url, name, config))));
  return { redis, nodes: nodes as [NodeProcess, NodeProcess] };
}

/** Relays offers between two peers until it is stopped; gives how many were sent and got lost. */
function chat(from: Peer, to: Peer): () => Promise<{ sent: number; lost: number }> {
  let sent = 0;
  let got = 0;
  const heard = (async () => {
    for (;;) {
      await to.client.next('offer');
      got++;
    }
  })().catch(() => undefined);
  const timer = setInterval(() => from.offer(to.id, sent++), 20);
  return async () => {
    clearInterval(timer);
    await vi.waitUntil(() => got === sent, { timeout: 2_000 }).catch(() => undefined);
    await to.client.close();
    await heard;
    return { sent, lost: sent - got };
  };
}

/** What several nodes over one Redis must survive. */
export function faults({ config, lease, outage, cut, recovery, slack }: Times): void {
  afterEach(async () => {
    for (const stop of running.splice(0)) await stop();
  });

  test('C8 17: kill -9 of a node with 200 peers: nobody is given them any more, and the index forgets them', async () => {
    const { redis, nodes } = await deploy(config, ['a', 'b']);
    const dead = newIds(200);
    await crowd(nodes[0].address, dead);
    const living = await crowd(nodes[1].address, newIds(20));
    const doomed = new Set(dead);
    expect((await (living[0] as Peer).announce()).some((id) => doomed.has(id))).toBe(true);
    nodes[0].signal('SIGKILL');
    await nodes[0].ended;
    // Relays in vain are known at once.
    (living[0] as Peer).offer(dead[0] as string, 1);
    expect(await (living[0] as Peer).client.next('error')).toMatchObject({ data: { code: 'TARGET_ABSENT' } });
    const gone = await until(
      async () => !(await (living[1] as Peer).announce()).some((id) => doomed.has(id)),
      lease + slack,
    );
    const exact = gone + (await until(async () => (await indexOf(redis.url)).length === 20, lease / 3 + slack));
    console.log(`kill -9: gone from answers after ${gone} ms, index exact after ${exact} ms (lease ${lease} ms)`);
    expect(await indexOf(redis.url)).toEqual(living.map(({ id }) => id).sort());
    // Who was there comes back elsewhere, as if nothing had been.
    const back = await Peer.join(nodes[1].address, dead[0] as string);
    expect(back.code).toBeUndefined();
  });

  test('C8 19: Redis killed and back empty: nobody ends, local relays go on, the index is right again', async () => {
    const { redis, nodes } = await deploy(config, ['a', 'b']);
    const [first, second] = await Promise.all(nodes.map(({ address }) => crowd(address, newIds(50))));
    const [a, b] = [first as Peer[], second as Peer[]];
    const chats = [chat(a[0] as Peer, a[1] as Peer), chat(b[0] as Peer, b[1] as Peer)];
    await redis.kill();
    const stats = async () => Promise.all(nodes.map((node) => node.stats()));
    const noticed = await until(async () => (await stats()).every(({ backplane }) => backplane?.up === false), 5_000);
    const began = performance.now();
    // Degraded, each node goes on by itself.
    (a[2] as Peer).offer((b[2] as Peer).id, 1);
    expect(await (a[2] as Peer).client.next('error')).toMatchObject({ data: { code: 'TARGET_ABSENT' } });
    const late = await Peer.join(nodes[0].address, newId());
    const known = new Set(a.map(({ id }) => id));
    expect((await late.announce()).every((id) => known.has(id))).toBe(true);
    const leaver = b.pop() as Peer;
    await leaver.client.close();
    const moved = a.pop() as Peer;
    const again = await Peer.join(nodes[1].address, moved.id);
    await until(() => performance.now() - began >= outage, outage + 1_000);
    const results = await Promise.all(chats.map((stop) => stop()));
    expect(results.map(({ lost }) => lost)).toEqual([0, 0]);
    await redis.launch();
    const expected = [...a.filter((_, i) => i !== 1), ...b.filter((_, i) => i !== 1), late, again].map(({ id }) => id);
    expected.sort();
    const right = await until(async () => {
      return JSON.stringify(await indexOf(redis.url).catch(() => [])) === JSON.stringify(expected);
    }, recovery);
    console.log(
      `Redis gone: noticed after ${noticed} ms; index right ${right} ms after its return; ${results[0]?.sent} relays`,
    );
    expect(nodes.map((node) => node.hasEnded)).toEqual([false, false]);
    // The later of two holders has stayed.
    await until(() => moved.code !== undefined, 2_000);
    expect([moved.code, again.code]).toEqual([4001, undefined]);
    // And across nodes it works again.
    (a[2] as Peer).offer((b[2] as Peer).id, 2);
    expect(await (b[2] as Peer).client.next('offer')).toMatchObject({ data: 2, fromPeerId: (a[2] as Peer).id });
  });

  test('C8 18: a node that stood still past its lease: no id has two owners, stale sockets are closed with 4001', async () => {
    const { redis, nodes } = await deploy(config, ['a', 'b']);
    const ids = newIds(30);
    const stale = await crowd(nodes[0].address, ids);
    nodes[0].signal('SIGSTOP');
    onTestFinished(() => nodes[0].signal('SIGCONT'));
    const began = performance.now();
    // Some come back elsewhere at once, whose node must first be found silent; the others later.
    const early = await crowd(nodes[1].address, ids.slice(0, 10));
    await until(() => performance.now() - began >= outage, outage + 1_000);
    const later = await crowd(nodes[1].address, ids.slice(10, 20));
    nodes[0].signal('SIGCONT');
    const settled = await until(() => stale.slice(0, 20).every(({ code }) => code !== undefined), 5_000);
    console.log(`stood still for ${outage} ms: one owner each ${settled} ms after`);
    expect(new Set(stale.slice(0, 20).map(({ code }) => code))).toEqual(new Set([4001]));
    expect([...early, ...later].map(({ code }) => code)).toEqual(Array(20).fill(undefined));
    // Who has not gone elsewhere is still served where it was.
    expect(stale.slice(20).map(({ code }) => code)).toEqual(Array(10).fill(undefined));
    await until(async () => (await indexOf(redis.url)).length === 30, 5_000);
    expect(await indexOf(redis.url)).toEqual([...ids].sort());
    (early[0] as Peer).offer(ids[25] as string, 1);
    expect(await (stale[25] as Peer).client.next('offer')).toMatchObject({ data: 1 });
  });

  test('C8 20: a node cut off from Redis and healed: converged, and of one id the later holder stays', async () => {
    const redis = owned(await RedisProcess.start());
    const proxy = owned(await CutProxy.start(redis.port));
    const a = owned(await NodeProcess.start(redis.url, 'a', config));
    const b = owned(await NodeProcess.start(`redis://127.0.0.1:${proxy.port}`, 'b', config));
    const [mine, theirs] = [await crowd(a.address, newIds(20)), await crowd(b.address, newIds(20))];
    proxy.cut();
    const began = performance.now();
    await until(async () => (await b.stats()).backplane?.up === false, 10_000);
    const twice = (mine[0] as Peer).id;
    const later = await Peer.join(b.address, twice);
    const [newA, newB] = [await Peer.join(a.address, newId()), await Peer.join(b.address, newId())];
    await until(() => performance.now() - began >= cut, cut + 1_000);
    proxy.heal();
    const expected = [...mine.slice(1), ...theirs, later, newA, newB].map(({ id }) => id).sort();
    const converged = await until(async () => {
      const isIndexed = JSON.stringify(await indexOf(redis.url)) === JSON.stringify(expected);
      return isIndexed && (mine[0] as Peer).code !== undefined;
    }, recovery);
    console.log(`cut off for ${cut} ms: converged ${converged} ms after`);
    expect([(mine[0] as Peer).code, later.code]).toEqual([4001, undefined]);
    newA.offer(newB.id, 1);
    expect(await newB.client.next('offer')).toMatchObject({ data: 1, fromPeerId: newA.id });
  });
}
