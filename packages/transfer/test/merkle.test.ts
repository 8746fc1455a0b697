import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { MerkleTree } from '../src/index.js';

const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
};

/** RFC 6962 §2.1, word for word: split at the largest power of two below the number of leaves. */
function rootOf(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0] as Uint8Array);
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return sha256(Uint8Array.of(1), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

it('the root is that of RFC 6962, after every leaf', () => {
  const tree = new MerkleTree();
  const leaves: Uint8Array[] = [];
  for (let n = 0; n < 40; n++) {
    expect(tree.root()).toEqual(rootOf(leaves));
    const leaf = sha256(Uint8Array.of(n));
    leaves.push(leaf);
    tree.add(leaf);
  }
});
