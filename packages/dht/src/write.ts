import type { Millis, PeerId } from '@peerpigeon/core';
import type { Result } from './message.js';
import type { Keeping } from './holder.js';
import type { Tools } from './read.js';
import { keyId } from './record.js';
import type { Copy, Key } from './record.js';

type Written = Extract<Result, { readonly type: 'stored' | 'newer' | 'refused' }>;

/**
 * Writes a record at its holders, all at once. It is written when so many have it that any read meets one of them; those that do
 * not answer are replaced by the next nearest. The others are seen to after that, too.
 */
export class Write {
  private readonly tools: Tools;
  private readonly key: Key;
  private readonly copy: Copy;
  private readonly done: (written: Written) => void;
  private readonly endsAt: Millis;
  private readonly asked = new Set<PeerId>();
  private peers: readonly PeerId[] = [];
  private kept = 0;
  private refused = 0;
  private waiting = 0;
  private finished = false;

  /** Calls back once. */
  constructor(tools: Tools, key: Key, copy: Copy, done: (written: Written) => void) {
    this.tools = tools;
    this.key = key;
    this.copy = copy;
    this.done = done;
    this.endsAt = tools.context.now + copy.leftMs;
  }

  start(): void {
    this.look();
  }

  private look(): void {
    this.waiting++;
    this.tools.members.find(keyId(this.key), this.copy.record.replicas, (peers) => {
      this.waiting--;
      this.peers = peers;
      this.waiting++;
      for (const peer of peers) if (!this.asked.has(peer)) this.ask(peer);
      this.waiting--;
      this.settle();
    });
  }

  private ask(peer: PeerId): void {
    const { context, calls, holder } = this.tools;
    const { key } = this;
    const copies = [{ ...this.copy, leftMs: Math.max(1, this.endsAt - context.now) }];
    this.asked.add(peer);
    this.waiting++;
    const holders = this.peers;
    if (peer === context.self) return holder.keep(key, copies, holders, (keeping) => this.answered(keeping));
    calls.ask(
      { peer },
      { type: 'store', key, copies, holders },
      {
        done: (reply) => {
          if (reply?.type === 'kept') return this.answered(reply);
          context.region.lose(peer, context.now);
          this.owe(peer);
          this.waiting--;
          this.look();
        },
      },
    );
  }

  /** The others were told that this peer has it, too: it is ours to see to that. */
  private owe(peer: PeerId): void {
    const shelf = this.tools.context.store.shelf(keyId(this.key));
    if (shelf === undefined) return;
    shelf.holders.delete(peer);
    shelf.owed.add(peer);
  }

  private answered({ kept, newer }: Keeping): void {
    this.waiting--;
    if (newer.length > 0) this.finish({ type: 'newer', conflict: false, copies: newer.slice(0, 1) });
    if (kept) this.kept++;
    else this.refused++;
    this.settle();
  }

  private settle(): void {
    const { config } = this.tools.context;
    const { kept, waiting, peers } = this;
    const needed = Math.min(peers.length, Math.max(1, this.copy.record.replicas - config.readQuorum + 1));
    if (waiting > 0 && (kept < needed || kept === 0)) return;
    // All have answered, or never will: most of them have to have it.
    if (kept > 0 && kept >= Math.min(needed, Math.ceil(peers.length / 2))) {
      this.finish({ type: 'stored', copies: kept });
    } else if (waiting === 0) this.finish({ type: 'refused', reason: this.refused > 0 ? 'full' : 'unavailable' });
  }

  private finish(written: Written): void {
    if (this.finished) return;
    this.finished = true;
    this.done(written);
  }
}
