import type { PeerId } from '@peerpigeon/core';
import type { Output } from './output.js';

/**
 * The nearest peers on either side of us on the ring, `leafSetSize` of each at most, nearest first, ourselves left out (Pastry's
 * leaf set). In it is who can be a ring neighbour and can be reached, as far as is known here: over a link or a known way, or, while
 * the server is up, because somebody has named it lately.
 *
 * Who falls silent leaves it as soon as its links are suspect (3 to 4 s), here at once and elsewhere with the next words of its
 * neighbours; who said goodbye leaves at once. So after a kill of a fifth of 60 peers all leaf sets are right again within 6 s, of 300
 * within 20 s (measured, with a server). Until then a peer in it may be dead. Later one may come back for a while, when it is
 * tried again or somebody has heard of it late: be ready for one that does not answer.
 */
export interface LeafSet {
  /** Those that follow us. */
  readonly after: readonly PeerId[];
  /** Those that precede us. */
  readonly before: readonly PeerId[];
  /** The sides meet: in one of them, or both, is everybody of whom we know. */
  readonly whole: boolean;
}

/** Tells the level above of the leaf set when it has changed. */
export class LeafSetNews {
  private seen: LeafSet | undefined;
  private member = false;

  /**
   * @param leafSet the same object as the last time when nothing has changed
   * @param member whether we are on the ring ourselves
   */
  review(leafSet: LeafSet, member: boolean, out: Output[]): void {
    const { seen } = this;
    if (leafSet === seen && member === this.member) return;
    this.seen = leafSet;
    const isSame = seen !== undefined && member === this.member && areEqual(leafSet, seen);
    this.member = member;
    if (!isSame) out.push({ type: 'event', event: { type: 'leafSet', ...leafSet, member } });
  }

  /** We leave: when we are back it is told anew. */
  clear(): void {
    this.seen = undefined;
  }
}

function areEqual(a: LeafSet, b: LeafSet): boolean {
  return a.whole === b.whole && areEqualIds(a.after, b.after) && areEqualIds(a.before, b.before);
}

function areEqualIds(a: readonly PeerId[], b: readonly PeerId[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
