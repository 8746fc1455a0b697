import { createClient } from '@redis/client';
import type { NodeInput } from '@peerpigeon/signaling-protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Attachment, RedisBackplane, type RedisConfig } from '../../src/index.js';
import { indexOf, until } from './deployment.js';
import { RedisProcess } from './redis-process.js';

const CONFIG: Partial<RedisConfig> = {
  heartbeatMs: 200,
  leaseMs: 600,
  compareMs: 300,
  answerMs: 250,
  retryMs: [20, 100],
  maxQueue: 50,
};
const idOf = (index: number): string => `${index}`.padStart(2, '0').repeat(20);
const IDS = Array.from({ length: 20 }, (_, index) => idOf(index));

let redis: RedisProcess;
let admin: ReturnType<typeof createClient>;
let node: Attachment;
let inputs: NodeInput[];
let errors: Error[];

beforeEach(async () => {
  redis = await RedisProcess.start();
  admin = createClient({ url: redis.url });
  admin.on('error', () => undefined);
  await admin.connect();
  [inputs, errors] = [[], []];
  node = await new RedisBackplane({ url: redis.url, config: CONFIG }).attach('a', {
    receive: (input) => inputs.push(input),
    error: (error) => errors.push(error),
  });
  for (const [connection, peerId] of IDS.entries())
    node.handle({ type: 'claim', connection, network: 'global', peerId });
  await until(() => inputs.length === IDS.length, 5_000);
  for (const input of inputs.splice(0)) {
    if (input.type === 'claimed') announce(input.peerId, input.epoch);
  }
  await until(() => inputs.length === IDS.length, 5_000);
});

afterEach(async () => {
  redis.signal('SIGCONT');
  await node.detach();
  admin.destroy();
  await redis.stop();
});

function announce(peerId: string, epoch: number): void {
  const record = { id: peerId, epoch: 1, caps: { maxPeers: 3 }, expires: 1e15 };
  const search = { around: 2, nearest: 2, random: 2, seeking: 0, also: [] };
  const ticket = { connection: 1, announce: { type: 'announce' }, isNews: true } as const;
  node.handle({ type: 'announce', network: 'global', peerId, epoch, member: { record, isOurs: true }, search, ticket });
}

const isWhole = async (): Promise<boolean> => (await indexOf(redis.url)).join() === IDS.join();

test('FLUSHALL: the index is written anew', async () => {
  expect(await isWhole()).toBe(true);
  await admin.sendCommand(['FLUSHALL']);
  expect(await isWhole()).toBe(false);
  await until(isWhole, 5_000);
  expect(node.stats()).toMatchObject({ up: true });
  expect(node.stats().resyncs).toBeGreaterThan(1);
});

test('single entries that are missing or too much are put right', async () => {
  const [own] = (await admin.sendCommand(['SMEMBERS', 'pp:node:a:own'])) as unknown as string[];
  await admin.sendCommand(['SREM', 'pp:node:a:own', own as string]);
  await admin.sendCommand(['HDEL', 'pp:net:global:own', IDS[3] as string]);
  await admin.sendCommand(['SADD', 'pp:node:a:own', `${idOf(77)}global`]);
  await admin.sendCommand(['HSET', 'pp:net:global:own', idOf(77), '5:a']);
  await admin.sendCommand(['ZADD', 'pp:net:global:idx', '0', `${idOf(77)}:a:5`]);
  const owned = async (): Promise<string[]> =>
    ((await admin.sendCommand(['SMEMBERS', 'pp:node:a:own'])) as unknown as string[]).sort();
  await until(async () => (await owned()).join() === IDS.map((id) => `${id}global`).join() && (await isWhole()), 5_000);
  expect(node.stats().up).toBe(true);
});

test('scripts flushed, the channel’s connection killed: the node comes back by itself', async () => {
  const disturb = async (command: string[]): Promise<void> => {
    const { resyncs } = node.stats();
    await admin.sendCommand(command);
    node.handle({ type: 'claim', connection: 90, network: 'global', peerId: idOf(90) });
    // Answered all the same.
    await until(() => inputs.some((input) => input.type === 'claimed' && input.connection === 90), 2_000);
    inputs.splice(0);
    await until(() => node.stats().up && node.stats().resyncs > resyncs, 5_000);
  };
  await disturb(['SCRIPT', 'FLUSH']);
  await disturb(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
  await until(async () => (await indexOf(redis.url)).length === IDS.length, 5_000);
  expect(errors.length).toBe(2);
});

test('Redis hangs: every question is answered within the time, what waits is bounded, and afterwards all is right', async () => {
  inputs.splice(0);
  redis.signal('SIGSTOP');
  const message = { type: 'write', message: { type: 'offer', from: idOf(1), data: 'x'.repeat(1_000) } } as const;
  for (let sender = 0; sender < 500; sender++) {
    node.handle({ type: 'forward', network: 'global', to: [idOf(99)], message, sender });
    // What keeps the index is not counted.
    expect(node.stats().queue).toBeLessThanOrEqual(50 + 5);
  }
  node.handle({ type: 'claim', connection: 1_000, network: 'global', peerId: idOf(98) });
  const took = await until(() => inputs.length === 501, 5_000);
  expect(inputs.filter(({ type }) => type === 'absent').length).toBe(500);
  expect(inputs.filter(({ type }) => type === 'claimed').length).toBe(1);
  expect(took).toBeLessThan(3_000);
  expect(node.stats()).toMatchObject({ up: false, nodes: 1, queue: 0 });
  // Of 450 commands too many one complaint.
  expect(errors.length).toBeLessThan(5);
  redis.signal('SIGCONT');
  await until(() => node.stats().up, 5_000);
  await until(isWhole, 5_000);
  const held = (await admin.sendCommand(['HGET', 'pp:net:global:own', idOf(98)])) as unknown as string;
  expect(held).toMatch(/^\d+:a$/);
});

test('what others publish that is nothing of ours is told, and survived', async () => {
  for (const text of ['', '{', 'null', '{"at":1,"message":{"type":"write","text":"{}"}}', '{"message":7}']) {
    await admin.sendCommand(['PUBLISH', 'pp:node:a', text]);
  }
  await until(() => errors.length >= 3, 2_000);
  expect(node.stats().up).toBe(true);
});
