import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SignalingClient, type SignalingEvents } from '../src/index.js';
import { MemorySignaling } from './memory-signaling.js';

const URL = 'ws://signaling.test';

describe('S5: SignalingClient alone', () => {
  let signaling: MemorySignaling;
  let a: SignalingClient;
  let b: SignalingClient;
  beforeEach(() => {
    signaling = new MemorySignaling();
    a = new SignalingClient({ peerId: 'a', signaling });
    b = new SignalingClient({ peerId: 'b', signaling });
  });
  afterEach(async () => {
    for (const client of [a, b]) client.disconnect();
    expect([a.state, b.state, signaling.count]).toEqual(['closed', 'closed', 0]);
  });

  function tape<Type extends keyof SignalingEvents>(client: SignalingClient, type: Type): SignalingEvents[Type][] {
    const events: SignalingEvents[Type][] = [];
    client.on(type, (event) => events.push(event));
    return events;
  }

  it('S116, S120–S124: connects, learns of others, relays in order, notices who leaves', async () => {
    const [found, offers, answers] = [tape(a, 'peerDiscovered'), tape(b, 'offer'), tape(a, 'answer')];
    const [candidates, gone] = [tape(b, 'iceCandidate'), tape(a, 'peerDisconnected')];
    const joined = a.connect(URL);
    expect(a.state).toBe('connecting');
    await joined;
    expect(a.state).toBe('connected');
    await b.connect(URL);
    await vi.waitUntil(() => found.length > 0);
    expect(found).toEqual([{ peerId: b.peerId }]);
    a.sendOffer('b', { type: 'offer', sdp: 'x' });
    for (const candidate of ['1', '2', '3']) a.sendIceCandidate('b', { candidate });
    b.sendAnswer(a.peerId, { type: 'answer', sdp: 'y' });
    await vi.waitUntil(() => candidates.length === 3 && answers.length === 1);
    expect(offers).toEqual([{ peerId: a.peerId, data: { type: 'offer', sdp: 'x' } }]);
    expect(answers).toEqual([{ peerId: b.peerId, data: { type: 'answer', sdp: 'y' } }]);
    expect(candidates.map(({ data }) => data)).toEqual([{ candidate: '1' }, { candidate: '2' }, { candidate: '3' }]);
    b.disconnect();
    await vi.waitUntil(() => gone.length > 0);
    expect(gone).toEqual([{ peerId: b.peerId }]);
  });

  it('S124: says what did not reach its target', async () => {
    const errors = tape(a, 'error');
    a.sendOffer('b', {});
    await a.connect(URL);
    a.sendOffer('b', {});
    await vi.waitUntil(() => errors.length === 2);
    expect(errors).toMatchObject([
      { code: 'NOT_CONNECTED', peerId: b.peerId },
      { code: 'TARGET_ABSENT', peerId: b.peerId },
    ]);
  });

  it('S117: comes back after a loss, and not after a refusal', async () => {
    const [lost, connected] = [tape(a, 'disconnected'), tape(a, 'connected')];
    await a.connect(URL);
    await expect(a.connect(URL)).rejects.toMatchObject({ code: 'ALREADY_CONNECTED' });
    signaling.stop();
    await vi.waitUntil(() => lost.length > 0);
    expect(a.state).toBe('reconnecting');
    signaling.start();
    await vi.waitUntil(() => connected.length === 2, { timeout: 10_000 });
    a.disconnect();
    signaling.refusal = { code: 4409, reason: 'the id is taken' };
    await expect(a.connect(URL)).rejects.toMatchObject({ code: 'SIGNALING_REFUSED' });
    expect(a.state).toBe('closed');
  });

  it('S10: ends an attempt by disconnect(), by time and by a signal, and can start another', async () => {
    signaling.mute = true;
    const first = a.connect(URL);
    a.disconnect();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(a.connect(URL, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    const abort = new AbortController();
    const second = a.connect([URL, 'ws://other.test'], { signal: abort.signal });
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    expect([a.state, signaling.count]).toEqual(['closed', 0]);
    signaling.mute = false;
    await a.connect(URL);
  });
});
