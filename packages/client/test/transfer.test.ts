import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FileOffer, OpenedStream, PeerPigeonMesh, TransferProgress } from '../src/index.js';
import { tape, URL, World } from './world.js';

let world: World;
afterEach(() => world.close());

/** Two meshes with a link. */
async function two(options = {}): Promise<[PeerPigeonMesh, PeerPigeonMesh, string]> {
  world = new World();
  const [ann, bob] = (await world.full(2, options)) as [PeerPigeonMesh, PeerPigeonMesh];
  return [ann, bob, bob.peerId as string];
}

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => (n * 2_654_435_761) >>> 13);
}

async function read(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of readable as unknown as AsyncIterable<Uint8Array>) parts.push(part);
  return Uint8Array.from(Buffer.concat(parts));
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe('files', () => {
  it('arrive from bytes, a Blob and a stream, into a sink and as a stream, with the same root at both ends', async () => {
    const [ann, bob, to] = await two();
    const bytes = bytesOf(2_500_000);
    const stream = (): ReadableStream<Uint8Array> => new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    const contents = [
      bytes,
      bytes.slice().buffer,
      new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'text/plain' }),
      stream(),
    ];
    const offers: FileOffer[] = [];
    const arrived: Promise<Uint8Array>[] = [];
    const roots: Promise<string>[] = [];
    bob.on('fileOffered', (offer) => {
      offers.push(offer);
      if (offers.length % 2 === 0) {
        const file = offer.accept();
        roots.push(file.done.then(({ root }) => root));
        arrived.push(read(file.readable));
        return;
      }
      const parts: Uint8Array[] = [];
      const sink = new WritableStream<Uint8Array>({ write: (part) => void parts.push(part) });
      const { done } = offer.accept(sink);
      roots.push(done.then(({ root }) => root));
      arrived.push(done.then(() => Uint8Array.from(Buffer.concat(parts))));
    });
    const sent = contents.map((content) => ann.sendFile(to, content as Blob, { name: 'coo.bin' }));
    const results = await Promise.all(sent.map(({ done }) => done));
    expect((await Promise.all(arrived)).map((each) => same(each, bytes))).toEqual([true, true, true, true]);
    expect(new Set([...results.map(({ root }) => root), ...(await Promise.all(roots))]).size).toBe(1);
    expect(results[0]).toMatchObject({ size: bytes.length, root: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(offers.map(({ name, size, from }) => [name, size, from === ann.peerId])).toEqual([
      ['coo.bin', bytes.length, true],
      ['coo.bin', bytes.length, true],
      ['coo.bin', bytes.length, true],
      ['coo.bin', null, true],
    ]);
    expect(offers.map(({ type }) => type)).toEqual(['', '', 'text/plain', '']);
  });

  it('show their progress at both ends', async () => {
    const [ann, bob, to] = await two();
    const [there, here]: TransferProgress[][] = [[], []];
    // Three times what may be under way: so the sender hears of it in between, however busy the machine.
    const size = 13_000_000;
    bob.on('fileOffered', (offer) => offer.accept(new WritableStream(), { onProgress: (at) => there?.push(at) }));
    await ann.sendFile(to, bytesOf(size), { onProgress: (at) => here?.push(at) }).done;
    for (const steps of [there, here] as TransferProgress[][]) {
      expect(steps.length).toBeGreaterThan(2);
      expect(steps.at(-1)).toEqual({ bytes: size, size });
      expect(steps.map(({ bytes }) => bytes)).toEqual(steps.map(({ bytes }) => bytes).sort((a, b) => a - b));
    }
  });

  it('are rejected, with a reason; without a listener at once', async () => {
    const [ann, bob, to] = await two();
    await expect(ann.sendFile(to, bytesOf(5)).done).rejects.toMatchObject({ code: 'REFUSED' });
    bob.on('fileOffered', (offer) => offer.reject('no room'));
    await expect(ann.sendFile(to, bytesOf(5)).done).rejects.toMatchObject({
      code: 'REFUSED',
      details: { reason: 'rejected', text: 'no room', by: 'remote' },
    });
  });

  it('are cancelled by the sender, its signal, the receiver, a reader that wants no more, and a sink that fails', async () => {
    const [ann, bob, to] = await two();
    const big = bytesOf(30_000_000);
    const ways: ((offer: FileOffer) => void)[] = [];
    bob.on('fileOffered', (offer) => ways.shift()?.(offer));
    const slow = (): WritableStream<Uint8Array> => new WritableStream({ write: () => new Promise(() => {}) });

    const ends: Promise<unknown>[] = [];
    ways.push((offer) => ends.push(offer.accept(slow()).done.catch((error: unknown) => error)));
    const first = ann.sendFile(to, big);
    await vi.waitUntil(() => ends.length === 1);
    first.cancel('changed my mind');
    await expect(first.done).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await ends[0]).toMatchObject({ code: 'ABORTED', details: { text: 'changed my mind', by: 'remote' } });

    ways.push((offer) => offer.accept(slow()));
    const controller = new AbortController();
    const second = ann.sendFile(to, big, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(second.done).rejects.toMatchObject({ code: 'ABORTED' });

    ways.push((offer) => offer.accept(slow()).cancel('enough'));
    await expect(ann.sendFile(to, big).done).rejects.toMatchObject({ code: 'ABORTED', details: { text: 'enough' } });

    ways.push((offer) => void offer.accept().readable.cancel());
    await expect(ann.sendFile(to, big).done).rejects.toMatchObject({ code: 'ABORTED' });

    const full = new WritableStream<Uint8Array>({ write: () => Promise.reject(new Error('disk full')) });
    ways.push((offer) => offer.accept(full));
    await expect(ann.sendFile(to, big).done).rejects.toMatchObject({
      code: 'TRANSFER_FAILED',
      details: { reason: 'sink', text: 'Error: disk full' },
    });
  });

  it('whose source fails, fail at both ends', async () => {
    const [ann, bob, to] = await two();
    let there: Promise<unknown> | undefined;
    bob.on('fileOffered', (offer) => {
      there = read(offer.accept().readable).catch((error: unknown) => error);
    });
    const source = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('gone')) });
    await expect(ann.sendFile(to, source).done).rejects.toMatchObject({ code: 'TRANSFER_FAILED' });
    await vi.waitUntil(() => there !== undefined);
    expect(await there).toMatchObject({ code: 'TRANSFER_FAILED', details: { reason: 'source' } });
  });

  it('go on where they were when the link was lost', async () => {
    const [ann, bob, to] = await two();
    const bytes = bytesOf(12_000_000);
    let arrived: Promise<Uint8Array> | undefined;
    bob.on('fileOffered', (offer) => {
      arrived = read(offer.accept().readable);
    });
    let cut = false;
    const onProgress = (): void => {
      if (!cut) world.links.cut();
      cut = true;
    };
    await ann.sendFile(to, bytes, { onProgress }).done;
    expect(cut).toBe(true);
    expect(same((await arrived) as Uint8Array, bytes)).toBe(true);
  });

  it('end when either side disconnects', async () => {
    const [ann, bob, to] = await two();
    bob.on('fileOffered', (offer) => offer.accept(new WritableStream({ write: () => new Promise(() => {}) })));
    const { done } = ann.sendFile(to, bytesOf(30_000_000), { onProgress: () => bob.disconnect() });
    await expect(done).rejects.toMatchObject({ code: 'PEER_LEFT' });
    await bob.connect(URL);
    await vi.waitUntil(() => ann.hasPeer(to), { timeout: 10_000 });
    const again = ann.sendFile(to, bytesOf(30_000_000), { onProgress: () => ann.disconnect() });
    await expect(again.done).rejects.toMatchObject({ code: 'DISCONNECTED' });
  });

  it('need correct arguments, a connected mesh, and their code', async () => {
    const [ann, , to] = await two();
    expect(() => ann.sendFile(to, 'text' as unknown as Blob)).toThrow(TypeError);
    expect(() => ann.sendFile(to, bytesOf(1), { name: 'x'.repeat(256) })).toThrow(RangeError);
    expect(() => ann.sendFile(ann.peerId as string, bytesOf(1))).toThrow(RangeError);
    const without = world.mesh({ transfer: false });
    expect(() => without.sendFile(to, bytesOf(1))).toThrow(expect.objectContaining({ code: 'NOT_INITIALIZED' }));
    await without.connect(URL);
    expect(() => without.sendFile(to, bytesOf(1))).toThrow(expect.objectContaining({ code: 'NOT_AVAILABLE' }));
    expect(() => without.openStream(to, { name: 'a' })).toThrow(expect.objectContaining({ code: 'NOT_AVAILABLE' }));
    expect(() => without.sendDirectMessage(to, new Uint8Array(70_000))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }),
    );
  });
});

