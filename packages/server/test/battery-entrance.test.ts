import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { RawClient, type RawClientOptions } from './raw-client.js';
import { figures, peerId, serve } from './serve.js';

// The battery, checks 1 to 4 and 6: who comes in, and what is made of what they send.

/** Many come from one address here; what that costs them is tested elsewhere. */
const crowd = { handshakeBurst: 1e6, addressConnections: 1e6, messageBurst: 1e6, byteBurst: 1e8 };
const LISTED = 'https://chat.example';

describe('C8.1: origins', () => {
  test('100 of 100 wrong ones are answered 403 before the upgrade, 100 of 100 listed ones come in', async () => {
    const { server, url, http } = await serve({ ...crowd, corsOrigin: `https://other.example,${LISTED}` });
    const wrong = ['https://evil.example', `${LISTED}.evil.example`, 'http://chat.example', `${LISTED}:444`, 'null'];
    const endings = await Promise.all(
      Array.from({ length: 100 }, (_, n) => {
        return new RawClient(`${url}/?peerId=${peerId(n)}`, { origin: wrong[n % wrong.length] as string }).closed;
      }),
    );
    expect(new Set(endings.map(({ code, status }) => `${code} ${status}`))).toEqual(new Set(['1006 403']));
    expect((await figures(http)).get('pp_rejects_total{reason="origin"}')).toBe(100);
    const listed = Array.from(
      { length: 100 },
      (_, n) => new RawClient(`${url}/?peerId=${peerId(n)}`, { origin: LISTED }),
    );
    await Promise.all(listed.map((client) => client.next('connected')));
    expect(server.getStats().peers).toBe(100);
  });

  test('100 of 100 missing ones likewise, where the operator wants an origin of everybody', async () => {
    const { server, url } = await serve({ ...crowd, corsOrigin: LISTED, requireOrigin: true });
    const clients = Array.from({ length: 100 }, (_, n) => new RawClient(`${url}/?peerId=${peerId(n)}`));
    const endings = await Promise.all(clients.map((client) => client.closed));
    expect(new Set(endings.map(({ status }) => status))).toEqual(new Set([403]));
    expect(server.getStats().connections).toBe(0);
    await new RawClient(`${url}/?peerId=${peerId(1)}`, { origin: LISTED }).next('connected');
  });
});

