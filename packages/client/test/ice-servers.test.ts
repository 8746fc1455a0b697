import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkIceServers, IceServerSource, type IceServerProvider } from '../src/adapters/ice-servers.js';

const STUN: RTCIceServer = { urls: 'stun:stun.example.org' };
const TURN: RTCIceServer = { urls: ['turn:turn.example.org:3478?transport=udp'], username: 'u', credential: 'c' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function source(provider: IceServerProvider) {
  const asked = vi.fn(provider);
  const failed = vi.fn();
  return { asked, failed, servers: new IceServerSource(asked, failed) };
}

describe('a provider of ICE servers', () => {
  it('S98: is asked once by dials at once, and again after 5 minutes', async () => {
    const { asked, servers } = source(async () => [STUN]);
    expect(await Promise.all([servers.get(), servers.get(), servers.get()])).toEqual([[STUN], [STUN], [STUN]]);
    vi.advanceTimersByTime(299_000);
    await servers.get();
    expect(asked).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1_000);
    await servers.get();
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it.each([
    { lease: () => ({ iceServers: [TURN], ttlSeconds: 600 }), lastMs: 539_000, dueMs: 541_000 },
    { lease: () => ({ iceServers: [TURN], expiresAt: Date.now() + 600_000 }), lastMs: 539_000, dueMs: 541_000 },
    { lease: () => ({ iceServers: [TURN], ttlSeconds: 20 }), lastMs: 9_000, dueMs: 11_000 },
    { lease: () => ({ iceServers: [TURN], ttlSeconds: 0 }), lastMs: undefined, dueMs: 0 },
    // A name that says until when, as TURN services give it.
    { lease: () => [{ ...TURN, username: `${Math.floor(Date.now() / 1_000) + 20}:u` }], lastMs: 9_000, dueMs: 11_000 },
    {
      lease: () => [{ ...TURN, username: `${Math.floor(Date.now() / 1_000) + 9_000}` }],
      lastMs: 299_000,
      dueMs: 300_000,
    },
  ])('credentials are renewed before they expire: $dueMs ms', async ({ lease, lastMs, dueMs }) => {
    const began = Date.now();
    const { asked, servers } = source(lease);
    expect(await servers.get()).toMatchObject([{ urls: TURN.urls }]);
    if (lastMs !== undefined) {
      vi.setSystemTime(began + lastMs);
      await servers.get();
      expect(asked).toHaveBeenCalledTimes(1);
    }
    vi.setSystemTime(began + dueMs);
    await servers.get();
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('one that fails is told of once, asked by each dial, and the last good list does meanwhile', async () => {
    let fails = false;
    const { asked, failed, servers } = source(() => {
      if (fails) throw new Error('503');
      return [TURN];
    });
    await servers.get();
    fails = true;
    vi.advanceTimersByTime(300_000);
    expect([await servers.get(), await servers.get()]).toEqual([[TURN], [TURN]]);
    expect([asked.mock.calls.length, failed.mock.calls.length]).toEqual([3, 1]);
    fails = false;
    await servers.get();
    vi.advanceTimersByTime(300_000);
    fails = true;
    await servers.get();
    expect(failed).toHaveBeenCalledTimes(2);
  });

  it('without a good list its failure is that of the dial; late and malformed answers are failures', async () => {
    const refused = source(() => Promise.reject(new Error('503')));
    await expect(refused.servers.get()).rejects.toThrow('503');
    const malformed = source(() => [{ urls: 'http://example.org' }]);
    await expect(malformed.servers.get()).rejects.toThrow('iceServers[0].urls: expected stun:');
    const silent = source(() => new Promise(() => {}));
    const late = silent.servers.get().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await late).toMatchObject({ name: 'TimeoutError' });
    expect(silent.failed).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a list of ICE servers', () => {
  it.each([
    [[]],
    [[STUN]],
    [[TURN]],
    [[{ urls: ['stuns:[::1]:5349', 'STUN:127.0.0.1'] }]],
    [[{ ...TURN, urls: 'turns:turn.example.org?transport=tcp' }]],
  ])('%j is good', (list) => {
    expect(checkIceServers('iceServers', list)).toBe(list);
  });

  it.each<[unknown, string, string]>([
    ['stun:stun.example.org', 'INVALID_TYPE', 'iceServers: expected an array'],
    [[null], 'INVALID_TYPE', 'iceServers[0]: expected object'],
    [[STUN, {}], 'INVALID_TYPE', 'iceServers[1].urls: expected string'],
    [[{ urls: [] }], 'OUT_OF_RANGE', 'iceServers[0].urls: expected one'],
    [[{ urls: 'stun.example.org' }], 'OUT_OF_RANGE', 'iceServers[0].urls: expected stun:'],
    [[{ urls: 'stun:example.org?transport=udp' }], 'OUT_OF_RANGE', 'iceServers[0].urls'],
    [[{ urls: 'turn:example.org' }], 'INVALID_TYPE', 'iceServers[0].username'],
    [[{ urls: 'turn:example.org', username: 'u' }], 'INVALID_TYPE', 'iceServers[0].credential'],
  ])('%j is none: %s', (list, code, message) => {
    expect(() => checkIceServers('iceServers', list)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
