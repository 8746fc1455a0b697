import { decode, encode, encodeContent, randomBytes, SeededRng } from '@peerpigeon/core';
import { chunkName, type DhtRecord, type Input, type Key, type Outcome } from '@peerpigeon/dht';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ChunkLedger } from '../src/dht/chunk-ledger.js';
import { cutIntoChunks, decodeManifest, encodeManifest } from '../src/dht/manifest.js';
import { Operations } from '../src/dht/operations.js';
import { PartStore } from '../src/dht/parts.js';
import { Sequence } from '../src/dht/sequence.js';
import { Subscriptions } from '../src/dht/subscriptions.js';
import { Values } from '../src/dht/values.js';

const [SELF, OTHER] = ['a'.repeat(40), 'b'.repeat(40)];
const CHUNK = 16_384;
const HASH = new Uint8Array(32);

function record(fields: Partial<DhtRecord>): DhtRecord {
  return {
    author: OTHER,
    version: 1,
    issuedAt: 1_000,
    ttlMs: 1_000,
    base: null,
    replicas: 8,
    form: 'plain',
    value: new Uint8Array(0),
    signature: new Uint8Array(0),
    ...fields,
  };
}

/** Answers operations from what it was given, as whoever holds everything would. */
class Mesh {
  readonly records = new Map<string, DhtRecord[]>();
  readonly inputs: Input[] = [];
  /** Most operations under way at a time. */
  busiest = 0;
  /** Puts of these keys fail. */
  readonly full = new Set<string>();
  readonly operations: Operations;
  private under = 0;
  private version = 1;

  constructor() {
    const clock = { now: () => 0, wall: () => 1_000, after: () => () => {} };
    this.operations = new Operations((input) => this.feed(input), clock);
  }

  values(): Values {
    return new Values(this.operations, SELF, () => 1_000);
  }

  at({ space, name }: Key): DhtRecord[] {
    const key = `${space} ${name}`;
    const records = this.records.get(key) ?? [];
    this.records.set(key, records);
    return records;
  }

  private feed(input: Input): void {
    this.inputs.push(input);
    if (input.type === 'unsubscribe' || !('ticket' in input) || !('key' in input)) return;
    this.busiest = Math.max(this.busiest, ++this.under);
    setImmediate(() => {
      this.under--;
      this.operations.ended(input.ticket, this.outcome(input));
    });
  }

  private outcome(input: Extract<Input, { readonly key: Key; readonly ticket: number }>): Outcome {
    const records = this.at(input.key);
    if (input.type !== 'put') {
      const after = input.type === 'get' ? (input.after ?? '') : '';
      const rest = records.filter(({ author }) => input.key.space !== 'part' || author > after);
      return { type: 'found', records: rest.slice(0, 2), more: rest.length > 2, hops: 1 };
    }
    if (this.full.has(input.key.name)) return { type: 'failed', reason: 'full' };
    const { form, value, ttlMs = 3_600_000 } = input;
    const made = record({ author: SELF, version: ++this.version, form, value, ttlMs });
    records.splice(0, records.length, made);
    return { type: 'stored', record: made, copies: 3, hops: 1 };
  }
}

describe('manifests', () => {
  it('say of which chunks a value consists', () => {
    fc.assert(
      fc.property(fc.integer({ min: CHUNK + 1, max: 6 * CHUNK }), fc.integer(), (length, seed) => {
        const value = randomBytes(new SeededRng(seed), length);
        const chunks = cutIntoChunks(value);
        expect(chunks.map(({ name, bytes }) => chunkName(bytes) === name && bytes.length <= CHUNK)).not.toContain(
          false,
        );
        expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).equals(value)).toBe(true);
        const manifest = { total: length, names: chunks.map(({ name }) => name) };
        expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['no list', encode('manifest')],
    ['no chunks', encode([CHUNK + 1, []])],
    ['too few chunks', encode([CHUNK + 1, [HASH]])],
    ['too many chunks', encode([CHUNK + 1, [HASH, HASH, HASH]])],
    ['what fits into a record', encode([CHUNK, [HASH]])],
    ['more than there may be', encode([2 ** 40, Array.from({ length: 65 }, () => HASH)])],
    ['a short hash', encode([CHUNK + 1, [HASH, HASH.subarray(1)]])],
    ['no length', encode([-1, [HASH, HASH]])],
  ])('of %s are refused', (_, bytes) => {
    expect(() => decodeManifest(bytes)).toThrow(expect.objectContaining({ name: 'DecodeError' }) as Error);
  });

  it('whatever the bytes, refused or read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(decodeManifest(bytes).names.length).toBeLessThanOrEqual(65);
        } catch (error) {
          expect(error).toMatchObject({ name: 'DecodeError' });
        }
      }),
    );
  });
});

