import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressLimits } from '../src/limits/address-limits.js';
import { ClientAddresses, addressKey } from '../src/limits/client-address.js';
import { Handshakes } from '../src/limits/handshakes.js';
import { PATIENCE, SocketLimits } from '../src/limits/socket-limits.js';
import { Subjects } from '../src/limits/subjects.js';
import { TokenBucket } from '../src/limits/token-bucket.js';

describe('a token bucket', () => {
  test('gives its burst at once, then its rate, and says how long to wait', () => {
    const bucket = new TokenBucket({ rate: 50, burst: 200 }, 0);
    for (let i = 0; i < 200; i++) expect(bucket.take(1, 0)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.waitFor(1, 0)).toBe(20);
    expect(bucket.take(1, 19)).toBe(false);
    expect(bucket.take(1, 20)).toBe(true);
    expect(bucket.isFull(4_019)).toBe(false);
    expect(bucket.isFull(4_021)).toBe(true);
    expect(bucket.waitFor(201, 9_000)).toBe(Infinity);
  });

  test('never gives more than burst + rate × time, whatever is asked and however the clock jumps', () => {
    const steps = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: -500, max: 2_000 })), { maxLength: 100 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (asked, rate, burst) => {
        const bucket = new TokenBucket({ rate, burst }, 0);
        let [now, latest, taken] = [0, 0, 0];
        for (const [cost, ms] of asked) {
          now += ms;
          latest = Math.max(latest, now);
          const wait = bucket.waitFor(cost, now);
          const granted = bucket.take(cost, now);
          expect(granted).toBe(wait === 0);
          if (granted) taken += cost;
        }
        expect(taken).toBeLessThanOrEqual(burst + (rate * latest) / 1_000 + 1e-6);
      }),
    );
  });
});

describe('one socket', () => {
  const allowances = {
    messages: { rate: 10, burst: 20 },
    bytes: { rate: 1_000, burst: 5_000 },
    announces: { rate: 1, burst: 2 },
  };

  test('S130: messages, bytes and announces are counted apart, and the refusal says which it was and when to return', () => {
    const limits = new SocketLimits(allowances, 0);
    expect(limits.message(5_000, 0)).toBeUndefined();
    expect(limits.message(1, 0)).toEqual({ limit: 'bytes', retryAfterMs: 1, isFinal: false });
    for (let i = 0; i < 19; i++) expect(limits.message(1, 100)).toBeUndefined();
    expect(limits.message(0, 0)).toBeUndefined();
    expect(limits.message(0, 0)).toEqual({ limit: 'messages', retryAfterMs: 100, isFinal: false });
    expect([limits.announce(0), limits.announce(0)]).toEqual([undefined, undefined]);
    expect(limits.announce(0)).toEqual({ limit: 'announces', retryAfterMs: 1_000, isFinal: false });
  });

  test('a refused message costs nothing but patience; who goes on is cut off, who stops is not', () => {
    const limits = new SocketLimits(allowances, 0);
    for (let i = 0; i < 20; i++) limits.message(1, 0);
    for (let i = 0; i < PATIENCE.burst; i++) expect(limits.message(1, 0)?.isFinal).toBe(false);
    expect(limits.message(1, 0)?.isFinal).toBe(true);
    expect(limits.message(1, 60_000)).toBeUndefined();
  });
});

