import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PeerPigeonError, type PeerPigeonMesh } from '../src/index.js';
import { tape, URL, World } from './world.js';

let world: World;
let a: PeerPigeonMesh;
let b: PeerPigeonMesh;
beforeEach(async () => {
  world = new World();
  [a, b] = (await world.full(2)) as [PeerPigeonMesh, PeerPigeonMesh];
});
afterEach(() => world.close());

it('S14: send() resolves once the other application has the message, and the events tell it too', async () => {
  const [received, delivered] = [tape(b, 'messageReceived'), tape(a, 'messageDelivered')];
  const receipt = await a.send(b.peerId!, { move: 'e4' });
  expect(receipt).toEqual({
    messageId: expect.stringMatching(/^[0-9a-f]{32}$/),
    hops: 1,
    roundTripMs: expect.any(Number),
  });
  expect(received).toMatchObject([{ messageId: receipt.messageId, content: { move: 'e4' }, direct: true }]);
  expect(delivered).toMatchObject([{ messageId: receipt.messageId, peerId: b.peerId }]);
});

it('S14: it rejects by a code for each reason', async () => {
  const lost = a.send('nobody at all', 'x');
  const failed = tape(a, 'messageFailed');
  a.disconnect();
  await expect(lost).rejects.toThrow(PeerPigeonError);
  const error = (await lost.catch((reason: unknown) => reason)) as PeerPigeonError;
  expect(error).toMatchObject({ code: 'DISCONNECTED', details: { reason: 'disconnected', to: expect.any(String) } });
  await vi.waitUntil(() => failed.length > 0);
  expect(failed).toMatchObject([{ messageId: error.details['messageId'], reason: 'disconnected' }]);
});

it('an abort ends it: it is sent no more', async () => {
  const failed = tape(a, 'messageFailed');
  const abort = new AbortController();
  const sending = a.send('nobody at all', 'x', { signal: abort.signal });
  abort.abort();
  await expect(sending).rejects.toMatchObject({ code: 'ABORTED', details: { reason: 'aborted' } });
  await vi.waitUntil(() => failed.length > 0);
  expect(failed).toMatchObject([{ reason: 'aborted' }]);
});

it('it takes as long as it may', async () => {
  const before = performance.now();
  await expect(a.send('nobody at all', 'x', { timeoutMs: 100 })).rejects.toMatchObject({
    code: expect.stringMatching(/TIMEOUT|UNREACHABLE/),
  });
  expect(performance.now() - before).toBeLessThan(5_000);
});

it('one sent before the first link waits for it', async () => {
  const late = world.mesh();
  await late.connect(URL);
  expect(late.getPeers()).toEqual([]);
  const received = tape(b, 'messageReceived');
  const { messageId } = await late.send(b.peerId!, 'early');
  expect(received).toMatchObject([{ messageId, content: 'early' }]);
});

it('mistakes reject at once: the own id, no plain data, a wrong time, a mesh that has not joined', async () => {
  await expect(a.send(a.peerId!, 'x')).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  await expect(a.send(b.peerId!, () => 1)).rejects.toThrow(TypeError);
  await expect(a.send(b.peerId!, 'x', { timeoutMs: 0 })).rejects.toThrow(RangeError);
  await expect(a.send(b.peerId!, 'x', { signal: 7 as never })).rejects.toThrow(TypeError);
  await expect(a.send(b.peerId!, 'x', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(world.mesh().send(b.peerId!, 'x')).rejects.toMatchObject({ code: 'NOT_INITIALIZED' });
});
