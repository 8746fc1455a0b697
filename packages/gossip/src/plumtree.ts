/**
 * To whom a message goes: Plumtree (Leitão, Pereira, Rodrigues: Epidemic Broadcast Trees, 2007) with what differs:
 * 1. What is small floods while little does: announcing it would cost as many packets.
 * 2. The wait for an announced message follows how late messages come after announcements (lag.ts), and a link that flaps
 *    stays eager for a while.
 * 3. When an eager link is lost or silent, messages go over all links for a round.
 * 4. A publisher that sends much has a tree of its own; the shared one changes only for ways that are much shorter.
 * 5. An author sends to all its links. So a message enters the shared tree in several places, and copies of it meet without
 *    any link being redundant: they are told apart by the neighbour of the author through which they came.
 */
import { pick } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { Config } from './config.js';
import { Announcer } from './announcer.js';
import { Cutter } from './cutter.js';
import { Forest } from './forest.js';
import { Lag } from './lag.js';
import { MAX_IDS, MAX_TOLD_HOPS } from './message.js';
import type { Announcement, Graft, Mode, Payload } from './message.js';
import { Missing } from './missing.js';
import type { Output } from './output.js';
import { Pace } from './pace.js';
import { Recent, shortOf } from './recent.js';
import type { RecentMessage, ShortId } from './recent.js';

/** A publisher counts as one that sends much for so long after it last did, … */
const HOT_MS = 10_000;
/** … and its pace is taken over so many seconds. */
const PACE_SECONDS = 4;
/** What is older is not announced: who has it may not remember that, and who has not asks for it with the next digest. */
const LATE_MS = 5_000;

/** The forwarding policy. It knows links and what passed of late; what was seen long ago it is told. */
export class Plumtree {
  readonly recent: Recent;
  readonly missing: Missing;
  private readonly self: PeerId;
  private readonly config: Config;
  private readonly rng: Rng;
  private readonly forest: Forest;
  private readonly lag: Lag;
  private readonly announcer: Announcer;
  private readonly cutter: Cutter;
  private readonly floods: Pace;
  private readonly publications: Pace;
  private readonly suspects = new Set<PeerId>();
  private hotUntil: Millis = -Infinity;
  /** Whether anything went over the shared tree: before, every link is eager, and afterwards new ones are not. */
  private stage: 'seed' | 'tree' = 'seed';

  constructor(config: Config, rng: Rng) {
    this.self = config.peerId;
    this.config = config;
    this.rng = rng;
    this.forest = new Forest(config);
    this.recent = new Recent(config);
    this.missing = new Missing(config);
    this.lag = new Lag(config);
    this.announcer = new Announcer(config, this.recent);
    this.cutter = new Cutter(config.pruneMs);
    this.floods = new Pace(config.floodMaxPerSecond, 1_000);
    this.publications = new Pace(config.ownTreePerSecond * PACE_SECONDS, PACE_SECONDS * 1_000);
  }

  /** How many links there are. */
  get size(): number {
    return this.forest.peers.size;
  }

  /** Whom there are links with. */
  get peers(): readonly PeerId[] {
    return [...this.forest.peers];
  }

  /** Publishers that have a tree of their own. */
  get trees(): number {
    return this.forest.size;
  }

  /** A link is ready. Once there is a tree it is not of it, unless the other end needs it. */
  add(peer: PeerId, out: Output[]): void {
    const isSeed = this.stage === 'seed';
    this.forest.add(peer, isSeed ? 'eager' : 'lazy');
    if (isSeed) return;
    if (this.forest.shared.hasEager())
      out.push({ type: 'send', to: peer, message: { type: 'prune', tree: undefined } });
    else this.join(peer, 0, out);
  }

  /** A link is gone. */
  delete(peer: PeerId, now: Millis, out: Output[]): void {
    if (!this.suspects.delete(peer)) this.promote(peer, now);
    this.forest.delete(peer);
    this.announcer.delete(peer);
    if (this.stage === 'seed' || this.forest.shared.hasEager()) return;
    const other = pick(
      this.rng,
      this.peers.filter((each) => !this.suspects.has(each)),
    );
    if (other !== undefined) this.join(other, now, out);
  }

  /** Nothing was heard over a link for some seconds. */
  suspect(peer: PeerId, now: Millis): void {
    if (!this.forest.peers.has(peer)) return;
    this.suspects.add(peer);
    this.promote(peer, now);
  }

  recovered(peer: PeerId): void {
    this.suspects.delete(peer);
  }

