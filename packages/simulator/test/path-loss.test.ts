import type { Event } from '@peerpigeon/mesh';
import { expect, test } from 'vitest';
import { createNetwork } from '../src/stack.js';

test('S101: what one direction of a link loses comes back by an ICE restart, and the link stays the same', () => {
  const network = createNetwork({ seed: 5 });
  const told: string[] = [];
  const onEvent = ({ type }: Event): void => void told.push(type);
  // Two alone: among more the topology would give the silent link's role to others meanwhile.
  const [a, b] = [network.join({ onEvent }), network.join({ onEvent })];
  network.run(40_000);
  const { opened } = network.links;
  told.length = 0;
  network.halfOpen(a, b);
  a.sendDirect(b.id, Uint8Array.of(1));
  network.run(12_000);
  expect(told).toContain('peerReconnecting');
  expect(told.filter((type) => type === 'peerDegraded').length).toBe(
    told.filter((type) => type === 'peerRecovered').length,
  );
  expect(told).not.toContain('peerDisconnected');
  expect(told).toContain('messageDelivered');
  expect(network.links).toEqual({ opened, closed: 0 });
});
