import type { PeerId } from '@peerpigeon/core';
import { LiveMesh } from '../src/live-mesh.js';
import type { Member } from '../src/live-mesh.js';
import type { PeerState } from '../src/peer.js';

/** A member whose machine says what a test makes it say. */
export interface HandMade extends Member {
  state: PeerState;
  tunnels: PeerId[];
  links: { peer: PeerId; degraded?: boolean }[];
  maps: Record<string, { size: number; cap: number }>;
}

/** Members named by their ids, in this order of joining, all of them up; `maxPeers` 3 unless said. */
export function handMade(
  ids: string,
  maxPeers: Record<string, number> = {},
): { mesh: LiveMesh; of: (id: string) => HandMade } {
  const mesh = new LiveMesh();
  const members = new Map<string, HandMade>();
  Array.from(ids).forEach((id, index) => {
    const said: Pick<HandMade, 'tunnels' | 'links' | 'maps'> = { tunnels: [], links: [], maps: {} };
    const report = { links: () => said.links, tunnels: () => said.tunnels, mapSizes: () => said.maps };
    const member: HandMade = Object.assign(said, {
      id,
      index,
      maxPeers: maxPeers[id] ?? 3,
      state: 'up' as const,
      machine: { report },
    });
    members.set(id, member);
    mesh.add(member);
  });
  const of = (id: string): HandMade => {
    const member = members.get(id);
    if (member === undefined) throw new RangeError(`nobody is called ${id}`);
    return member;
  };
  return { mesh, of };
}
