import { encodeContent, hexToBytes } from '@peerpigeon/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PeerPigeonError, type PeerPigeonMesh, type RequestContext, RequestError } from '../src/index.js';
import { CountingClock } from './counting-clock.js';
import { tape, URL, World } from './world.js';

let world: World;
let clock: CountingClock;
let a: PeerPigeonMesh;
let b: PeerPigeonMesh;
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
beforeEach(async () => {
  world = new World();
  clock = new CountingClock();
  [a, b] = (await world.full(2, { logger, ports: { clock } })) as [PeerPigeonMesh, PeerPigeonMesh];
});
afterEach(() => {
  world.close();
  expect(clock.waiting, 'timers left').toBe(0);
});

/** A handler that ends when its signal aborts, and what it saw. */
function patient(mesh: PeerPigeonMesh, method: string): { calls: RequestContext[]; aborted: number } {
  const seen = { calls: [] as RequestContext[], aborted: 0 };
  mesh.respond(method, async (_params, context) => {
    seen.calls.push(context);
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    seen.aborted++;
    throw new Error('nobody waits');
  });
  return seen;
}

describe('answers', () => {
  it('params and results are plain data, equal in value and type', async () => {
    const seen: unknown[] = [];
    b.respond<{ list: number[] }>('sum', ({ list }, { from, signal }) => {
      seen.push(from, signal.aborted);
      return new Map([['sum', list.reduce((sum, n) => sum + n, 0)]]);
    });
    b.respond('later', async () => undefined);
    expect(await a.request(b.peerId!, 'sum', { list: [1, 2, 3] })).toEqual(new Map([['sum', 6]]));
    expect(seen).toEqual([a.peerId, false]);
    expect(await a.request(b.peerId!, 'later')).toBeUndefined();
  });

  it('many at once each get their own, and both sides may ask', async () => {
    b.respond<number>('double', (n) => n * 2);
    a.respond<number>('half', (n) => n / 2);
    const asked = Array.from({ length: 50 }, (_, n) => n);
    const there = asked.map((n) => a.request<number>(b.peerId!, 'double', n));
    const back = asked.map((n) => b.request<number>(a.peerId!, 'half', n));
    expect(await Promise.all(there)).toEqual(asked.map((n) => n * 2));
    expect(await Promise.all(back)).toEqual(asked.map((n) => n / 2));
  });

  it('both may be larger than a frame', async () => {
    const large = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
    b.respond<Uint8Array>('reverse', (bytes) => bytes.slice().reverse());
    expect(await a.request(b.peerId!, 'reverse', large)).toEqual(large.slice().reverse());
  });

  it('reach a peer over others', async () => {
    // Of four on a ring of links none has one with the peer opposite.
    const ring = new World();
    const meshes = Array.from({ length: 4 }, () => ring.mesh({ maxPeers: 2, minPeers: 2 }));
    for (const mesh of meshes) await mesh.connect(URL);
    await vi.waitUntil(() => meshes.every((mesh) => mesh.getConnectedPeerCount() === 2), { timeout: 10_000 });
    const first = meshes[0] as PeerPigeonMesh;
    const opposite = meshes.find((mesh) => mesh !== first && !first.hasPeer(mesh.peerId!)) as PeerPigeonMesh;
    opposite.respond('where', (_params, { from }) => from);
    expect(await first.request(opposite.peerId!, 'where')).toBe(first.peerId);
    ring.close();
  });

  it('nothing of it is told as a message of the application', async () => {
    const told = [tape(a, 'messageDelivered'), tape(a, 'messageReceived'), tape(b, 'messageReceived')];
    const delivered = tape(b, 'messageDelivered');
    b.respond('x', () => 'y');
    expect(await a.request(b.peerId!, 'x')).toBe('y');
    await a.send(b.peerId!, 'a message');
    await vi.waitUntil(() => told.every(({ length }) => length > 0) || told[2]!.length > 0);
    expect(told.map(({ length }) => length)).toEqual([1, 0, 1]);
    expect(delivered).toEqual([]);
  });
});

