import { encodeContent, SeededRng } from '@peerpigeon/core';
import type { DhtRecord, Event, Input, Key } from '@peerpigeon/dht';
import { describe, expect, it, vi } from 'vitest';
import { DhtNode } from '../src/dht/dht-node.js';

const OTHER = 'b'.repeat(40);
const KEY: Key = { space: 'value', name: 'key' };

function record(version: number, fields: Partial<DhtRecord>): DhtRecord {
  return {
    author: OTHER,
    version,
    issuedAt: 1,
    ttlMs: 1_000,
    base: null,
    replicas: 8,
    form: 'plain',
    value: encodeContent(version),
    signature: new Uint8Array(0),
    ...fields,
  };
}

async function node() {
  const inputs: Input[] = [];
  const host = {
    peerId: 'a'.repeat(40),
    network: 'global',
    rng: new SeededRng(1),
    clock: { now: () => 0, wall: () => 5, after: () => () => {} },
    feed: (input: Input) => inputs.push(input),
    changed: vi.fn(),
    conflicted: vi.fn(),
    warn: vi.fn(),
    onError: vi.fn(),
  };
  const made = await DhtNode.create(host, undefined);
  const tell = (event: Event): void => made.perform({ type: 'event', event });
  const changed = (now: DhtRecord | null, previous: DhtRecord | null, version: number): void =>
    tell({ type: 'changed', key: KEY, record: now, previous, from: OTHER, version });
  return { dht: made, host, inputs, tell, changed };
}

describe('the machine is told', () => {
  it('what time it is, by its first input, when the mesh is made', async () => {
    const { dht, inputs } = await node();
    await dht.restore();
    expect(inputs).toEqual([{ type: 'restore', kept: [] }]);
  });
});

describe('changes', () => {
  it('that cannot be read are dropped and counted, those after them are told', async () => {
    const { dht, host, inputs, changed, tell } = await node();
    const subscribing = dht.subscribe('key', {});
    tell({ type: 'result', ticket: 1, outcome: { type: 'found', records: [], more: false, hops: 1 } });
    expect(await subscribing).toBeNull();
    changed(record(1, { value: Uint8Array.of(1, 2, 3) }), null, 1);
    changed(record(2, { form: 'chunked', value: Uint8Array.of(1, 2, 3) }), record(1, { value: Uint8Array.of(9) }), 2);
    changed(record(3, {}), record(2, { form: 'chunked' }), 3);
    changed(null, record(3, {}), 4);
    expect(host.changed.mock.calls).toEqual([
      [{ key: 'key', newValue: 3, oldValue: undefined, version: 3, from: OTHER }],
      [{ key: 'key', newValue: null, oldValue: 3, version: 4, from: OTHER }],
    ]);
    expect(host.warn).toHaveBeenCalledTimes(2);
    expect(host.onError).not.toHaveBeenCalled();
    expect(dht.stats().dropped).toBe(2);
    dht.unsubscribe('key');
    expect(inputs.at(-1)).toEqual({ type: 'unsubscribe', key: KEY });
    changed(record(5, {}), null, 5);
    expect(host.changed).toHaveBeenCalledTimes(2);
  });

  it('come after the value that is there already, which is given once', async () => {
    const { dht, changed, tell } = await node();
    const watch = dht.watch('key');
    changed(record(2, {}), null, 2);
    tell({ type: 'result', ticket: 1, outcome: { type: 'found', records: [record(2, {})], more: false, hops: 1 } });
    changed(null, record(2, {}), 2);
    expect((await watch.next()).value).toMatchObject({ value: 2 });
    expect((await watch.next()).value).toMatchObject({ value: null });
  });

  it('a watch whose first answer fails says why, and ends', async () => {
    const { dht, inputs, tell } = await node();
    const watch = dht.watch('key');
    tell({ type: 'result', ticket: 1, outcome: { type: 'failed', reason: 'unavailable' } });
    await expect(watch.next()).rejects.toMatchObject({ code: 'UNREACHABLE', details: { key: 'key' } });
    expect(await watch.next()).toEqual({ value: undefined, done: true });
    expect(inputs.at(-1)).toEqual({ type: 'unsubscribe', key: KEY });
  });

  it.each([
    ['full', 'STORE_FULL'],
    ['unavailable', 'UNREACHABLE'],
    ['busy', 'BUSY'],
    ['timeout', 'TIMEOUT'],
    ['disconnected', 'DISCONNECTED'],
  ] as const)('a subscription that fails as %s rejects with %s, and is none', async (reason, code) => {
    const { dht, inputs, tell } = await node();
    const subscribing = dht.subscribe('key', { timeoutMs: 5 });
    expect(inputs.at(-1)).toEqual({ type: 'subscribe', key: KEY, ticket: 1, timeoutMs: 5 });
    tell({ type: 'result', ticket: 1, outcome: { type: 'failed', reason } });
    await expect(subscribing).rejects.toMatchObject({ code });
    expect(inputs.at(-1)).toEqual({ type: 'unsubscribe', key: KEY });
  });

  it('of two calls for one key one that fails does not end the other', async () => {
    const { dht, inputs, tell } = await node();
    const [first, second] = [dht.subscribe('key', {}), dht.subscribe('key', {})];
    tell({ type: 'result', ticket: 1, outcome: { type: 'failed', reason: 'timeout' } });
    await expect(first).rejects.toMatchObject({ code: 'TIMEOUT' });
    tell({ type: 'result', ticket: 2, outcome: { type: 'found', records: [record(1, {})], more: false, hops: 1 } });
    expect(await second).toBe(1);
    expect(inputs.some(({ type }) => type === 'unsubscribe')).toBe(false);
  });
});

describe('dhtConflict', () => {
  it('has what lost and what counts', async () => {
    const { host, tell } = await node();
    tell({ type: 'conflict', key: KEY, lost: record(1, {}), winner: record(2, {}) });
    tell({ type: 'conflict', key: KEY, lost: null, winner: record(3, { form: 'deleted' }) });
    await vi.waitFor(() => expect(host.conflicted).toHaveBeenCalledTimes(2));
    expect(host.conflicted.mock.calls).toEqual([
      [{ key: 'key', value: 1, winner: { value: 2, version: 2, from: OTHER } }],
      [{ key: 'key', value: undefined, winner: { value: null, version: 3, from: OTHER } }],
    ]);
  });

  it('of what cannot be read is dropped and counted', async () => {
    const { dht, host, tell } = await node();
    tell({ type: 'conflict', key: KEY, lost: null, winner: record(2, { value: Uint8Array.of(1) }) });
    await vi.waitFor(() => expect(host.warn).toHaveBeenCalledTimes(1));
    expect(dht.stats().dropped).toBe(1);
  });
});
