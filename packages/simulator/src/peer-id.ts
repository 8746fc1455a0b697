import { SeededRng, bytesToHex, randomBytes } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { hash } from './hash.js';

/** Draws until an id is free, at most. */
const MAX_DRAWS = 8;

/**
 * The id of the peer that joins as number `index`. It follows from 32 bits, so that among 100,000 peers one or the other
 * draws an id that is taken: it draws again.
 */
export function drawId(seed: number, index: number, isTaken: (id: PeerId) => boolean, prefix = ''): PeerId {
  let id: PeerId = '';
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const tag = draw === 0 ? String(index) : `${index} ${draw}`;
    id = prefix + bytesToHex(randomBytes(new SeededRng(hash(seed, 'id', tag)), 20)).slice(prefix.length);
    if (!isTaken(id)) break;
  }
  return id;
}
