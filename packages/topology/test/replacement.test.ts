import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeededRng, below } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { calculateXorDistance } from '@peerpigeon/xor';
import { xorPolicy } from '../src/index.js';
import type { Policy } from '../src/index.js';
import { worseThan } from '../src/replacement.js';
import { Keeping } from './keeping.js';
import { TopologyNetwork } from './network.js';
import { ids } from './policy-suite.js';

const nearOnly: Policy = { ...xorPolicy, slots: (maxPeers) => ({ ring: 0, random: 0, finger: 0, near: maxPeers }) };

/** Peers that replace near links by the rule, all moves at once: whoever comes is ready when the worst goes. */
class Pairs {
  readonly peers: Map<PeerId, Keeping>;
  moves = 0;

  constructor(peers: readonly PeerId[], caps: readonly number[]) {
    this.peers = new Map(
      peers.map((peer, i) => [peer, new Keeping(peer, { maxPeers: caps[i] as number }, { policy: nearOnly })]),
    );
  }

  /** Links two peers if both have room or would replace a worse one. */
  propose(a: PeerId, b: PeerId): boolean {
    const ends = [
      [a, b],
      [b, a],
    ] as const;
    if (this.neighbourhood(a).links.has(b) || !ends.every(([self, peer]) => this.accepts(self, peer))) return false;
    for (const [self, peer] of ends) {
      const worst = this.full(self) ? worseThan(self, peer, this.neighbourhood(self), nearOnly) : undefined;
      if (worst === undefined) continue;
      this.neighbourhood(self).links.delete(worst.peer);
      this.neighbourhood(worst.peer).links.delete(self);
    }
    for (const [self, peer] of ends) this.at(self).link(peer);
    this.moves++;
    return true;
  }

  /** All lengths, shortest first; it falls in lexicographic order, absent ones being the longest. */
  lengths(): bigint[] {
    const all = [...this.peers.keys()].flatMap((self) =>
      [...this.neighbourhood(self).links.keys()]
        .filter((peer) => self < peer)
        .map((peer) => calculateXorDistance(self, peer)),
    );
    return all.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  at(self: PeerId): Keeping {
    return this.peers.get(self) as Keeping;
  }

  private neighbourhood(self: PeerId): Keeping['context']['neighbourhood'] {
    return this.at(self).context.neighbourhood;
  }

  private full(self: PeerId): boolean {
    return this.neighbourhood(self).links.size >= this.at(self).settings.maxPeers;
  }

  private accepts(self: PeerId, peer: PeerId): boolean {
    return !this.full(self) || worseThan(self, peer, this.neighbourhood(self), nearOnly) !== undefined;
  }
}

test('S102, S105: replacement ends, for any ids, caps and order of moves, and each move shortens', () => {
  fc.assert(
    fc.property(
      ids(4, 10),
      fc.array(fc.integer({ min: 2, max: 4 }), { minLength: 10 }),
      fc.integer(),
      (peers, caps, seed) => {
        const pairs = new Pairs(peers, caps);
        const rng = new SeededRng(seed);
        let before = pairs.lengths();
        // Each pair can come about once for each pair that is worse: far below this bound.
        for (let idle = 0; idle < 400;) {
          const a = peers[below(rng, peers.length)] as PeerId;
          const b = peers[below(rng, peers.length)] as PeerId;
          if (a === b || !pairs.propose(a, b)) {
            idle++;
            continue;
          }
          idle = 0;
          const after = pairs.lengths();
          const first = after.findIndex((length, i) => length !== before[i]);
          expect(first).toBeGreaterThanOrEqual(0);
          const former = before[first];
          expect(former === undefined || (after[first] as bigint) < former).toBe(true);
          before = after;
          expect(pairs.moves).toBeLessThan(1_000);
        }
        for (const { context, settings } of pairs.peers.values()) {
          expect(context.neighbourhood.links.size).toBeLessThanOrEqual(settings.maxPeers);
        }
      },
    ),
    { numRuns: 40 },
  );
});

test.each([8, 12])(
  'S102, S105: at maxPeers %i replacement brings near links, and a settled mesh evicts nobody',
  (maxPeers) => {
    for (const seed of [5, 8]) {
      const network = new TopologyNetwork(seed, { maxPeers });
      for (let i = 0; i < 60; i++) {
        network.join();
        network.run(100);
      }
      // Better ones are looked for ever more rarely, the last some minutes after the last joining.
      network.run(600_000);
      const before = network.hangups.length;
      network.run(600_000);
      expect(network.hangups.length).toBe(before);
      expect(network.components()).toBe(1);
      expect(network.ringErrors()).toBe(0);
    }
  },
);
