import { describe, expect, it } from 'vitest';
import { DEFAULTS, Routing } from '../src/index.js';
import type { Input, Message, NackReason, Options, Output } from '../src/index.js';
import { anyRng, envelopeOf, id, Network, NETWORK } from './network.js';

const [A, B, C] = [id(1), id(2), id(3)] as const;

/** The machine of A, linked with B, and what it tells. */
function author(options: Partial<Options> = {}) {
  const machine = new Routing({ peerId: A, network: NETWORK, rng: anyRng, ...options });
  const feed = (input: Input, now = 0): Output[] => {
    const out: Output[] = [];
    machine.handle(input, now, out);
    return out;
  };
  feed({ type: 'peerUp', peer: B });
  const envelope = envelopeOf(A, C);
  const told = (out: readonly Output[]) => out.flatMap((output) => (output.type === 'event' ? [output.event] : []));
  const copies = (out: readonly Output[]) => out.filter(({ type }) => type === 'send');
  const receive = (message: Message, now: number) => told(feed({ type: 'received', from: B, message }, now));
  const ack = (now: number) =>
    receive({ type: 'ack', messageId: envelope.id, from: C, to: A, route: [], ttl: 9, hops: 120 }, now);
  const nack = (reason: NackReason, from = B, now = 50) =>
    receive({ type: 'nack', messageId: envelope.id, from, to: A, route: [], ttl: 9, reason }, now);
  const timer: Input = { type: 'timer', timer: { type: 'pending', messageId: envelope.id } };
  return { machine, feed, envelope, told, copies, ack, nack, timer };
}

const failure = (reason: string) => [{ type: 'failed', messageId: envelopeOf(A, C).id, to: C, reason }];

describe('a late acknowledgement', () => {
  it('S14: makes a message that had failed delivered, once, for minutes', () => {
    const { feed, envelope, told, timer, ack } = author();
    feed({ type: 'route', envelope });
    expect(told(feed(timer, 10_000))).toEqual(failure('timeout'));
    expect(ack(14_000)).toEqual([
      { type: 'delivered', messageId: envelope.id, to: C, hops: 120, roundTripMs: 14_000, late: true },
    ]);
    expect(ack(15_000)).toEqual([]);
  });

  it('of somebody else, or after minutes, counts for nothing; what is remembered is bounded', () => {
    const { machine, feed, envelope, timer, ack } = author({ maxFailed: 1 });
    feed({ type: 'route', envelope });
    feed(timer, 10_000);
    expect(machine.mapSizes['routingFailed']).toEqual({ size: 1, cap: 1 });
    const message: Message = { type: 'ack', messageId: envelope.id, from: B, to: A, route: [], ttl: 9, hops: 1 };
    expect(feed({ type: 'received', from: B, message }, 11_000)).toEqual([]);
    expect(ack(10_000 + DEFAULTS.lateMs)).toEqual([]);
    expect(machine.counters.stray).toBe(2);
  });

  it('S14: over a way of 150 links, twice as long as the patience, a message is not reported failed for good', () => {
    const network = new Network(3);
    const ids = Array.from({ length: 151 }, (_, n) => id(n + 1));
    network.add(...ids);
    for (let n = 0; n < 150; n++) network.link(id(n + 1), id(n + 2));
    network.route(id(1), id(151));
    network.run();
    expect(network.take(id(151))).toMatchObject([{ type: 'message', hops: 150 }]);
    expect(network.take(id(1))).toMatchObject([
      { type: 'failed', reason: 'timeout' },
      { type: 'delivered', hops: 150, late: true },
    ]);
  });
});

describe('a message that is given up', () => {
  it('has failed as aborted, and is not sent again', () => {
    const { feed, envelope, told, copies, timer, ack } = author();
    feed({ type: 'route', envelope });
    expect(told(feed({ type: 'abort', messageId: envelope.id }, 100))).toEqual(failure('aborted'));
    for (const at of [500, 2_500, 5_000, 10_000]) {
      expect(copies(feed(timer, at))).toEqual([]);
      expect(copies(feed({ type: 'timer', timer: { type: 'custody' } }, at))).toEqual([]);
    }
    expect(copies(feed({ type: 'peerUp', peer: C }, 10_001))).toEqual([]);
    expect(ack(10_002)).toMatchObject([{ type: 'delivered', late: true }]);
    expect(feed({ type: 'abort', messageId: envelope.id }, 10_003)).toEqual([]);
  });

  it('before it was sent: nothing of it is left', () => {
    const { machine, feed, envelope, told, copies } = author();
    feed({ type: 'peerDown', peer: B });
    expect(copies(feed({ type: 'route', envelope }))).toEqual([]);
    expect(told(feed({ type: 'abort', messageId: envelope.id }))).toEqual(failure('aborted'));
    expect(copies(feed({ type: 'peerUp', peer: B }))).toEqual([]);
    expect(machine.pendingSize).toBe(0);
    expect(machine.mapSizes['routingFailed']?.size).toBe(0);
  });
});

describe('a time of its own', () => {
  it.each([800, 60_000])('of %i ms is what a message waits', (timeoutMs) => {
    const network = new Network();
    network.add(A, B);
    network.feed(A, { type: 'route', envelope: envelopeOf(A, B), timeoutMs });
    network.run(timeoutMs - 1);
    expect(network.take(A)).toEqual([]);
    network.run(timeoutMs);
    expect(network.take(A)).toMatchObject([{ type: 'failed', reason: 'unreachable' }]);
  });

  it('a long one has it sent again, twice as late each time', () => {
    const { feed, envelope, copies, timer } = author({ custody: { ...DEFAULTS.custody, maxCopies: 0 } });
    feed({ type: 'route', envelope, timeoutMs: 60_000 });
    const sentAt: number[] = [];
    for (let at = 500; at < 60_000; at += 500) if (copies(feed(timer, at)).length > 0) sentAt.push(at);
    expect(sentAt).toEqual([4_000, 8_000, 16_000, 32_000]);
  });
});