describe('chunks that values share', () => {
  it('are released with the last value that needs them', () => {
    const ledger = new ChunkLedger();
    const [one, two] = [ledger.claim(['x', 'y'], 5), ledger.claim(['y', 'z', 'z'], Infinity)];
    expect(ledger.endOf('x')).toBe(5);
    expect(ledger.endOf('y')).toBe(Infinity);
    expect(ledger.release(one)).toEqual(['x']);
    expect(ledger.release(one)).toEqual([]);
    expect(ledger.release(two)).toEqual(['y', 'z']);
  });

  it('are noted in bounds', () => {
    const ledger = new ChunkLedger();
    const first = ledger.claim(['first'], 1);
    for (let n = 0; n < 5_000; n++) ledger.claim([`chunk ${n}`], 1);
    expect(ledger.release(first)).toEqual([]);
  });
});

describe('large values', () => {
  const value = 'x'.repeat(40_000) + 'y'.repeat(400_000);
  const encoded = encodeContent(value);

  it('are written chunk by chunk, each once, at most 8 at a time, the manifest last; and read likewise', async () => {
    const mesh = new Mesh();
    const values = mesh.values();
    await values.put('key', encoded, { ttlMs: 9_000, replicas: 4 }, {});
    const puts = mesh.inputs.filter((input) => input.type === 'put');
    expect(puts.map(({ key }) => key.space)).toEqual([
      ...Array.from({ length: puts.length - 1 }, () => 'chunk'),
      'value',
    ]);
    expect(new Set(puts.map(({ key }) => key.name)).size).toBe(puts.length);
    // 27 in all, most of which are the same.
    expect(puts.length).toBeLessThan(10);
    expect(puts.every(({ ttlMs, replicas }) => ttlMs === 9_000 && replicas === 4)).toBe(true);
    expect(mesh.busiest).toBeLessThanOrEqual(8);
    const reader = mesh.values();
    expect(await reader.read('key', await reader.find('key', {}, {}))).toBe(value);
    const { length } = mesh.inputs;
    expect(await reader.read('key', await reader.find('key', {}, {}))).toBe(value);
    expect(mesh.inputs.length).toBe(length + 1);
  });

  it('INCOMPLETE where a chunk is gone, or somebody has put another one in its place', async () => {
    const mesh = new Mesh();
    await mesh.values().put('key', encoded, {}, {});
    const chunk = mesh.inputs.find((input) => input.type === 'put')?.key as Key;
    for (const there of [[], [record({ value: Uint8Array.of(1) })]]) {
      mesh.records.set(`chunk ${chunk.name}`, there);
      const reader = mesh.values();
      await expect(reader.read('key', await reader.find('key', {}, {}))).rejects.toMatchObject({
        code: 'INCOMPLETE',
        details: { key: 'key', chunk: chunk.name },
      });
    }
  });

  it('of which a chunk cannot be stored fail, and what was stored of them is renewed no more', async () => {
    const mesh = new Mesh();
    mesh.full.add(cutIntoChunks(encoded)[1]?.name ?? '');
    await expect(mesh.values().put('key', encoded, {}, {})).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(mesh.at({ space: 'value', name: 'key' })).toEqual([]);
    const forsaken = mesh.inputs.filter((input) => input.type === 'forsake').map(({ key }) => key.name);
    expect(forsaken.sort()).toEqual([...new Set(cutIntoChunks(encoded).map(({ name }) => name))].sort());
  });

  it('of ours that somebody else has replaced are renewed no more', async () => {
    const mesh = new Mesh();
    const values = mesh.values();
    const { version } = await values.put('key', encoded, {}, {});
    mesh.records.set('value key', [record({ version: version + 1, value: encodeContent(1) })]);
    await values.find('key', {}, {});
    expect(mesh.inputs.filter((input) => input.type === 'forsake').length).toBeGreaterThan(1);
  });

  it('of ours from before a restart end with what replaces them', async () => {
    const mesh = new Mesh();
    await mesh.values().put('key', encoded, {}, {});
    const [before] = mesh.at({ space: 'value', name: 'key' });
    const values = mesh.values();
    values.recall('key', before as DhtRecord);
    values.recall('other', record({ author: SELF, form: 'chunked', value: Uint8Array.of(1) }));
    await values.delete('key', {}, {});
    expect(mesh.inputs.filter((input) => input.type === 'forsake').length).toBeGreaterThan(1);
  });
});

