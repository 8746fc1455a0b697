// Why XOR-nearest links alone are no mesh: "keep the nearest, evict the farthest for a nearer one" comes to rest in one
// state whatever the order of joining, since distances are symmetric: the links that are made when all pairs are taken by
// ascending distance and linked where both ends have a slot left. This prints in how many islands that state leaves a mesh.

import { createHash } from 'node:crypto';
import { calculateXorDistance } from '@peerpigeon/xor';

const MESHES = 100;
const CASES = [
  { peers: 10, maxPeers: 3 },
  { peers: 30, maxPeers: 3 },
  { peers: 100, maxPeers: 3 },
  { peers: 1_000, maxPeers: 3, meshes: 1 },
  { peers: 1_000, maxPeers: 8, meshes: 1 },
];

/** How many islands the rule leaves of random peers. */
function islands(peers, maxPeers, seed) {
  const ids = Array.from({ length: peers }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest('hex'));
  const pairs = [];
  for (let a = 0; a < peers; a++) {
    // 52 bits tell any two distances apart here, and fit a number.
    for (let b = 0; b < a; b++)
      pairs.push([Number(calculateXorDistance(ids[a].slice(0, 12), ids[b].slice(0, 12))), a, b]);
  }
  pairs.sort((x, y) => x[0] - y[0]);
  const links = Array.from({ length: peers }, () => 0);
  const island = Array.from({ length: peers }, (_, i) => i);
  const find = (i) => (island[i] === i ? i : (island[i] = find(island[i])));
  for (const [, a, b] of pairs) {
    if (links[a] === maxPeers || links[b] === maxPeers) continue;
    links[a] += 1;
    links[b] += 1;
    island[find(a)] = find(b);
  }
  return island.filter((parent, i) => parent === i).length;
}

for (const { peers, maxPeers, meshes = MESHES } of CASES) {
  const counts = Array.from({ length: meshes }, (_, seed) => islands(peers, maxPeers, seed)).sort((a, b) => a - b);
  const split = counts.filter((count) => count > 1).length;
  const of = `${split} of ${meshes} ${meshes === 1 ? 'mesh' : 'meshes'} split`;
  console.log(`${peers} peers at maxPeers ${maxPeers}: ${of}, ${counts[meshes >> 1]} islands in the median`);
}
