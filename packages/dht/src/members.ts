import type { PeerId } from '@peerpigeon/core';
import type { Calls } from './calls.js';
import type { Context } from './context.js';
import type { Nearest } from './region.js';

/** How many leaf sets are asked for at most to find the members nearest to a key. Two reach over the stretch nearly always. */
const MAX_ROUNDS = 4;

/** Finds the members nearest to a key: from what is known here, or with the word of peers at the end of that. */
export class Members {
  private readonly context: Context;
  private readonly calls: Calls;
  /** Who is being asked, and who waits for it. */
  private readonly asked = new Map<PeerId, (() => void)[]>();

  constructor(context: Context, calls: Calls) {
    this.context = context;
    this.calls = calls;
  }

  /**
   * Calls back with up to `count` members, nearest first, at once where they are known. Not `certain`: the key is so far from
   * here that there may be nearer ones.
   */
  find(
    target: PeerId,
    count: number,
    found: (peers: readonly PeerId[], certain: boolean) => void,
    rounds = MAX_ROUNDS,
  ): void {
    const { peers, ask } = this.look(target, count);
    if (ask === undefined || rounds === 0) found(peers, ask === undefined);
    else this.ask(ask, () => this.find(target, count, found, rounds - 1));
  }

  /** What is known at once. */
  look(target: PeerId, count: number): Nearest {
    return this.context.region.nearest(target, count, this.context.now);
  }

  clear(): void {
    this.asked.clear();
  }

  private ask(peer: PeerId, then: () => void): void {
    const waiting = this.asked.get(peer);
    if (waiting !== undefined) {
      waiting.push(then);
      return;
    }
    this.asked.set(peer, [then]);
    this.calls.ask(
      { peer },
      { type: 'range' },
      {
        done: (reply) => {
          const { region, now } = this.context;
          if (reply?.type === 'members') region.learn(peer, reply, now);
          else region.lose(peer, now);
          const all = this.asked.get(peer) ?? [];
          this.asked.delete(peer);
          for (const go of all) go();
        },
      },
    );
  }
}