test('C8.2: a hundred clients with good tokens are in within 50 ms (p95)', async () => {
  const secret = 's'.repeat(32);
  const { url } = await serve({ ...crowd, jwtSecret: secret });
  const { url: free } = await serve(crowd);
  const token = await new SignJWT({ networks: ['global'] })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
  const protocols = ['peerpigeon.v1', `peerpigeon.jwt.${token}`];
  const p95 = async (at: string, options: RawClientOptions): Promise<number> => {
    const times: number[] = [];
    for (let n = 0; n < 100; n++) {
      const began = performance.now();
      await new RawClient(`${at}/?peerId=${peerId(n)}`, options).next('connected');
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[95] as number;
  };
  // Where the machine itself is slower than that, no more than a few times what it takes without tokens.
  expect(await p95(url, { protocols })).toBeLessThan(Math.max(50, 5 * (await p95(free, {}))));
});

test('C8.3: of 1,000 forged senders none arrives', async () => {
  const { url } = await serve(crowd);
  const [mallory, bob] = [await RawClient.connect(url, peerId(1)), await RawClient.connect(url, peerId(2))];
  for (let n = 0; n < 1_000; n++) {
    const forged = peerId(1_000 + n);
    const type = ['offer', 'answer', 'ice-candidate', 'signal'][n % 4] as string;
    const data = { fromPeerId: forged, from: forged, peerId: forged, n };
    mallory.send({ type, targetPeerId: peerId(2), fromPeerId: forged, from: forged, peerId: forged, data });
  }
  await mallory.settled();
  const received = await bob.settled();
  expect(received.length).toBe(1_000);
  expect(new Set(received.map(({ fromPeerId }) => fromPeerId))).toEqual(new Set([peerId(1)]));
  // What is inside is the peers' own, and arrives as it was.
  expect(received.map(({ data }) => data?.['n'])).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
});

test('C8.4: nothing that a payload says changes its envelope', async () => {
  const { server, url } = await serve(crowd);
  const [mallory, bob] = [await RawClient.connect(url, peerId(1)), await RawClient.connect(url, peerId(2))];
  const payloads: readonly object[] = [
    { peerId: peerId(9), isHub: true, network: 'secret', room: 'secret' },
    { type: 'peer-disconnected', data: { peerId: peerId(2) } },
    { fromPeerId: 'system', targetPeerId: peerId(9), timestamp: 0 },
    { toJSON: 'x', constructor: { prototype: { isHub: true } } },
  ];
  for (let n = 0; n < 100; n++) {
    mallory.send({ type: 'offer', targetPeerId: peerId(2), data: payloads[n % payloads.length] });
  }
  // Nor does one in an announce: a peer has the id and the network that it connected with.
  mallory.send({ type: 'announce', data: { peerId: peerId(1), isHub: true, room: 'secret', networkName: 'secret' } });
  await mallory.settled();
  const received = (await bob.settled()).filter(({ type }) => type === 'offer');
  expect(received).toHaveLength(100);
  for (const [n, { fromPeerId, targetPeerId, data, ...rest }] of received.entries()) {
    expect(Object.keys(rest).sort()).toEqual(['timestamp', 'type']);
    expect([fromPeerId, targetPeerId, data]).toEqual([peerId(1), undefined, payloads[n % payloads.length]]);
  }
  expect(server.getPeers().map(({ network }) => network)).toEqual(['global', 'global']);
});

describe('C8.6: what JSON can be made of', () => {
  const target = peerId(2);
  const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const offer = (data: string): string => `{"type":"offer","targetPeerId":"${target}","data":${data}}`;

  test.each<[string, string]>([
    ['depth 10,000', offer(deep(10_000))],
    ['depth 33', offer(deep(32))],
    ['depth in objects', offer('{"a":'.repeat(40) + '1' + '}'.repeat(40))],
    ['NaN', offer('NaN')],
    ['a sequence number that is none', `{"type":"announce","data":{"seeking":NaN}}`],
    ['a number beyond 2^53 where one is wanted', `{"type":"announce","data":{"seeking":9007199254740993}}`],
    ['brackets that do not match', offer('[}')],
    ['a text that does not end', offer('"')],
  ])('%s is answered by an error', async (_what, text) => {
    const { url } = await serve();
    const mallory = await RawClient.connect(url, peerId(1));
    mallory.send(text);
    expect(await mallory.next('error')).toMatchObject({ data: { code: 'MALFORMED' } });
    expect(await mallory.settled()).toEqual([]);
  });

  test.each<[string, string]>([
    ['depth 31', deep(31)],
    ['brackets in texts', JSON.stringify('['.repeat(1_000))],
    ['numbers beyond 2^53 and 64 bits', '[9007199254740993,1e400,-0,1.0]'],
    ['keys twice', '{"a":1,"a":2}'],
    ['__proto__', '{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}'],
    ['escapes', '{"\\u0061":"\\ud83d\\ude00\\"]}"}'],
  ])('%s: relayed to the letter', async (_what, data) => {
    const { url } = await serve();
    const [mallory, bob] = [await RawClient.connect(url, peerId(1)), await RawClient.connect(url, target)];
    const texts: string[] = [];
    bob.socket.on('message', (bytes) => texts.push((bytes as Buffer).toString('utf8')));
    mallory.send(offer(data));
    await bob.next('offer');
    expect(texts[0]).toContain(`"data":${data}`);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('of two members with one name the last counts, as in JSON.parse', async () => {
    const { url } = await serve();
    const [mallory, bob] = [await RawClient.connect(url, peerId(1)), await RawClient.connect(url, target)];
    mallory.send(`{"type":"offer","targetPeerId":"${peerId(9)}","data":1,"data":2,"targetPeerId":"${target}"}`);
    expect(await bob.next('offer')).toMatchObject({ data: 2 });
  });

  test('bytes that are no UTF-8 close with 1007', async () => {
    const { url } = await serve();
    const mallory = await RawClient.connect(url, peerId(1));
    mallory.send(Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]));
    expect((await mallory.closed).code).toBe(1007);
  });
});
