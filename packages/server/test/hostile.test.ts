import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PeerPigeonServer } from '../src/index.js';
import { type Frame, RawClient } from './raw-client.js';

// Wrong frames, each at a server that others use: a typed error or a close with a code; the process lives; nobody else
// hears of it.

const MALLORY = 'd'.repeat(40);
const ALICE = 'a'.repeat(40);
const BOB = 'b'.repeat(40);

let server: PeerPigeonServer;
let url: string;
let alice: RawClient;
let bob: RawClient;
let mallory: RawClient;

beforeAll(async () => {
  // Rates have a test of their own; here many wrong frames come from one address.
  const rates = { messageRate: 1e6, messageBurst: 1e6, byteRate: 1e8, byteBurst: 1e8, handshakeBurst: 1e6 };
  server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', maxMessageSize: 64 * 1024, ...rates });
  ({ url } = await server.start());
  alice = await RawClient.connect(url, ALICE);
  bob = await RawClient.connect(url, BOB);
  for (const client of [alice, bob]) {
    client.send({ type: 'announce' });
    await client.settled();
  }
  await alice.next('peer-discovered');
});

beforeEach(async () => {
  mallory = await RawClient.connect(url, MALLORY);
  return async () => {
    mallory.socket.terminate();
    await mallory.closed;
    // The two others still reach each other, and were told of nothing.
    const offer = { type: 'offer', targetPeerId: BOB, data: { sdp: 'v=0' } };
    alice.send(offer);
    expect((await bob.next('offer')).data).toEqual(offer.data);
    expect(await alice.settled()).toEqual([]);
    expect(await bob.settled()).toEqual([]);
  };
});

afterAll(() => server.stop());

/** Sends one frame and gives the server's answer. */
async function errorFor(content: object | string, options?: { readonly binary: boolean }): Promise<Frame['data']> {
  mallory.send(content, options);
  const { data } = await mallory.next('error');
  expect(await mallory.settled()).toEqual([]);
  return data;
}

describe('answered by a typed error, the connection stays', () => {
  const nested = (count: number): string => '['.repeat(count) + ']'.repeat(count);

  test.each<[string, string | object]>([
    ['not JSON', 'hello'],
    ['an empty text', ''],
    ['JSON that is no object', '"offer"'],
    ['no type', '{}'],
    ['an unknown type', { type: 'become-hub', data: { isHub: true } }],
    ['a type of the wrong type', { type: ['offer'] }],
    ['an offer to nobody', { type: 'offer', data: {} }],
    ['an offer without data', { type: 'offer', targetPeerId: BOB }],
    ['an offer to a malformed id', { type: 'offer', data: {}, targetPeerId: BOB.toUpperCase() }],
    ['an announce with wrong fields', { type: 'announce', data: { peerId: 1 } }],
    ['an announce with a record that is none', { type: 'announce', data: { record: { id: MALLORY, caps: null } } }],
    ['10,000 nested arrays', nested(10_000)],
    ['10,000 nested arrays to relay', `{"type":"offer","targetPeerId":"${BOB}","data":${nested(10_000)}}`],
    ['a type behind __proto__', '{"__proto__":{"type":"offer"},"constructor":{"prototype":{"type":"offer"}}}'],
    ['a target behind __proto__', `{"type":"offer","data":1,"__proto__":{"targetPeerId":"${BOB}"}}`],
  ])('%s', async (_what, content) => {
    expect(await errorFor(content)).toMatchObject({ code: 'MALFORMED' });
  });

  test('a binary frame', async () => {
    expect(await errorFor(Buffer.from('{"type":"ping"}'), { binary: true })).toMatchObject({ code: 'MALFORMED' });
  });

  test('an announce for somebody else', async () => {
    expect(await errorFor({ type: 'announce', data: { peerId: ALICE } })).toMatchObject({ code: 'ID_MISMATCH' });
  });

  test('S124: an absent target', async () => {
    expect(await errorFor({ type: 'ice-candidate', data: null, targetPeerId: '0'.repeat(40) })).toMatchObject({
      code: 'TARGET_ABSENT',
      targetPeerId: '0'.repeat(40),
    });
  });
});

