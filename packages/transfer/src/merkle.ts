import { concatBytes } from '@peerpigeon/core';
import { hash as sha256 } from '@stablelib/sha256';

/** RFC 6962 §2.1: what is hashed for a leaf begins with 0, for a node with 1, so that neither passes for the other. */
const LEAF = 0;
const NODE = 1;

/**
 * The root of a Merkle tree (RFC 6962 §2.1) whose leaves are the SHA-256 of blocks, built as they come: it holds as many
 * hashes as the number of blocks has digits in base 2.
 */
export class MerkleTree {
  /** Roots of full subtrees, the largest first, each with its number of leaves. */
  private readonly peaks: { readonly leaves: number; readonly hash: Uint8Array }[] = [];

  /** Adds the hash of the next block. */
  add(blockHash: Uint8Array): void {
    this.peaks.push({ leaves: 1, hash: sha256(concatBytes(Uint8Array.of(LEAF), blockHash)) });
    for (let last = this.peaks.length - 1; last > 0; last--) {
      const [left, right] = [this.peaks[last - 1], this.peaks[last]];
      if (left === undefined || right === undefined || left.leaves !== right.leaves) return;
      this.peaks.splice(last - 1, 2, { leaves: 2 * left.leaves, hash: parent(left.hash, right.hash) });
    }
  }

  /** The root over all blocks so far; of none the SHA-256 of nothing. */
  root(): Uint8Array {
    const [last, ...rest] = this.peaks.map(({ hash }) => hash).reverse();
    if (last === undefined) return sha256(new Uint8Array(0));
    return rest.reduce((right, left) => parent(left, right), last);
  }
}

function parent(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(NODE), left, right));
}