describe('errors', () => {
  it('a RequestError crosses the wire with code, message and data', async () => {
    b.respond('withdraw', () => {
      throw new RequestError('TOO_MUCH', 'not enough left', { balance: 3n });
    });
    const error = await a.request(b.peerId!, 'withdraw').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ code: 'TOO_MUCH', message: 'not enough left', data: { balance: 3n } });
  });

  it.each([
    ['an error', () => Promise.reject(new Error('secret path /etc'))],
    ['something thrown that is none', () => Promise.reject(undefined)],
    ['a result that is no plain data', () => () => 1],
    ['data that is none', () => Promise.reject(new RequestError('X', 'x', () => 1))],
  ])('%s stays where it was thrown: HANDLER_FAILED, and it is reported there', async (_what, handler) => {
    const statuses = tape(b, 'statusChanged');
    b.respond('fail', handler);
    const error = (await a.request(b.peerId!, 'fail').catch((reason: unknown) => reason)) as RequestError;
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', message: 'the handler failed', data: undefined });
    expect(statuses).toMatchObject([{ type: 'error', message: expect.stringContaining('requests for fail') }]);
  });

  it('a result that is too large is RESPONSE_TOO_LARGE', async () => {
    b.respond('large', () => new Uint8Array(17_000_000));
    await expect(a.request(b.peerId!, 'large')).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
    const request = a.request(b.peerId!, 'large', new Uint8Array(17_000_000));
    await expect(request).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  });

  it('a method that nobody answers, or no longer, is METHOD_NOT_FOUND', async () => {
    const undo = b.respond('there', () => 1);
    expect(await a.request(b.peerId!, 'there')).toBe(1);
    undo();
    undo();
    for (const method of ['there', 'never']) {
      await expect(a.request(b.peerId!, method)).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND' });
    }
  });

  it('mistakes throw at once', async () => {
    b.respond('taken', () => 1);
    expect(() => b.respond('taken', () => 2)).toThrow(RangeError);
    expect(() => b.respond('none', 7 as never)).toThrow(TypeError);
    for (const method of ['', 'x'.repeat(65), 'peerpigeon/presence']) {
      expect(() => b.respond(method, () => 1)).toThrow(RangeError);
      await expect(a.request(b.peerId!, method)).rejects.toThrow(RangeError);
    }
    await expect(a.request(a.peerId!, 'x')).rejects.toThrow(RangeError);
    await expect(a.request(b.peerId!, 'x', Symbol('x'))).rejects.toThrow(TypeError);
    await expect(a.request(b.peerId!, 'x', 1, { timeoutMs: -1 })).rejects.toThrow(RangeError);
    await expect(world.mesh().request(b.peerId!, 'x')).rejects.toMatchObject({ code: 'NOT_INITIALIZED' });
  });
});

