import { SeededRng } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { Backoff } from '../src/backoff.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import type { Config, Settings } from '../src/config.js';
import type { Context } from '../src/context.js';
import type { Purpose } from '../src/input.js';
import { Knowledge } from '../src/knowledge.js';
import { Neighbourhood } from '../src/neighbourhood.js';
import type { Neighbour } from '../src/neighbourhood.js';
import { planFor } from '../src/plan.js';
import type { Plan } from '../src/plan.js';
import { SETTINGS, record } from './network.js';

/** An id of 40 times one digit. */
export const id = (digit: string): PeerId => digit.repeat(40);

/** One peer's memory and links, without the machine around them. */
export class Keeping {
  readonly context: Context;
  readonly settings: Settings;
  now: Millis = 1_000_000;

  constructor(self: PeerId, settings: Partial<Settings> = {}, tuning: Partial<Config> = {}) {
    const config = { ...DEFAULT_CONFIG, ...tuning };
    const knowledge = new Knowledge(self, config);
    knowledge.setOnline(true);
    const rng = new SeededRng(1);
    this.context = { self, config, rng, knowledge, neighbourhood: new Neighbourhood(self) };
    this.settings = { ...SETTINGS, ...settings };
  }

  get plan(): Plan {
    return planFor(this.context, this.settings);
  }

  know(...peers: PeerId[]): void {
    for (const peer of peers) this.context.knowledge.learn(record(peer), this.now, this.now);
  }

  link(peer: PeerId, maxPeers = 3, purpose: Purpose = 'manual'): Neighbour {
    const { neighbourhood, knowledge, rng } = this.context;
    knowledge.learn(record(peer, maxPeers), this.now, this.now);
    neighbourhood.pending.set(peer, { purpose, ours: true, since: this.now });
    neighbourhood.add(peer, record(peer, maxPeers), new Backoff(1, 1, rng));
    this.assign();
    return neighbourhood.links.get(peer) as Neighbour;
  }

  assign(): void {
    this.context.neighbourhood.assign(this.plan, this.context, this.now);
  }

  role(peer: PeerId): string | undefined {
    return this.context.neighbourhood.links.get(peer)?.role;
  }
}
