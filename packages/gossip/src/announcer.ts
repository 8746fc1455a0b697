import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import { MAX_IDS, MAX_TOLD_HOPS } from './message.js';
import type { Output } from './output.js';
import type { Recent, ShortId } from './recent.js';

/** Announcements that wait for others over the same link: at most one message full of them for each. */
export class Announcer {
  private readonly waiting = new Map<PeerId, ShortId[]>();
  private readonly config: Pick<Config, 'announceMs'>;
  private readonly recent: Recent;
  private due: 'none' | 'scheduled' = 'none';

  constructor(config: Pick<Config, 'announceMs'>, recent: Recent) {
    this.config = config;
    this.recent = recent;
  }

  /** `peer` is to learn that message `id` is here. */
  put(peer: PeerId, id: ShortId, now: Millis, out: Output[]): void {
    const ids = this.waiting.get(peer);
    if (ids === undefined) this.waiting.set(peer, [id]);
    else ids.push(id);
    if (ids?.length === MAX_IDS) this.send(peer, ids, out);
    if (this.due === 'scheduled') return;
    this.due = 'scheduled';
    out.push({ type: 'timer', at: now + this.config.announceMs, timer: { type: 'announce' } });
  }

  /** The link with `peer` is gone. */
  delete(peer: PeerId): void {
    this.waiting.delete(peer);
  }

  /** Sends all that waits. */
  flush(out: Output[]): void {
    this.due = 'none';
    for (const [peer, ids] of this.waiting) this.send(peer, ids, out);
  }

  /** Who has announced or sent a message meanwhile need not be told of it. */
  private send(to: PeerId, waiting: readonly ShortId[], out: Output[]): void {
    this.waiting.delete(to);
    const ids: ShortId[] = [];
    const hops: number[] = [];
    for (const id of waiting) {
      const entry = this.recent.get(id);
      if (entry === undefined || entry.holders.has(to)) continue;
      ids.push(id);
      // A way that begins with a push is none of the tree's, however short.
      hops.push(entry.mode === 'push' ? MAX_TOLD_HOPS : Math.min(entry.hops, MAX_TOLD_HOPS));
    }
    if (ids.length > 0) out.push({ type: 'send', to, message: { type: 'ihave', ids, hops } });
  }
}