describe('one address', () => {
  const allowances = { connections: 3, handshakes: { rate: 1, burst: 5 } };

  test('S130: open connections and bursts are bounded, each address apart', () => {
    const limits = new AddressLimits(allowances);
    for (let i = 0; i < 3; i++) expect(limits.connect('1.2.3.4', 0)).toBeUndefined();
    expect(limits.connect('1.2.3.4', 0)).toEqual({ limit: 'addressConnections', retryAfterMs: 5_000, isFinal: false });
    expect(limits.connect('5.6.7.8', 0)).toBeUndefined();
    limits.release('1.2.3.4');
    expect(limits.connect('1.2.3.4', 0)).toBeUndefined();
    expect(limits.connect('1.2.3.4', 0)).toEqual({ limit: 'handshakes', retryAfterMs: 1_000, isFinal: false });
    // Requests have a bucket of their own: a page that fetches credentials does not lose its socket by it.
    for (let i = 0; i < 5; i++) expect(limits.request('1.2.3.4', 0)).toBeUndefined();
    expect(limits.request('1.2.3.4', 0)).toMatchObject({ limit: 'handshakes', retryAfterMs: 1_000 });
  });

  test('who does not stop is answered as cheaply as can be', () => {
    const limits = new AddressLimits(allowances);
    const refused = Array.from({ length: 5 + PATIENCE.burst + 3 }, () => limits.request('::1', 0)).slice(5);
    expect(refused.map((excess) => excess?.isFinal)).toEqual([
      ...Array.from({ length: PATIENCE.burst }, () => false),
      ...Array.from({ length: 3 }, () => true),
    ]);
  });

  test('what is remembered is bounded: a million addresses leave as many as are kept, and those with connections', () => {
    const limits = new AddressLimits(allowances, 1_000);
    limits.connect('10.0.0.1', 0);
    for (let i = 0; i < 1_000_000; i++) limits.request(`20.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, i);
    expect(limits.size).toBe(1_001);
    limits.release('10.0.0.1');
    limits.release('10.0.0.1');
    expect(limits.size).toBe(1_000);
  });

  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::ffff', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', ''],
  ])('%s is counted as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe('behind proxies', () => {
  const addresses = new ClientAddresses('10.0.0.0/8, 192.168.1.1, fd00::/8');
  const of = (remoteAddress: string, forwarded?: string): string =>
    addresses.of({
      socket: { remoteAddress } as Socket,
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    });

  test.each([
    ['a client that is no proxy is believed nothing', '8.8.8.8', '1.1.1.1', '8.8.8.8'],
    ['a trusted proxy names its client', '10.1.2.3', '1.1.1.1', '1.1.1.1'],
    ['what the client wrote at the left counts for nothing', '10.1.2.3', '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['trusted proxies in a row are passed over from the right', '10.1.2.3', '6.6.6.6, 1.1.1.1, 192.168.1.1', '1.1.1.1'],
    ['an IPv4 address in an IPv6 socket', '::ffff:10.1.2.3', '2001:db8::5', '2001:db8::5'],
    ['an IPv6 proxy, and a port', 'fd12::1', '[2001:db8::7]:443', '2001:db8::7'],
    ['a port', '10.1.2.3', '1.1.1.1:5555', '1.1.1.1'],
    ['nonsense ends the walk', '10.1.2.3', '1.1.1.1, unknown', '10.1.2.3'],
    ['proxies alone', '10.1.2.3', '10.0.0.9', '10.0.0.9'],
    ['no header', '10.1.2.3', undefined, '10.1.2.3'],
  ])('%s', (_what, remoteAddress, forwarded, expected) => {
    expect(of(remoteAddress, forwarded)).toBe(expected);
  });

  test.each(['10.0.0.0/33', '300.1.1.1', 'proxy.example', '10.0.0.0/8/8', 'fd00::/-1', '1.2.3.4/x'])(
    '%s is no proxy',
    (text) => {
      expect(() => new ClientAddresses(text)).toThrow(`got ${JSON.stringify(text)}`);
    },
  );
});

test('TCP connections that never become WebSockets: the oldest goes, handshakes go on', () => {
  let dropped = 0;
  const handshakes = new Handshakes(3, () => dropped++);
  const sockets = Array.from({ length: 5 }, () => new Socket());
  for (const socket of sockets) handshakes.begin(socket);
  expect(sockets.map((socket) => socket.destroyed)).toEqual([true, true, false, false, false]);
  expect([handshakes.count, dropped]).toEqual([3, 2]);
  handshakes.end(sockets[2] as Socket);
  handshakes.begin(new Socket());
  expect([handshakes.count, dropped]).toEqual([3, 2]);
});

test('subjects are counted while they are there, and forgotten', () => {
  const subjects = new Subjects();
  expect([subjects.enter('a', 2), subjects.enter('a', 2), subjects.enter('a', 2)]).toEqual([true, true, false]);
  subjects.leave('a');
  expect(subjects.enter('a', 2)).toBe(true);
  subjects.leave('a');
  subjects.leave('a');
  subjects.leave('nobody');
  expect(subjects.size).toBe(0);
});