describe('what others have stored', () => {
  it.each([
    ['no content', 'plain', Uint8Array.of(1, 2, 3)],
    ['no manifest', 'chunked', Uint8Array.of(1, 2, 3)],
    ['a manifest beyond all limits', 'chunked', encode([2 ** 50, [HASH]])],
  ] as const)('%s: MALFORMED', async (_, form, value) => {
    const values = new Mesh().values();
    await expect((async () => values.read('key', record({ form, value, version: 7 })))()).rejects.toMatchObject({
      code: 'MALFORMED',
      details: { key: 'key', version: 7, from: OTHER },
    });
  });

  it('chunks that together are no content: MALFORMED', async () => {
    const mesh = new Mesh();
    const chunks = cutIntoChunks(new Uint8Array(CHUNK + 1).fill(255));
    for (const { name, bytes } of chunks) mesh.at({ space: 'chunk', name }).push(record({ value: bytes }));
    const value = encodeManifest({ total: CHUNK + 1, names: chunks.map(({ name }) => name) });
    await expect(mesh.values().read('key', record({ form: 'chunked', value }))).rejects.toMatchObject({
      code: 'MALFORMED',
    });
  });

  it('chunks shorter than the manifest says: INCOMPLETE', async () => {
    const mesh = new Mesh();
    const bytes = Uint8Array.of(1);
    const name = chunkName(bytes);
    mesh.at({ space: 'chunk', name }).push(record({ value: bytes }));
    const value = encodeManifest({ total: CHUNK + 1, names: [name, name] });
    await expect(mesh.values().read('key', record({ form: 'chunked', value }))).rejects.toMatchObject({
      code: 'INCOMPLETE',
    });
  });
});

describe('what is done in order', () => {
  it('is done at once while nothing waits, else one after the other', async () => {
    const done: number[] = [];
    const sequence = new Sequence();
    let go = (): void => {};
    sequence.add(() => void done.push(1));
    expect(done).toEqual([1]);
    sequence.add(() => new Promise((resolve) => (go = resolve)));
    sequence.add(() => void done.push(2));
    sequence.add(async () => void done.push(3));
    sequence.add(() => void done.push(4));
    expect(done).toEqual([1]);
    go();
    await vi.waitFor(() => expect(done).toEqual([1, 2, 3, 4]));
  });

  it('is bounded: the oldest that waits is dropped', async () => {
    const done: number[] = [];
    const sequence = new Sequence();
    let go = (): void => {};
    sequence.add(() => new Promise((resolve) => (go = resolve)));
    for (let n = 0; n < 300; n++) sequence.add(() => void done.push(n));
    go();
    await vi.waitFor(() => expect(done.at(-1)).toBe(299));
    expect(done).toHaveLength(256);
  });
});

describe('parts', () => {
  const authors = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(40));

  it('of all authors are read page by page; changes are told', async () => {
    const mesh = new Mesh();
    const subscriptions = new Subscriptions(mesh.operations);
    const parts = new PartStore(mesh.operations, subscriptions);
    const key = { space: 'part', name: 'votes' } as const;
    mesh.at(key).push(...authors.map((author, n) => record({ author, value: encode(n) })));
    const all = await parts.all('votes');
    expect([...all.keys()]).toEqual(authors);
    const heard: (string | undefined)[] = [];
    const first = await parts.on('votes', ({ record: now }) => heard.push(now?.author));
    const second = await parts.on('votes', () => heard.push('again'));
    expect([...first.parts.values()].map(({ value }) => decode(value))).toEqual([0, 1, 2, 3, 4]);
    const now = record({ author: authors[2] });
    const change = { type: 'changed', key, record: now, previous: null, from: now.author, version: 1 } as const;
    subscriptions.changed(change);
    subscriptions.changed({ ...change, key: { space: 'value', name: 'votes' } });
    first.stop();
    subscriptions.changed(change);
    expect(heard).toEqual([authors[2], 'again', 'again']);
    expect(mesh.inputs.some(({ type }) => type === 'unsubscribe')).toBe(false);
    second.stop();
    expect(mesh.inputs.at(-1)).toEqual({ type: 'unsubscribe', key });
  });

  it('are put, each author its own', async () => {
    const mesh = new Mesh();
    const parts = new PartStore(mesh.operations, new Subscriptions(mesh.operations));
    expect(await parts.put('votes', encode(1), { ttlMs: 5 })).toEqual({ version: 2, copies: 3 });
    expect(mesh.at({ space: 'part', name: 'votes' })).toMatchObject([{ form: 'plain', author: SELF }]);
  });
});
