import { afterAll, beforeAll, expect, test } from 'vitest';
import { PeerPigeonServer } from '../src/index.js';
import { RawClient } from './raw-client.js';

// S128: clients that know the README's two tables and nothing else.

const ALICE = '1'.repeat(40);
const BOB = '2'.repeat(40);
const CAROL = '3'.repeat(40);
let server: PeerPigeonServer;
let url: string;

beforeAll(async () => {
  server = new PeerPigeonServer({ port: 0, host: '127.0.0.1' });
  ({ url } = await server.start());
});

afterAll(() => server.stop());

test('announce, discover, offer, answer, candidates in order, goodbye', async () => {
  const alice = await RawClient.connect(url, ALICE);
  alice.send({
    type: 'announce',
    data: { peerId: ALICE, timestamp: Date.now() },
    fromPeerId: ALICE,
    timestamp: Date.now(),
  });
  const bob = new RawClient(`${url}/signaling?peerId=${BOB}`);
  expect(await bob.next('connected')).toMatchObject({ data: { peerId: BOB, protocol: 1 } });
  bob.send({ type: 'announce', peerId: BOB, timestamp: Date.now() });

  // Each learns of the other, by a message that names it (S120).
  expect(await bob.next('peer-discovered')).toMatchObject({ data: { peerId: ALICE } });
  expect(await alice.next('peer-discovered')).toMatchObject({ data: { peerId: BOB } });

  const offer = { type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n' };
  bob.send({ type: 'offer', data: offer, targetPeerId: ALICE, timestamp: 1 });
  const received = await alice.next('offer');
  expect(received).toMatchObject({ data: offer, fromPeerId: BOB });
  expect(typeof received.timestamp).toBe('number');

  alice.send({ type: 'answer', data: { type: 'answer', sdp: 'v=0' }, targetPeerId: BOB, fromPeerId: CAROL });
  expect(await bob.next('answer')).toMatchObject({ data: { type: 'answer', sdp: 'v=0' }, fromPeerId: ALICE });

  for (let i = 0; i < 20; i++) {
    alice.send({
      type: 'ice-candidate',
      data: { candidate: `${i}`, sdpMid: '0', sdpMLineIndex: 0 },
      targetPeerId: BOB,
    });
  }
  const candidates = (await alice.settled(), await bob.settled());
  expect(candidates.map((frame) => frame.data?.['candidate'])).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));

  bob.send({ type: 'cleanup', reason: 'processed' });
  bob.send({ type: 'ping' });
  await bob.next('pong');
  bob.send({ type: 'goodbye', peerId: BOB, timestamp: Date.now() });
  expect(await alice.next('peer-disconnected')).toMatchObject({ data: { peerId: BOB } });
  await bob.close();
  expect(await alice.settled()).toEqual([]);
  await alice.close();
});

test('late joiners learn of those already there', async () => {
  const clients: RawClient[] = [];
  for (const id of [ALICE, BOB, CAROL]) {
    const client = await RawClient.connect(url, id);
    client.send({ type: 'announce', data: { peerId: id } });
    const told = (await client.settled()).filter((frame) => frame.type === 'peer-discovered');
    expect(new Set(told.map((frame) => frame.data?.['peerId']))).toEqual(
      new Set([ALICE, BOB, CAROL].slice(0, clients.length)),
    );
    clients.push(client);
  }
  await Promise.all(clients.map((client) => client.close()));
});