describe('closed with a code', () => {
  test('S137: over the size limit', async () => {
    mallory.send({ type: 'offer', targetPeerId: BOB, data: 'x'.repeat(64 * 1024) });
    expect((await mallory.closed).code).toBe(1009);
  });

  test('over the size limit in fragments', async () => {
    for (let i = 0; i < 10; i++) mallory.socket.send('x'.repeat(8 * 1024), { fin: false });
    expect((await mallory.closed).code).toBe(1009);
  });

  test('invalid UTF-8 in a text frame', async () => {
    mallory.send(Buffer.from([0x22, 0xc3, 0x28, 0xff, 0x22]));
    expect((await mallory.closed).code).toBe(1007);
  });

  test('one malformed message after another', async () => {
    for (let i = 0; i < 16; i++) mallory.send('nonsense');
    expect((await mallory.closed).code).toBe(4400);
  });

  test.each(['', '?peerId=', '?peerId=abc', `?peerId=${'A'.repeat(40)}`, `?peerId=${'%'.repeat(5)}`, '?%00&&=='])(
    'S118: a bad id in the address: %s',
    async (query) => {
      const client = new RawClient(`${url}/${query}`);
      expect((await client.closed).code).toBe(4400);
    },
  );

  test('a bad network in the address', async () => {
    const client = new RawClient(`${url}/?peerId=${'e'.repeat(40)}&network=${'n'.repeat(129)}`);
    expect((await client.closed).code).toBe(4400);
  });
});

describe('harmless', () => {
  test('S119: a spoofed sender is replaced by the true one', async () => {
    mallory.send({ type: 'offer', targetPeerId: BOB, fromPeerId: ALICE, data: { fromPeerId: ALICE, peerId: ALICE } });
    expect(await bob.next('offer')).toMatchObject({
      fromPeerId: MALLORY,
      data: { fromPeerId: ALICE, peerId: ALICE },
    });
  });

  test('__proto__ is relayed as the data that it is, and pollutes nothing', async () => {
    mallory.send(
      `{"type":"offer","targetPeerId":"${BOB}","data":{"__proto__":{"polluted":true},"deep":[{"__proto__":null}]}}`,
    );
    const { data } = await bob.next('offer');
    expect(JSON.stringify(data)).toBe('{"__proto__":{"polluted":true},"deep":[{"__proto__":null}]}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('bytes that are no WebSocket, and requests that are no HTTP', async () => {
    const { port } = server.getStats();
    const handshake = `GET /?peerId=${'e'.repeat(40)} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    for (const bytes of [
      '\x00\xff\xfe garbage\r\n\r\n',
      'GET /?peerId=x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
      // A handshake in order, and then a frame with reserved bits, unmasked.
      `${handshake}Sec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Version: 13\r\n\r\n\x7f\x7f\x7f\x7f`,
    ]) {
      const socket = connect(port, '127.0.0.1');
      socket.resume();
      socket.end(bytes, 'latin1');
      await once(socket, 'close');
    }
    expect(server.getStats()).toMatchObject({ isRunning: true });
  });

  test('a client that does not read: cut off before much waits for it', async () => {
    mallory.socket.pause();
    const offer = { type: 'offer', targetPeerId: MALLORY, data: 'x'.repeat(60 * 1024) };
    for (let sent = 0; ; sent++) {
      // The kernel's buffers on both sides hold some megabytes, the server one.
      expect(sent).toBeLessThan(1000);
      alice.send(offer);
      const [answer] = await alice.settled();
      if (answer === undefined) continue;
      expect(answer).toMatchObject({ type: 'error', data: { code: 'TARGET_ABSENT', targetPeerId: MALLORY } });
      break;
    }
  });

  test('a client that vanishes in the middle of a frame', async () => {
    const socket = connect(server.getStats().port, '127.0.0.1');
    const key = `${'A'.repeat(22)}==`;
    socket.write(
      `GET /?peerId=${'e'.repeat(40)} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await once(socket, 'data');
    const gone = new Promise((resolve) => server.once('peerDisconnected', resolve));
    socket.write(Buffer.from([0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4, 5]));
    socket.destroy();
    expect(await gone).toEqual({ peerId: 'e'.repeat(40), totalConnections: 3 });
  });
});
