import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PeerPigeonServer } from '../src/index.js';
import { signalingConformance } from './conformance.js';
import { ReadmeClient } from './readme-client.js';

// S128: clients that know the README's tables and nothing else. With PEERPIGEON_SIGNALING_URL=ws://… the same against that server.

const given = process.env['PEERPIGEON_SIGNALING_URL'];

describe.each(given === undefined ? [] : [given])('the server at %s', (address) => {
  signalingConformance(() => address);
});

describe('PeerPigeonServer', () => {
  let server: PeerPigeonServer;
  let url: string;

  beforeAll(async () => {
    server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', handshakeBurst: 1_000, messageBurst: 10_000 });
    ({ url } = await server.start());
  });

  afterAll(() => server.stop());

  signalingConformance(() => url);

  test('C8-3: of 1,000 messages with a forged sender none arrives with it', async () => {
    const [alice, mallory] = [
      await ReadmeClient.join(url, '1'.repeat(40)),
      await ReadmeClient.join(url, '2'.repeat(40)),
    ];
    const victim = await ReadmeClient.join(url, '3'.repeat(40));
    for (let i = 0; i < 1_000; i++) {
      const type = ['offer', 'answer', 'ice-candidate'][i % 3] as string;
      mallory.send(type, {
        fromPeerId: victim.peerId,
        targetPeerId: alice.peerId,
        data: { i, fromPeerId: victim.peerId },
      });
    }
    await alice.until(() => alice.signals.length === 1_000);
    expect(alice.signals.every(({ fromPeerId }) => fromPeerId === mallory.peerId)).toBe(true);
    await Promise.all([alice, mallory, victim].map((client) => client.close()));
  });

  test('C8-4: what a payload says changes nothing of the envelope, of who is where, or of what anybody may', async () => {
    const [alice, mallory] = [
      await ReadmeClient.join(url, '4'.repeat(40)),
      await ReadmeClient.join(url, '5'.repeat(40)),
    ];
    await alice.until(() => alice.told('peer-discovered').includes(mallory.peerId));
    const claims = { peerId: '6'.repeat(40), isHub: true, room: 'elsewhere', network: 'elsewhere', type: 'goodbye' };
    mallory.send('offer', { ...claims, type: 'offer', data: claims, targetPeerId: alice.peerId });
    mallory.send('goodbye', { ...claims, type: 'cleanup', data: claims });
    mallory.send('announce', { isHub: true, room: 'elsewhere', data: { peerId: mallory.peerId, isHub: true } });
    await alice.until(() => alice.signals.length === 1);
    await mallory.settled();
    await alice.settled();
    expect(alice.signals[0]).toMatchObject({ type: 'offer', fromPeerId: mallory.peerId, data: claims });
    expect(alice.told('peer-disconnected')).toEqual([]);
    const { network, announced } = server.getPeers().find(({ peerId }) => peerId === mallory.peerId) ?? {};
    expect({ network, announced }).toEqual({ network: 'global', announced: true });
    await Promise.all([alice, mallory].map((client) => client.close()));
  });

  test('late joiners learn of those already there', async () => {
    const clients: ReadmeClient[] = [];
    for (const digit of ['7', '8', '9']) {
      const client = await ReadmeClient.join(url, digit.repeat(40));
      await client.settled();
      expect([...client.told('peer-discovered')].sort()).toEqual(clients.map(({ peerId }) => peerId));
      clients.push(client);
    }
    await Promise.all(clients.map((client) => client.close()));
  });
});
