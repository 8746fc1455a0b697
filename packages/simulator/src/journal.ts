import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { LinkKind } from './observer.js';

/** When a peer was there. */
export interface PeerEntry {
  readonly id: PeerId;
  readonly maxPeers: number;
  /** When it began to join. */
  readonly upMs: Millis;
  downMs: Millis | null;
}

/** A link for as long as it was of one kind: a handover that becomes a mesh link makes two entries. */
export interface LinkEntry {
  readonly a: PeerId;
  readonly b: PeerId;
  readonly kind: LinkKind;
  readonly openMs: Millis;
  closedMs: Millis | null;
}

/** One broadcast and everyone it reached, in parallel lists: `peers[i]` had it at `atMs[i]` after `hops[i]` links. */
export interface BroadcastEntry {
  readonly id: MessageId;
  readonly from: PeerId;
  readonly sentMs: Millis;
  readonly warmup: boolean;
  /** Payloads received by anyone, the sender and duplicates included. */
  copies: number;
  readonly deliveries: { readonly peers: number[]; readonly atMs: Millis[]; readonly hops: number[] };
}

/** One direct message. */
export interface DirectEntry {
  readonly id: MessageId;
  readonly from: PeerId;
  readonly to: PeerId;
  readonly sentMs: Millis;
  deliveredMs: Millis | null;
  hops: number | null;
  /** Why it failed, as the sender was told first. */
  failed: string | null;
  /** When the sender was told that it was delivered. */
  acknowledgedMs: Millis | null;
  /** Sent at the instant of an upheaval, and not to be counted among the others. */
  readonly upheaval: boolean;
}

/** What happened in a network: all that metrics and dumps are made of. */
export class Journal {
  readonly peers: PeerEntry[] = [];
  readonly links: LinkEntry[] = [];
  readonly broadcasts: BroadcastEntry[] = [];
  readonly directs: DirectEntry[] = [];
  /** Payloads received that came late, to close a gap. */
  repaired = 0;
  /** Broadcasts that applications were told they had missed. */
  gaps = 0;
  private readonly indices = new Map<PeerId, number>();
  private readonly broadcastsById = new Map<MessageId, BroadcastEntry>();
  private readonly directsById = new Map<MessageId, DirectEntry>();

  peerUp(id: PeerId, maxPeers: number, now: Millis): void {
    this.indices.set(id, this.peers.length);
    this.peers.push({ id, maxPeers, upMs: now, downMs: null });
  }

  peerDown(id: PeerId, now: Millis): void {
    const entry = this.peers[this.indexOf(id)];
    if (entry !== undefined) entry.downMs = now;
  }

  linkOpened(a: PeerId, b: PeerId, kind: LinkKind, now: Millis): LinkEntry {
    const entry: LinkEntry = { a, b, kind, openMs: now, closedMs: null };
    this.links.push(entry);
    return entry;
  }

  broadcastSent(id: MessageId, from: PeerId, warmup: boolean, now: Millis): void {
    const deliveries = { peers: [], atMs: [], hops: [] };
    const entry: BroadcastEntry = { id, from, sentMs: now, warmup, copies: 0, deliveries };
    this.broadcasts.push(entry);
    this.broadcastsById.set(id, entry);
  }

  /** A payload of broadcast `id` reached a peer, for the first time or again. */
  broadcastCopied(id: MessageId): void {
    const entry = this.broadcastsById.get(id);
    if (entry !== undefined) entry.copies++;
  }

  /** The application at `at` got broadcast `id`. */
  broadcastDelivered(id: MessageId, at: PeerId, hops: number, now: Millis): void {
    const entry = this.broadcastsById.get(id);
    if (entry === undefined) return;
    entry.deliveries.peers.push(this.indexOf(at));
    entry.deliveries.atMs.push(now);
    entry.deliveries.hops.push(hops);
  }

  /** Who has had broadcast `id` so far, and since when. */
  deliveryTimes(id: MessageId): ReadonlyMap<PeerId, Millis> {
    const times = new Map<PeerId, Millis>();
    const { peers = [], atMs = [] } = this.broadcastsById.get(id)?.deliveries ?? {};
    peers.forEach((peer, i) => {
      const name = this.peers[peer]?.id;
      if (name !== undefined && !times.has(name)) times.set(name, atMs[i] as Millis);
    });
    return times;
  }

  directSent(id: MessageId, from: PeerId, to: PeerId, now: Millis, upheaval = false): void {
    const fate = { deliveredMs: null, hops: null, failed: null, acknowledgedMs: null };
    const entry: DirectEntry = { id, from, to, sentMs: now, ...fate, upheaval };
    this.directs.push(entry);
    this.directsById.set(id, entry);
  }

  /** The application of the receiver got direct message `id`; only the first time counts. */
  directDelivered(id: MessageId, hops: number, now: Millis): void {
    const entry = this.directsById.get(id);
    if (entry === undefined || entry.deliveredMs !== null) return;
    entry.deliveredMs = now;
    entry.hops = hops;
  }

  directFailed(id: MessageId, reason: string): void {
    const entry = this.directsById.get(id);
    if (entry !== undefined) entry.failed ??= reason;
  }

  directAcknowledged(id: MessageId, now: Millis): void {
    const entry = this.directsById.get(id);
    if (entry !== undefined) entry.acknowledgedMs ??= now;
  }

  /** Whether a direct message of this id was sent. */
  hasDirect(id: MessageId): boolean {
    return this.directsById.has(id);
  }

  /** Place of a peer in `peers`. */
  indexOf(id: PeerId): number {
    return this.indices.get(id) ?? -1;
  }
}