describe('streams', () => {
  it('give what is written, as it comes, and end when it ends', async () => {
    const [ann, bob, to] = await two();
    const opened = new Promise<OpenedStream>((resolve) => bob.on('streamOpened', resolve));
    const { writable, transfer } = ann.openStream(to, { name: 'log' });
    const writer = writable.getWriter();
    void writer.write(Uint8Array.of(1, 2, 3));
    const { name, from, readable } = await opened;
    expect([name, from]).toEqual(['log', ann.peerId]);
    const reader = readable.getReader();
    expect(await reader.read()).toEqual({ done: false, value: Uint8Array.of(1, 2, 3) });
    void writer.write(Uint8Array.of(4));
    expect(await reader.read()).toEqual({ done: false, value: Uint8Array.of(4) });
    void writer.close();
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    expect(await transfer.done).toMatchObject({ size: 4 });
  });

  it('hold their writer up when nobody reads', async () => {
    const [ann, bob, to] = await two();
    const opened = new Promise<OpenedStream>((resolve) => bob.on('streamOpened', resolve));
    const writer = ann.openStream(to, { name: 'much' }).writable.getWriter();
    let written = 0;
    const writing = (async () => {
      for (let n = 0; n < 40; n++) {
        await writer.write(new Uint8Array(500_000));
        written++;
      }
      await writer.close();
    })();
    const { readable } = await opened;
    await vi.waitUntil(() => written >= 8);
    await new Promise((resolve) => setImmediate(resolve));
    // 4 MiB of credit, 2 MiB that are hashed ahead, and what the two ends of the stream hold.
    expect(written * 500_000).toBeLessThan(9_000_000);
    expect((await read(readable)).length).toBe(20_000_000);
    await writing;
  });
});

