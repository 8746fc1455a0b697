import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Mode, Payload } from './message.js';

/** What announcements call a message: the first 16 digits of its id. */
export type ShortId = string;

/** Who makes two messages that share it deceives nobody but those who wait for these: what was seen is told by whole ids. */
export function shortOf(id: MessageId): ShortId {
  return id.slice(0, 16);
}

/** A message of the last seconds. */
export interface RecentMessage {
  readonly id: MessageId;
  readonly author: PeerId;
  readonly mode: Mode;
  /** Links it crossed until it was here. */
  readonly hops: number;
  /** It came to close a gap. */
  readonly isLate: boolean;
  /** Whose copy was the first; the own id for one's own. */
  readonly from: PeerId;
  /** Through which neighbour of its author it came. */
  readonly branch: PeerId;
  /** Those that are known to have it. */
  readonly holders: Set<PeerId>;
  /** Those that were sent it on their asking. */
  readonly grafted: Set<PeerId>;
  readonly at: Millis;
  /** As it is passed on; undefined where there were too many bytes. */
  message: Payload | undefined;
}

/** The messages of the last seconds: what comes twice is told from them, and grafts are answered. Bounded in three ways. */
export class Recent {
  private readonly entries = new Map<ShortId, RecentMessage>();
  /** Those of which the message itself is held, oldest first. */
  private readonly full = new Set<RecentMessage>();
  private readonly config: Pick<Config, 'recentMaxMessages' | 'recentMaxBytes' | 'recentMaxAgeMs'>;
  private bytes = 0;

  constructor(config: Pick<Config, 'recentMaxMessages' | 'recentMaxBytes' | 'recentMaxAgeMs'>) {
    this.config = config;
  }

  get size(): number {
    return this.entries.size;
  }

  get(id: ShortId): RecentMessage | undefined {
    return this.entries.get(id);
  }

  /** @param message as it is passed on */
  add(message: Payload, from: PeerId, branch: PeerId, now: Millis): RecentMessage {
    const { envelope, mode, hops, ageMs } = message;
    const entry: RecentMessage = {
      id: envelope.id,
      author: envelope.from,
      mode,
      hops: hops - 1,
      isLate: ageMs > 0,
      from,
      branch,
      holders: new Set([from]),
      grafted: new Set(),
      at: now,
      message,
    };
    const short = shortOf(envelope.id);
    const former = this.entries.get(short);
    if (former !== undefined) this.drop(short, former);
    this.entries.set(short, entry);
    this.full.add(entry);
    this.bytes += envelope.bytes.length;
    this.prune(now);
    return entry;
  }

  private prune(now: Millis): void {
    const { recentMaxMessages, recentMaxBytes, recentMaxAgeMs } = this.config;
    for (const entry of this.full) {
      if (this.bytes <= recentMaxBytes) break;
      this.empty(entry);
    }
    for (const [short, entry] of this.entries) {
      if (entry.at + recentMaxAgeMs > now && this.entries.size <= recentMaxMessages) return;
      this.drop(short, entry);
    }
  }

  private drop(short: ShortId, entry: RecentMessage): void {
    this.entries.delete(short);
    this.empty(entry);
  }

  private empty(entry: RecentMessage): void {
    if (!this.full.delete(entry)) return;
    this.bytes -= (entry.message as Payload).envelope.bytes.length;
    entry.message = undefined;
  }
}