describe('ends', () => {
  it('an abort rejects here and aborts there', async () => {
    const seen = patient(b, 'wait');
    const abort = new AbortController();
    const request = a.request(b.peerId!, 'wait', null, { signal: abort.signal });
    await vi.waitUntil(() => seen.calls.length > 0);
    abort.abort();
    const error = (await request.catch((reason: unknown) => reason)) as PeerPigeonError;
    expect(error).toBeInstanceOf(PeerPigeonError);
    expect(error).toMatchObject({ code: 'ABORTED', details: { to: b.peerId, method: 'wait' } });
    await vi.waitUntil(() => seen.aborted === 1);
    const { signal } = abort;
    await expect(a.request(b.peerId!, 'wait', null, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(seen.calls).toHaveLength(1);
  });

  it('no answer in time rejects here and aborts there', async () => {
    const seen = patient(b, 'wait');
    const request = a.request(b.peerId!, 'wait', null, { timeoutMs: 60 });
    await expect(request).rejects.toMatchObject({ code: 'TIMEOUT' });
    await vi.waitUntil(() => seen.aborted === 1);
  });

  it('disconnect() ends one’s own, the other side’s signal aborts; after the next connect() it works as new', async () => {
    const seen = patient(b, 'wait');
    b.respond('there', () => true);
    const request = a.request(b.peerId!, 'wait');
    await vi.waitUntil(() => seen.calls.length > 0);
    a.disconnect();
    await expect(request).rejects.toMatchObject({ code: 'DISCONNECTED' });
    await vi.waitUntil(() => seen.aborted === 1);
    await a.connect(URL);
    await vi.waitUntil(() => a.hasPeer(b.peerId!) && b.hasPeer(a.peerId!), { timeout: 10_000 });
    expect(await a.request(b.peerId!, 'there')).toBe(true);
  });

  it('a peer that leaves ends requests to it, and its handlers', async () => {
    const seen = patient(b, 'wait');
    const request = a.request(b.peerId!, 'wait');
    await vi.waitUntil(() => seen.calls.length > 0);
    b.disconnect();
    await expect(request).rejects.toMatchObject({ code: 'PEER_LEFT' });
    expect(seen.aborted).toBe(1);
  });

  it('so many of one peer run at once; one more is BUSY', async () => {
    const seen = patient(b, 'wait');
    const aborts = Array.from({ length: 64 }, () => new AbortController());
    const waiting = aborts.map(({ signal }) => a.request(b.peerId!, 'wait', null, { signal }));
    const ended = Promise.allSettled(waiting);
    await vi.waitUntil(() => seen.calls.length === 64);
    await expect(a.request(b.peerId!, 'wait')).rejects.toMatchObject({ code: 'BUSY' });
    for (const abort of aborts) abort.abort();
    await ended;
    await vi.waitUntil(() => seen.aborted === 64);
    b.respond('there', () => true);
    expect(await a.request(b.peerId!, 'there')).toBe(true);
  });
});

describe('hostile peers', () => {
  /** What a foreign peer sends on the channel of requests. */
  function forge(to: PeerPigeonMesh, content: unknown): void {
    const bytes = content instanceof Uint8Array ? content : encodeContent(content);
    // The parts that the façade is made of; a foreign client has others.
    const { messenger } = (a as unknown as { membership: { messenger: { post: (...args: unknown[]) => void } } })
      .membership;
    messenger.post('request', bytes, to.peerId, true);
  }

  it('what is no request, answer or cancellation is counted, and survived', async () => {
    const id = new Uint8Array(16);
    const malformed = [
      new Uint8Array([1, 2, 3]),
      'text',
      [],
      [4, id],
      [0, 'method'],
      [0, 'method', 0, null],
      [0, 'x'.repeat(65), 1_000, null],
      [0, 7, 1_000, null],
      [1, new Uint8Array(15), 'result'],
      [2, id, 3, 'message'],
      [2, id, 'CODE', 'x'.repeat(1_025)],
      [3, 'id'],
    ];
    for (const content of malformed) forge(b, content);
    await vi.waitUntil(() => b.ignoredMessages === malformed.length);
    b.respond('there', () => true);
    expect(await a.request(b.peerId!, 'there')).toBe(true);
  });

  it('an answer of somebody else, or a second one, changes nothing; nor does cancelling what another has asked', async () => {
    const c = world.mesh({ logger });
    await c.connect(URL);
    await vi.waitUntil(() => c.getConnectedPeerCount() === 2, { timeout: 10_000 });
    const seen = patient(b, 'wait');
    const request = c.request(b.peerId!, 'wait', null, { timeoutMs: 2_000 });
    await vi.waitUntil(() => seen.calls.length > 0);
    const pending = (c as unknown as { requests: { pending: Map<string, unknown> } }).requests.pending;
    const [id] = [...pending.keys()] as [string];
    forge(c, [1, hexToBytes(id), 'forged']);
    forge(b, [3, hexToBytes(id)]);
    b.respond('there', () => true);
    expect(await a.request(b.peerId!, 'there')).toBe(true);
    expect(seen.aborted).toBe(0);
    expect(pending.has(id)).toBe(true);
    c.disconnect();
    await expect(request).rejects.toMatchObject({ code: 'DISCONNECTED' });
  });
});
