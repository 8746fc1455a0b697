import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Network, id, ringWithChords } from './network.js';

const [A, B, C] = [id(1), id(2), id(3)] as const;

describe('receipts', () => {
  it('count everyone once, on any mesh', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 3, max: 80 }), (seed, count) => {
        const network = new Network(seed);
        ringWithChords(network, count, seed);
        network.feed(A, { type: 'size', peers: count });
        const { id: messageId } = network.publish(A, 1, { receipts: true });
        network.run();
        expect(network.notices.get(A)).toEqual([
          { type: 'receipts', messageId, expected: count - 1, reached: count - 1 },
        ]);
      }),
      { numRuns: 60 },
    );
  });

  it('end when a link goes, and count what is known', () => {
    const network = new Network();
    network.add(A, B, C);
    network.link(A, B);
    network.link(B, C);
    network.feed(A, { type: 'size', peers: 3 });
    network.publish(A, 1, { receipts: true });
    network.unlink(B, C);
    network.run();
    expect(network.notices.get(A)).toMatchObject([{ type: 'receipts', expected: 2, reached: 1 }]);
  });

  it('end in time when somebody does not answer', () => {
    const network = new Network();
    network.add(A);
    // Nobody is at the other end.
    network.feed(A, { type: 'peerUp', peer: B });
    network.feed(A, { type: 'size', peers: 2 });
    network.publish(A, 1, { receipts: true });
    network.run(9_999);
    expect(network.notices.get(A)).toEqual([]);
    network.run(10_000);
    expect(network.notices.get(A)).toMatchObject([{ type: 'receipts', expected: 1, reached: 0 }]);
  });
});

describe('own messages without a link', () => {
  it.each([
    ['that wait too long', 3, 30_000, [1, 2, 3], 'expired'],
    ['that are too many', 66, 0, [1, 2], 'overflow'],
  ] as const)('%s are reported', (_, count, waitMs, unsent, reason) => {
    const network = new Network();
    network.add(A);
    const ids = Array.from({ length: count }, (__, n) => network.publish(A, n + 1).id);
    network.run(waitMs);
    expect(network.notices.get(A)).toEqual(
      unsent.map((seq) => ({ type: 'messageUnsent', messageId: ids[seq - 1], reason })),
    );
  });
});
