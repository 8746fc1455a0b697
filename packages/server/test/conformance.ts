import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { type Envelope, ReadmeClient } from './readme-client.js';

/** A fresh id: a server that runs for long has seen others. */
function freshId(): string {
  return randomBytes(20).toString('hex');
}

/** Long enough for a server that probes whom it has not heard of. */
const SLOW_MS = 10_000;

/**
 * What clients of the README rely on, for any server (docs/signaling-protocol.md): give its address. Nothing else may be in the
 * network `global` of that server whose notices the clients here would get, or the server must be a quiet one.
 */
export function signalingConformance(url: () => string): void {
  const clients: ReadmeClient[] = [];

  async function join(peerId = freshId()): Promise<ReadmeClient> {
    const client = await ReadmeClient.join(url(), peerId);
    clients.push(client);
    return client;
  }

  /** Two that know each other. */
  async function pair(): Promise<readonly [ReadmeClient, ReadmeClient]> {
    const alice = await join();
    await alice.settled();
    const bob = await join();
    await bob.until(() => bob.told('peer-discovered').includes(alice.peerId));
    await alice.until(() => alice.told('peer-discovered').includes(bob.peerId));
    return [alice, bob];
  }

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  describe('endpoint', () => {
    test.each(['/signaling', '/', '', '/any/other'])('S118: the path %j does', async (path) => {
      const client = new ReadmeClient(url(), freshId(), path);
      clients.push(client);
      await client.open();
      await client.settled();
      expect(client.received.map(({ type }) => type)).toContain('pong');
    });

    test.each(['', 'x', 'A'.repeat(40), 'a'.repeat(39), `${'a'.repeat(40)}0`])(
      'S118: the id %j is refused with 4400',
      async (peerId) => {
        const client = new ReadmeClient(url(), peerId);
        expect(await client.closed).toBe(4400);
      },
    );
  });

  describe('discovery', () => {
    test('S120: who announces learns of those there, and these of it', async () => {
      const [alice, bob] = await pair();
      await Promise.all([alice.settled(), bob.settled()]);
      expect(alice.notices).toEqual([{ type: 'peer-discovered', peerId: bob.peerId }]);
      expect(bob.notices).toEqual([{ type: 'peer-discovered', peerId: alice.peerId }]);
    });

    test('S120: announcing again is harmless, gives peers again, and tells nobody twice', async () => {
      const [alice, bob] = await pair();
      bob.announce();
      await bob.settled();
      await alice.settled();
      expect(alice.told('peer-discovered')).toEqual([bob.peerId]);
      expect(bob.told('peer-discovered')).toEqual([alice.peerId, alice.peerId]);
    });

    test('S119: `peerId` may stand beside `data`', async () => {
      const alice = await join();
      await alice.settled();
      const bob = new ReadmeClient(url(), freshId());
      clients.push(bob);
      await bob.open();
      bob.send('announce', { peerId: bob.peerId });
      await bob.settled();
      expect(bob.told('peer-discovered')).toEqual([alice.peerId]);
    });

    test('who has not announced is not discovered, and can signal all the same', async () => {
      const silent = new ReadmeClient(url(), freshId());
      clients.push(silent);
      await silent.open();
      await silent.settled();
      const alice = await join();
      await alice.settled();
      expect(alice.notices).toEqual([]);
      silent.offer(alice.peerId, { type: 'offer', sdp: 'v=0' });
      await alice.until(() => alice.signals.length === 1);
      alice.answer(silent.peerId, { type: 'answer', sdp: 'v=0' });
      await silent.until(() => silent.signals.length === 1);
    });
  });

  describe('signals', () => {
    test('S122–S124: an offer, its answer and candidates both ways, unchanged and in order', async () => {
      const [alice, bob] = await pair();
      const offer = { type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=\u00fcml\u0000äut 🕊\r\n' };
      const answer = { type: 'answer', sdp: 'v=0\r\n', extra: [1, 2.5, -0.1, 1e300, null, true, { deep: [[]] }] };
      const candidate = (index: number): object => ({ candidate: `candidate:${index}`, sdpMid: '0', sdpMLineIndex: 0 });
      bob.offer(alice.peerId, offer);
      for (let i = 0; i < 20; i++) bob.iceCandidate(alice.peerId, candidate(i));
      await alice.until(() => alice.signals.length === 21);
      alice.answer(bob.peerId, answer);
      for (let i = 0; i < 20; i++) alice.iceCandidate(bob.peerId, candidate(i));
      await bob.until(() => bob.signals.length === 21);
      const candidates = Array.from({ length: 20 }, (_, i) => candidate(i));
      expect(alice.signals.map(({ data }) => data)).toEqual([offer, ...candidates]);
      expect(bob.signals.map(({ data }) => data)).toEqual([answer, ...candidates]);
      for (const { fromPeerId, timestamp } of [...alice.signals, ...bob.signals]) {
        expect([alice.peerId, bob.peerId]).toContain(fromPeerId);
        expect(typeof timestamp).toBe('number');
      }
    });

    test.each([null, 0, false, '', [], {}, 'text'])('the payload %j arrives', async (data) => {
      const [alice, bob] = await pair();
      bob.offer(alice.peerId, data);
      await alice.until(() => alice.signals.length === 1);
      expect(alice.signals[0]?.data).toEqual(data);
    });

    test('S119: a spoofed fromPeerId is overwritten, whichever way it is written', async () => {
      const [alice, bob] = await pair();
      const victim = freshId();
      for (const type of ['offer', 'answer', 'ice-candidate']) {
        for (const fromPeerId of [victim, alice.peerId, 'system', null, { peerId: victim }, [victim]]) {
          const data = { fromPeerId: victim, peerId: victim, isHub: true };
          bob.send(type, { fromPeerId, originalFromPeerId: victim, peerId: victim, data, targetPeerId: alice.peerId });
        }
      }
      await alice.until(() => alice.signals.length === 18);
      expect(new Set(alice.signals.map(({ fromPeerId }) => fromPeerId))).toEqual(new Set([bob.peerId]));
      for (const { data } of alice.signals) expect(data).toEqual({ fromPeerId: victim, peerId: victim, isHub: true });
    });

    test('S119: nobody announces for another', async () => {
      const [alice, bob] = await pair();
      const victim = freshId();
      bob.send('announce', { data: { peerId: victim } });
      await bob.settled();
      await alice.settled();
      expect(bob.received).toContainEqual(
        expect.objectContaining({ type: 'error', data: expect.objectContaining({ code: 'ID_MISMATCH' }) as unknown }),
      );
      expect(alice.notices.map(({ peerId }) => peerId)).not.toContain(victim);
    });

    test('S124: an absent target is answered by an error that names it, and nothing is kept for it', async () => {
      const bob = await join();
      const nobody = freshId();
      for (const type of ['offer', 'answer', 'ice-candidate']) bob.send(type, { data: 1, targetPeerId: nobody });
      const errors = (): Envelope[] => bob.received.filter(({ type }) => type === 'error');
      await bob.until(() => errors().length === 3);
      for (const { data } of errors()) expect(data).toMatchObject({ code: 'TARGET_ABSENT', targetPeerId: nobody });
      const late = await join(nobody);
      await late.settled();
      expect(late.signals).toEqual([]);
    });
  });

  describe('leaving', () => {
    test(
      'S121: goodbye is told once, and the socket may close after it',
      async () => {
        const [alice, bob] = await pair();
        bob.goodbye();
        await alice.until(() => alice.told('peer-disconnected').includes(bob.peerId));
        await bob.close();
        await alice.settled();
        expect(alice.told('peer-disconnected')).toEqual([bob.peerId]);
        alice.offer(bob.peerId, 1);
        await alice.until(() => alice.received.some(({ type }) => type === 'error'));
      },
      SLOW_MS,
    );

    test('a socket that is gone without a goodbye is told, too', async () => {
      const [alice, bob] = await pair();
      await bob.vanish();
      await alice.until(() => alice.told('peer-disconnected').length > 0);
      expect(alice.told('peer-disconnected')).toEqual([bob.peerId]);
    });

    test('after a goodbye one may announce anew', async () => {
      const [alice, bob] = await pair();
      bob.goodbye();
      await alice.until(() => alice.told('peer-disconnected').length === 1);
      bob.announce();
      await alice.until(() => alice.told('peer-discovered').length === 2);
      expect(alice.told('peer-discovered')).toEqual([bob.peerId, bob.peerId]);
    });
  });

  describe('the rest', () => {
    test('S125: cleanup is accepted and changes nothing', async () => {
      const [alice, bob] = await pair();
      const before = bob.received.length;
      bob.cleanup('messages processed');
      await bob.settled();
      expect(bob.received.slice(before).map(({ type }) => type)).toEqual(['pong']);
      bob.offer(alice.peerId, 1);
      await alice.until(() => alice.signals.length === 1);
    });

    test('S126: ping is answered by pong, before an announce, too', async () => {
      const client = new ReadmeClient(url(), freshId());
      clients.push(client);
      await client.open();
      for (let i = 0; i < 3; i++) await client.settled();
      expect(client.received.filter(({ type }) => type === 'pong')).toHaveLength(3);
    });

    test('S119: unknown fields are ignored; every answer is an envelope', async () => {
      const alice = await join();
      alice.send('announce', { data: { peerId: alice.peerId, mood: 'fine' }, isHub: true, version: 99 });
      await alice.settled();
      expect(alice.received.filter(({ type }) => type === 'error')).toEqual([]);
      for (const { type, fromPeerId, timestamp } of alice.received) {
        expect(typeof type).toBe('string');
        expect(fromPeerId).toBe('system');
        expect(Number.isSafeInteger(timestamp)).toBe(true);
      }
    });

    test('what is malformed is answered by an error, and the socket lives on', async () => {
      const alice = await join();
      alice.send('no such type');
      alice.send('offer', { data: 1 });
      alice.send('offer', { data: 1, targetPeerId: 7 });
      await alice.settled();
      const errors = alice.received.filter(({ type }) => type === 'error');
      expect(errors.map(({ data }) => (data as { code: string }).code)).toEqual(Array(3).fill('MALFORMED'));
    });
  });
}
