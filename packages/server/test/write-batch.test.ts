import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { PeerPigeonServer } from '../src/index.js';
import { WriteBatch } from '../src/write-batch.js';

/** A stream that notes what reaches the system, one entry for each call. */
class Pipe extends Duplex {
  readonly calls: string[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.calls.push(chunk.toString());
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.calls.push(chunks.map(({ chunk }) => chunk.toString()).join(''));
    done();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('WriteBatch', () => {
  test('what is written within one turn leaves together, of each stream by itself', async () => {
    const batch = new WriteBatch();
    const [one, other] = [new Pipe(), new Pipe()];
    for (const text of ['a', 'b', 'c']) {
      batch.hold(one);
      one.write(text);
    }
    batch.hold(other);
    other.write('d');
    expect([one.calls, other.calls]).toEqual([[], []]);
    await turn();
    expect([one.calls, other.calls]).toEqual([['abc'], ['d']]);
    batch.hold(one);
    one.write('e');
    await turn();
    expect(one.calls).toEqual(['abc', 'e']);
    expect(one.writableCorked).toBe(0);
  });

  test('release lets it leave at once; after that the stream may be held again', async () => {
    const batch = new WriteBatch();
    const pipe = new Pipe();
    batch.hold(pipe);
    pipe.write('a');
    batch.release(pipe);
    expect(pipe.calls).toEqual(['a']);
    batch.release(pipe);
    batch.hold(pipe);
    pipe.write('b');
    await turn();
    expect(pipe.calls).toEqual(['a', 'b']);
    expect(pipe.writableCorked).toBe(0);
  });

  test('a stream that ends or breaks meanwhile does no harm', async () => {
    const batch = new WriteBatch();
    const [ended, broken] = [new Pipe(), new Pipe()];
    for (const pipe of [ended, broken]) {
      batch.hold(pipe);
      pipe.write('a');
    }
    ended.end();
    broken.destroy();
    await turn();
    expect([ended.calls, broken.calls]).toEqual([['a'], []]);
  });
});

test('a burst to one reader counts as backlog only once the turn is over', async () => {
  const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', softBacklog: 1024, hardBacklog: 2048 });
  const { url } = await server.start();
  const [from, to] = ['a'.repeat(40), 'b'.repeat(40)];
  const [sender, receiver] = [from, to].map((id) => new WebSocket(`${url}/?peerId=${id}`)) as [WebSocket, WebSocket];
  await Promise.all([once(sender, 'message'), once(receiver, 'message')]);
  const arrived: unknown[] = [];
  const all = new Promise<void>((resolve) =>
    receiver.on('message', (text: Buffer) => {
      const { type, data } = JSON.parse(text.toString()) as { type: string; data: { index: number } };
      if (type === 'offer' && arrived.push(data.index) === 100) resolve();
    }),
  );
  // Some 60 kB to one socket, many messages within one turn.
  const padding = 'x'.repeat(500);
  for (let index = 0; index < 100; index++) {
    sender.send(JSON.stringify({ type: 'offer', targetPeerId: to, data: { index, padding } }));
  }
  await all;
  expect(arrived).toEqual(Array.from({ length: 100 }, (_, index) => index));
  expect(receiver.readyState).toBe(WebSocket.OPEN);
  for (const socket of [sender, receiver]) socket.terminate();
  await server.stop();
});
