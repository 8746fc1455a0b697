import { jitter } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Context } from './context.js';
import type { Route } from './route.js';

/** Peers asked at once, at most: two sides, and some that are slow to answer. */
export const MAX_ASKED = 16;
/** Of the nearest peers on a side, so many are asked in turn: one that does not answer must not block the search. */
const TURNS = 3;

/** Whom to ask what it knows, and over which way; without a way it is a neighbour. */
export interface Ask {
  readonly peer: PeerId;
  readonly route: Route | undefined;
}

/**
 * The search for ring neighbours while the ring is open: again and again it asks the nearest peer on each side that a
 * route leads to, and one neighbour, who they know near us. Each answer leads nearer (T-Man, Jelasity & Babaoglu 2005), so
 * that a ring comes about wherever there are links, without the server.
 */
export class Repair {
  private readonly context: Context;
  /** Who was asked and has not answered, and until when it may. */
  private readonly asked = new Map<PeerId, Millis>();
  private at: Millis = 0;
  /** Until when the search goes on: some time after the last change. */
  private until: Millis = 0;
  private turn = 0;

  constructor(context: Context) {
    this.context = context;
  }

  get size(): number {
    return this.asked.size;
  }

  clear(): void {
    this.asked.clear();
    this.at = this.until = 0;
  }

  /** The ring is open, or has just changed. With the server, which sees both sides of a gap, two more rounds are enough. */
  hasten(online: boolean, now: Millis): void {
    const { repairMs, repairTailMs } = this.context.config;
    this.until = now + (online ? 2 * repairMs : repairTailMs);
  }

  /** A peer is there after all. */
  heard(peer: PeerId): void {
    this.asked.delete(peer);
  }

  /** Whom to ask now. Takes note of those that have not answered; @returns them too, and when to look again */
  review(now: Millis): { readonly asks: readonly Ask[]; readonly next: Millis } {
    const { knowledge, config, rng } = this.context;
    for (const [peer, deadline] of this.asked) {
      if (deadline > now) continue;
      this.asked.delete(peer);
      // With the server up it may be there all the same; only this way to it is none.
      knowledge.unroute(peer, now);
    }
    if (now >= this.until) return { asks: [], next: this.nextDeadline() };
    if (now < this.at) return { asks: [], next: Math.min(this.at, this.nextDeadline()) };
    this.at = now + jitter(rng, config.repairMs, 0.2);
    this.turn++;
    const asks: Ask[] = [];
    for (const direction of [1, -1] as const) {
      const ask = this.nearest(direction);
      if (ask === undefined || asks.some(({ peer }) => peer === ask.peer)) continue;
      asks.push(ask);
      this.asked.set(ask.peer, now + answerMs(config, ask.route ?? []));
    }
    const links = [...this.context.neighbourhood.links.keys()];
    const link = links[this.turn % links.length];
    if (link !== undefined) asks.push({ peer: link, route: undefined });
    return { asks, next: Math.min(this.at, this.nextDeadline()) };
  }

  /** One of the nearest peers on a side that are no neighbours and that a route leads to. */
  private nearest(direction: 1 | -1): Ask | undefined {
    if (this.asked.size >= MAX_ASKED) return undefined;
    const { knowledge, config } = this.context;
    const candidates: Ask[] = [];
    for (const peer of knowledge.side(direction, 2 * config.leafSetSize)) {
      const route = knowledge.get(peer)?.route;
      if (route === undefined || route.length === 0 || this.asked.has(peer)) continue;
      candidates.push({ peer, route });
      if (candidates.length === TURNS) break;
    }
    return candidates[this.turn % Math.max(1, candidates.length)];
  }

  private nextDeadline(): Millis {
    return Math.min(Infinity, ...this.asked.values());
  }
}

/** How long an answer over a route may take. */
export function answerMs({ answerMs: base, answerMsPerHop, maxAnswerMs }: Config, route: Route): Millis {
  return Math.min(maxAnswerMs, base + answerMsPerHop * route.length);
}
