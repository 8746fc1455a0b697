import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { ShortId } from './recent.js';

/** A message that was announced and has not come. */
export interface MissingMessage {
  readonly id: ShortId;
  /** Who has it and was not asked yet, first come first. */
  readonly announcers: PeerId[];
  /** When it was first announced. */
  readonly announcedAt: Millis;
  /** When somebody is asked, or somebody else. */
  dueAt: Millis;
  /** Who was asked last, and when. */
  asked: { readonly peer: PeerId; readonly at: Millis } | undefined;
}

/** What was announced and has not come. Bounded: more than that anti-entropy brings. */
export class Missing {
  private readonly entries = new Map<ShortId, MissingMessage>();
  private readonly config: Pick<Config, 'missingMaxEntries' | 'missingMaxAnnouncers'>;

  constructor(config: Pick<Config, 'missingMaxEntries' | 'missingMaxAnnouncers'>) {
    this.config = config;
  }

  get size(): number {
    return this.entries.size;
  }

  /** `peer` has `id`. Tells whether nobody had said so before. */
  add(id: ShortId, peer: PeerId, now: Millis, dueAt: Millis): boolean {
    const entry = this.entries.get(id);
    if (entry === undefined) {
      if (this.entries.size >= this.config.missingMaxEntries) return false;
      this.entries.set(id, { id, announcers: [peer], announcedAt: now, dueAt, asked: undefined });
      return true;
    }
    const { announcers } = entry;
    if (announcers.length < this.config.missingMaxAnnouncers && !announcers.includes(peer)) announcers.push(peer);
    return false;
  }

  /** It has come, or nobody is left to ask. */
  take(id: ShortId): MissingMessage | undefined {
    const entry = this.entries.get(id);
    this.entries.delete(id);
    return entry;
  }

  /** Those for which somebody is to be asked now. */
  due(now: Millis): MissingMessage[] {
    return [...this.entries.values()].filter(({ dueAt }) => dueAt <= now);
  }
}