describe('why a message fails', () => {
  it('left: its receiver said goodbye, as a relay says', () => {
    const { feed, envelope, nack } = author();
    feed({ type: 'route', envelope });
    expect(nack('left')).toEqual(failure('left'));
  });

  it('left: as we know ourselves; once it is linked again it is here', () => {
    const { feed, envelope, told, nack, timer } = author();
    feed({ type: 'departed', peer: C });
    feed({ type: 'route', envelope });
    expect(nack('unreachable')).toEqual(failure('left'));
    feed({ type: 'route', envelope });
    expect(told(feed(timer, 10_000))).toEqual(failure('left'));
    feed({ type: 'peerUp', peer: C }, 10_001);
    feed({ type: 'peerDown', peer: C }, 10_002);
    feed({ type: 'route', envelope }, 10_003);
    expect(told(feed(timer, 30_000))).toEqual(failure('timeout'));
  });

  it('left: in a mesh, at once, whoever asks', () => {
    const network = new Network();
    for (let n = 1; n <= 5; n++) network.add(id(n));
    for (let n = 1; n < 5; n++) network.link(id(n), id(n + 1));
    network.unlink(id(4), id(5));
    network.feed(id(4), { type: 'departed', peer: id(5) });
    network.route(id(1), id(5));
    network.run(1_000);
    expect(network.take(id(1))).toMatchObject([{ type: 'failed', reason: 'left' }]);
  });

  it('refused: by the receiver, and by nobody else', () => {
    const { feed, envelope, nack } = author();
    feed({ type: 'route', envelope });
    expect(nack('refused', B)).toEqual([]);
    expect(nack('refused', C)).toEqual(failure('refused'));
  });

  it('tooLarge: for a frame, at its author or with the path that it has gone', () => {
    const { feed, envelope, told, nack } = author({ maxFrameBytes: 400 });
    feed({ type: 'route', envelope });
    expect(nack('too-large')).toEqual(failure('tooLarge'));
    const small = author({ maxFrameBytes: 200 });
    expect(told(small.feed({ type: 'route', envelope }))).toEqual(failure('tooLarge'));
    const network = new Network(1, { maxFrameBytes: envelope.bytes.length + 200 });
    for (let n = 1; n <= 9; n++) network.add(id(n));
    for (let n = 1; n < 9; n++) network.link(id(n), id(n + 1));
    network.route(id(1), id(9));
    network.run();
    expect(network.take(id(1))).toMatchObject([{ type: 'failed', reason: 'tooLarge' }]);
    expect(network.violations).toEqual([]);
    network.route(id(1), id(3));
    network.run();
    expect(network.take(id(1))).toMatchObject([{ type: 'delivered' }]);
  });

  it.each([0, 65, 2.5])('S14: maxAttempts %d is a RangeError', (maxAttempts) => {
    expect(() => author({ maxAttempts })).toThrow(RangeError);
  });
});

describe('a receiver whose link is silent', () => {
  const pair = (): Network => {
    const network = new Network();
    network.add(A, B);
    network.link(A, B);
    network.lose = () => true;
    return network;
  };
  const route = (network: Network, timeoutMs?: number): void =>
    network.feed(A, { type: 'route', envelope: envelopeOf(A, B), ...(timeoutMs !== undefined && { timeoutMs }) });

  it('S14: is waited for until the link is heard of again, beyond the usual timeout', () => {
    const network = pair();
    route(network);
    network.run(3_500);
    network.feed(A, { type: 'suspect', peer: B });
    network.run(25_000);
    expect(network.take(A)).toEqual([]);
    // A reliable transport brings what was given to it.
    const message = network.sent.find(({ from }) => from === A)?.message as Message;
    network.lose = () => false;
    network.feed(A, { type: 'recovered', peer: B });
    network.deliverLater(A, B, message, 10);
    network.run(26_000);
    expect(network.take(A)).toMatchObject([{ type: 'delivered', late: false }]);
    expect(network.take(B)).toMatchObject([{ type: 'message' }]);
  });

  it('is waited for a little longer once that link is given up: the same peer gets a new one', () => {
    const network = pair();
    route(network);
    network.run(3_500);
    network.feed(A, { type: 'suspect', peer: B });
    network.run(18_000);
    network.unlink(A, B);
    network.run(20_000);
    network.lose = () => false;
    network.link(A, B);
    network.run(22_000);
    expect(network.take(A)).toMatchObject([{ type: 'delivered', late: false }]);
    expect(network.take(B)).toHaveLength(1);
  });

  it('is not waited for without end, nor once it has left, nor longer than the message may take', () => {
    const failedAt = (act: (network: Network) => void, timeoutMs?: number): number => {
      const network = pair();
      route(network, timeoutMs);
      network.feed(A, { type: 'suspect', peer: B });
      act(network);
      for (let at = 1_000; at <= 60_000; at += 1_000) {
        network.run(at);
        if (network.take(A).some(({ type }) => type === 'failed')) return at;
      }
      return Infinity;
    };
    expect(failedAt(() => undefined)).toBe(DEFAULTS.direct.silentTimeoutMs);
    expect(failedAt(() => undefined, 2_000)).toBe(2_000);
    expect(
      failedAt((network) => {
        network.run(15_000);
        network.feed(A, { type: 'departed', peer: B });
        network.unlink(A, B);
      }),
    ).toBeLessThanOrEqual(17_000);
    expect(failedAt((network) => network.feed(A, { type: 'recovered', peer: B }))).toBe(DEFAULTS.direct.ackTimeoutMs);
  });
});