describe('large direct messages', () => {
  it('arrive as any other, and are reported so', async () => {
    const [ann, bob, to] = await two();
    const received = tape(bob, 'messageReceived');
    const delivered = tape(ann, 'messageDelivered');
    const content = { text: 'coo'.repeat(100_000), bytes: bytesOf(1_500_000) };
    const id = ann.sendDirectMessage(to, content);
    await vi.waitUntil(() => delivered.length === 1, { timeout: 10_000 });
    expect(delivered).toMatchObject([{ messageId: id, peerId: to, hops: 1, late: false }]);
    expect(received).toMatchObject([{ messageId: id, from: ann.peerId, direct: true, hops: 1, path: [ann.peerId] }]);
    const got = received[0]?.content as typeof content;
    expect(got.text === content.text && same(got.bytes, content.bytes)).toBe(true);
    await expect(ann.send(to, content)).resolves.toMatchObject({ hops: 1 });
  });

  it('fail above the cap of either side, and when they are aborted', async () => {
    world = new World();
    const [ann, bob] = [world.mesh(), world.mesh({ maxMessageBytes: 100_000 })];
    await ann.connect(URL);
    await bob.connect(URL);
    await vi.waitUntil(() => ann.hasPeer(bob.peerId as string), { timeout: 10_000 });
    const to = bob.peerId as string;
    expect(() => bob.sendDirectMessage(ann.peerId as string, new Uint8Array(100_001))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_TOO_LARGE', details: { maxBytes: 100_000, got: 100_005 } }),
    );
    const failed = tape(ann, 'messageFailed');
    const id = ann.sendDirectMessage(to, new Uint8Array(200_000));
    await vi.waitUntil(() => failed.length === 1);
    expect(failed).toEqual([{ messageId: id, peerId: to, reason: 'tooLarge' }]);
    await expect(ann.send(to, new Uint8Array(200_000))).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    const controller = new AbortController();
    const sending = ann.send(to, new Uint8Array(90_000), { signal: controller.signal });
    controller.abort();
    await expect(sending).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
