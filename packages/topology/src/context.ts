import type { PeerId, Rng } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Knowledge } from './knowledge.js';
import type { Neighbourhood } from './neighbourhood.js';

/** What all parts of a topology work on. */
export interface Context {
  readonly self: PeerId;
  readonly config: Config;
  readonly rng: Rng;
  readonly knowledge: Knowledge;
  readonly neighbourhood: Neighbourhood;
}