  /** How the own next message is to spread. */
  modeOf(message: { readonly pinned: boolean; readonly receiptMs: Millis; readonly bytes: number }, now: Millis): Mode {
    if (this.publications.beat(now)) this.hotUntil = now + HOT_MS;
    if (message.pinned || message.receiptMs > 0) return 'flood';
    if (message.bytes <= this.config.floodMaxBytes && !this.floods.beat(now)) return 'flood';
    return this.hotUntil > now && this.forest.of('own', this.self, now).name !== undefined ? 'own' : 'tree';
  }

  /** Sends an own message to all links. Returns to whom. */
  publish(message: Payload, now: Millis, out: Output[]): readonly PeerId[] {
    const { tree } = this.forest.of(message.mode, this.self, now);
    if (!message.pinned) this.recent.add(message, this.self, this.self, now);
    if (message.mode === 'tree') {
      this.stage = 'tree';
      this.cutter.note(shortOf(message.envelope.id), now);
    }
    const pushed: Payload = message.mode === 'tree' ? { ...message, mode: 'push' } : message;
    for (const to of this.forest.peers) {
      out.push({ type: 'send', to, message: tree.isEager(to, now) ? message : pushed });
    }
    return this.peers;
  }

  /**
   * The first copy of a message came from `from`; `message` is what is passed on, its path ending with the own id.
   * @param ended its TTL is used up: it goes no further
   * @returns to whom it was sent
   */
  forward(from: PeerId, message: Payload, ended: boolean, now: Millis, out: Output[]): PeerId[] {
    const { mode, pinned, receiptMs, ageMs, envelope } = message;
    const short = shortOf(envelope.id);
    const asked = this.arrived(short, from, now);
    if (pinned || receiptMs > 0 || (mode === 'flood' && !this.floods.beat(now))) {
      if (!pinned) this.recent.add(message, from, branchOf(message), now);
      return ended ? [] : this.flood(message, out);
    }
    const { tree, name } = this.forest.of(mode, envelope.from, now);
    if (name === undefined) {
      this.stage = 'tree';
      this.cutter.note(short, now);
    }
    const passed: Payload = name === undefined && mode !== 'push' ? { ...message, mode: 'tree' } : message;
    // It came over a link that was none of the tree's: now it is, at both ends.
    const isNew = mode !== 'push' && mode !== 'flood' && ageMs === 0 && tree.adopt(from, now);
    if (isNew && asked !== from) out.push({ type: 'send', to: from, message: { type: 'graft', tree: name, ids: [] } });
    this.recent.add(passed, from, branchOf(message), now);
    if (ended) return [];
    const receivers: PeerId[] = [];
    for (const to of this.forest.peers) {
      if (passed.path.includes(to)) continue;
      if (tree.isEager(to, now)) {
        out.push({ type: 'send', to, message: passed });
        receivers.push(to);
      } else if (ageMs < LATE_MS) this.announcer.put(to, short, now, out);
    }
    return receivers;
  }

  /** Sends a message to every link that it has not passed. Returns to whom. */
  flood(message: Payload, out: Output[]): PeerId[] {
    const receivers = this.peers.filter((to) => !message.path.includes(to));
    for (const to of receivers) out.push({ type: 'send', to, message });
    return receivers;
  }

  /** Another copy of what was seen came from `from`: one of the two links is none of the tree's. */
  duplicate(from: PeerId, message: Payload, now: Millis, out: Output[]): void {
    const { mode, ageMs, envelope, hops } = message;
    const first = this.recent.get(shortOf(envelope.id));
    if (first?.id !== envelope.id) return;
    first.holders.add(from);
    if (mode === 'flood' || ageMs > 0 || first.isLate || first.from === this.self || first.from === from) return;
    const { tree, name } = this.forest.of(mode, envelope.from, now);
    const former = first.mode;
    if ((former === 'own') !== (name !== undefined)) return;
    const entersTwice = branchOf({ ...message, path: [...message.path, this.self] }) !== first.branch;
    if (entersTwice && (mode === 'push' || former === 'push')) return;
    // The author sends to all its links, so that its own is the one to keep.
    const redundant = hops === 1 && name !== undefined ? first.from : from;
    if (name === undefined && !this.cutter.mayCut(shortOf(first.id), now)) return;
    // What brought the first copy was cut off meanwhile: one of the two must stay.
    if (redundant === from && !tree.isEager(first.from, now)) return;
    if (!tree.prune(redundant, shortOf(first.id), now)) return;
    out.push({ type: 'send', to: redundant, message: { type: 'prune', tree: name } });
  }

  onAnnouncement(from: PeerId, { ids, hops }: Announcement, now: Millis, out: Output[]): void {
    const dueAt = now + this.lag.graftMs;
    let isNew = false;
    ids.forEach((id, n) => {
      const entry = this.recent.get(id);
      if (entry !== undefined) {
        entry.holders.add(from);
        this.optimize(entry, from, hops[n] as number, now, out);
      } else isNew = this.missing.add(id, from, now, dueAt) || isNew;
    });
    if (isNew) out.push({ type: 'timer', at: dueAt, timer: { type: 'graft' } });
  }

  onGraft(from: PeerId, { tree: name, ids }: Graft, now: Millis, out: Output[]): void {
    if (ids.length === 0) this.forest.named(name)?.graft(from, now);
    for (const id of ids) {
      const entry = this.recent.get(id);
      const message = entry?.message;
      if (message === undefined || entry?.holders.has(from) !== false || entry.grafted.has(from)) continue;
      if (message.path.includes(from)) continue;
      entry.grafted.add(from);
      this.forest.of(message.mode, message.envelope.from, now).tree.graft(from, now);
      const mode = message.mode === 'push' ? 'tree' : message.mode;
      out.push({ type: 'send', to: from, message: { ...message, mode } });
    }
  }

  onPrune(from: PeerId, name: PeerId | undefined, now: Millis, out: Output[]): void {
    // An author sends to all its links.
    if (name === this.self) return;
    this.forest.named(name)?.demote(from);
    if (name === undefined && !this.forest.shared.hasEager()) this.join(from, now, out);
  }

  /** What was announced has not come: asks who announced it, and makes the link one of the tree. */
  pull(now: Millis, out: Output[]): void {
    const wanted = new Map<PeerId, ShortId[]>();
    const { retryMs } = this.lag;
    for (const entry of this.missing.due(now)) {
      let peer: PeerId | undefined;
      do peer = entry.announcers.shift();
      while (peer !== undefined && !this.forest.peers.has(peer));
      if (peer === undefined) {
        this.missing.take(entry.id);
        continue;
      }
      entry.asked = { peer, at: now };
      entry.dueAt = now + retryMs;
      const ids = wanted.get(peer);
      if (ids === undefined) wanted.set(peer, [entry.id]);
      else ids.push(entry.id);
    }
    for (const [to, ids] of wanted) {
      for (let n = 0; n < ids.length; n += MAX_IDS) {
        out.push({ type: 'send', to, message: { type: 'graft', tree: undefined, ids: ids.slice(n, n + MAX_IDS) } });
      }
    }
    if (wanted.size > 0) out.push({ type: 'timer', at: now + retryMs, timer: { type: 'graft' } });
  }

  /** Sends the announcements that have waited long enough. */
  announce(out: Output[]): void {
    this.announcer.flush(out);
  }

  /** What was missing has come. Tells who had been asked for it last. */
  private arrived(id: ShortId, from: PeerId, now: Millis): PeerId | undefined {
    const entry = this.missing.take(id);
    if (entry === undefined) return undefined;
    const { asked, announcedAt } = entry;
    if (asked?.peer === from) this.lag.learnTrip(now - asked.at);
    else this.lag.learn(now - announcedAt);
    return asked?.peer;
  }

  /** Plumtree §3.8: an announced way that is much shorter takes the place of the link that brought the message. */
  private optimize(entry: RecentMessage, from: PeerId, hops: number, now: Millis, out: Output[]): void {
    const { mode, author, isLate } = entry;
    if (mode === 'push' || mode === 'flood' || isLate || entry.from === this.self || hops === MAX_TOLD_HOPS) return;
    if (entry.hops - (hops + 1) < this.config.optimizeHops) return;
    // What is shorter for one author is longer for others: the shared tree gives way only where it is too deep.
    if (mode === 'tree' && entry.hops <= this.config.deepHops) return;
    const { tree, name } = this.forest.of(mode, author, now);
    if (!tree.graft(from, now)) return;
    out.push({ type: 'send', to: from, message: { type: 'graft', tree: name, ids: [] } });
    if (tree.prune(entry.from, shortOf(entry.id), now))
      out.push({ type: 'send', to: entry.from, message: { type: 'prune', tree: name } });
  }

  /** The shared tree reaches this peer over the link with `peer` from now on. */
  private join(peer: PeerId, now: Millis, out: Output[]): void {
    this.forest.shared.graft(peer, now);
    out.push({ type: 'send', to: peer, message: { type: 'graft', tree: undefined, ids: [] } });
  }

  private promote(lost: PeerId, now: Millis): void {
    const until = now + 2 * this.config.roundTripMs;
    for (const tree of this.forest.all()) if (tree.isEager(lost, now)) tree.promoteAll(until);
  }
}

/** The neighbour of its author through which a message came; `path` ends with the own id. */
function branchOf({ path }: Pick<Payload, 'path'>): PeerId {
  return path[1] as PeerId;
}
