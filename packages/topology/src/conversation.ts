import { pick } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { Backoff } from './backoff.js';
import type { Context } from './context.js';
import { absorb, neighboursMessage } from './exchange.js';
import type { Neighbours } from './exchange.js';
import type { Message } from './message.js';
import type { Neighbour } from './neighbourhood.js';
import type { Output } from './output.js';
import { Partition } from './partition.js';
import { Repair } from './repair.js';
import { isOnRing } from './known.js';
import { Lodgers } from './lodgers.js';
import type { Lodge } from './lodgers.js';
import { straighten } from './route.js';
import type { Route } from './route.js';
import { Tunnels } from './tunnels.js';

/** Jitter of what is done periodically: ± 20 %. */
const JITTER = 0.2;

/** What peers say of themselves now. */
export interface Standing {
  readonly record: PeerRecord;
  /** A slot for a long link is free. */
  readonly open: boolean;
  readonly ringOk: boolean;
}

/** What is to be found out. */
export interface Wants {
  /** Ring neighbours, which the server has not named. */
  readonly ring: boolean;
  /** The server names ring neighbours. */
  readonly online: boolean;
  /** Ring neighbours that cannot be linked. */
  readonly tunnels: readonly PeerId[];
  /** Neighbours of whom it is not known whether another way leads to them. */
  readonly doubtful: readonly PeerId[];
}

/**
 * What is said to others, neighbours or not, and what they say: who is where, how to get there, and who is gone.
 *
 * Over each link, ever more rarely while nothing changes; while the ring is open, to those nearest on either side; now and
 * then to whoever is nearest to us by another way (a ring probe: separate rings find each other by it), and to somebody
 * drawn by a random walk (a shuffle: it keeps the passive view mixed).
 */
export class Conversation {
  readonly repair: Repair;
  readonly tunnels: Tunnels;
  readonly partition: Partition;
  readonly lodgers: Lodgers;
  private readonly context: Context;
  private readonly probe: Backoff;
  private readonly shuffle: Backoff;
  private readonly detour: Backoff;
  private readonly lodging: Backoff;

  constructor(context: Context) {
    const { config, rng } = context;
    this.context = context;
    this.repair = new Repair(context);
    this.tunnels = new Tunnels(context);
    this.partition = new Partition(context);
    this.lodgers = new Lodgers(context);
    this.probe = new Backoff(config.probeMs, config.maxProbeMs, rng, JITTER);
    this.detour = new Backoff(config.answerMs, config.answerMs, rng, JITTER);
    this.lodging = new Backoff(config.lodgeMs, config.maxLodgeMs, rng, JITTER);
    this.shuffle = new Backoff(config.shuffleMs, config.shuffleMs, rng, JITTER);
  }

  /** Begins anew, as something near changed: every neighbour is told soon. */
  changed(now: Millis): void {
    for (const link of this.context.neighbourhood.links.values()) link.exchange.hasten(now);
  }

  /** A link was gained: others learn who is reached over it, or near it. */
  gained(peer: PeerId, now: Millis, out: Output[]): void {
    this.lodging.reset(now);
    this.lodgers.gained(peer, now, out);
    this.changed(now);
  }

  /** The own ring neighbours changed: it is probed some time later, while the server is away sooner. */
  ringChanged(online: boolean, now: Millis): void {
    const { probeMs, onlineProbeMs } = this.context.config;
    const delayMs = online ? onlineProbeMs : probeMs;
    this.probe.reset(now + delayMs, delayMs);
  }

  clear(): void {
    this.repair.clear();
    this.tunnels.clear();
    this.partition.clear();
    this.lodgers.clear();
  }

  /** Takes note of what a neighbour says; tells whether that is a reason to look at the links again. */
  received(link: Neighbour, message: Message, standing: Standing, now: Millis, out: Output[]): boolean {
    const { knowledge, config } = this.context;
    const { peer } = link;
    switch (message.kind) {
      case 'status': {
        const { role, ringOk, open } = message;
        const changed = link.theirRole !== role || link.theirRingOk !== ringOk;
        link.theirRole = role;
        link.theirRingOk = ringOk;
        if (open) knowledge.hasRoom(peer, now + config.openMs);
        return changed;
      }
      case 'neighbours': {
        const { links, leaves, entries } = message;
        const own = entries.find(({ record }) => record.id === peer)?.record ?? link.record;
        link.view = links;
        out.push({ type: 'event', event: { type: 'view', peer, links, leaves, leaf: !isOnRing(own) } });
        if (message.ask) this.tell(peer, undefined, standing, false, now, out);
        return this.learn(peer, [], message, standing, now, out);
      }
      case 'notice': {
        const { reason, peers } = message;
        link.closing = true;
        out.push({ type: 'event', event: { type: 'peerEvicted', peer, reason, initiatedBy: 'remote' } });
        for (const record of peers) {
          if (knowledge.learn(record, now - config.hintAgeMs, now)) this.discovered(record.id, out);
        }
        return true;
      }
      case 'tunnel':
        return this.routed(peer, [], message, standing, now, out);
      case 'lodge':
        return this.lodge(peer, [peer], message, now, out);
    }
  }

  /** The same for what came over other peers, along the reverse of `route`. */
  routed(from: PeerId, way: Route, message: Message, standing: Standing, now: Millis, out: Output[]): boolean {
    const { self, knowledge } = this.context;
    // Without a way that can be told on the answer goes greedily.
    const route = straighten(self, from, way, (peer) => knowledge.isNeighbour(peer)) ?? [];
    switch (message.kind) {
      case 'neighbours': {
        this.repair.heard(from);
        this.partition.heard(from);
        const news = this.learn(from, route, message, standing, now, out);
        if (message.ask) this.tell(from, route, standing, false, now, out);
        return news;
      }
      case 'tunnel': {
        if (!message.ack) this.answer(from, route, { kind: 'tunnel', ack: true }, out);
        if (route.length === 0) return true;
        this.tunnels.heard(from, route, now, out);
        knowledge.learnRoute(from, route, now);
        return true;
      }
      case 'lodge':
        return message.peer === from && this.lodge(from, way, message, now, out);
      default:
        // Only neighbours say what a link is for.
        return false;
    }
  }

  /** What was sent to a peer over others did not get there; tells whether the mesh seems to be in pieces now. */
  unreachable(peer: PeerId, now: Millis, out: Output[]): boolean {
    this.context.knowledge.unroute(peer, now);
    const suspected = this.partition.missed(peer);
    this.repair.heard(peer);
    this.tunnels.broken(peer, now, out);
    return suspected;
  }

  /** The server named these peers: one of them is asked whether it is there, by the mesh. */
  named(records: readonly PeerRecord[], standing: Standing, now: Millis, out: Output[]): void {
    const peer = this.partition.named(records, now);
    if (peer !== undefined) this.tell(peer, undefined, standing, true, now, out);
  }

  /** Says what is due; returns when to look again. */
  review(standing: Standing, { ring, online, tunnels, doubtful }: Wants, now: Millis, out: Output[]): Millis {
    // The server can name a ring neighbour, and not the way to it.
    if (ring || tunnels.some((peer) => !this.tunnels.has(peer, now))) this.repair.hasten(online, now);
    const { asks, next } = this.repair.review(now);
    for (const { peer, route } of asks) this.tell(peer, route, standing, true, now, out);
    return Math.min(
      next,
      this.tunnels.review(tunnels, now, out),
      this.tryDetours(doubtful, now, out),
      this.tellNeighbours(standing, now, out),
      this.wander(standing, now, out),
      this.lodgers.review(now, out),
    );
  }

  /** Somebody, who is reached over `way`, says where a leaf is: no reason to look at the links. */
  private lodge(from: PeerId, way: Route, { peer, route, ageMs }: Lodge, now: Millis, out: Output[]): false {
    const { self, knowledge } = this.context;
    const isNeighbour = (one: PeerId): boolean => knowledge.isNeighbour(one);
    const straight = isNeighbour(peer) ? [] : straighten(self, peer, [...way, ...route], isNeighbour);
    if (straight !== undefined) this.lodgers.take(peer, straight, ageMs, from, now, out);
    return false;
  }

  /** Tells each neighbour what its link is for, when that has changed, and whom we know, when it is time to. */
  private tellNeighbours(standing: Standing, now: Millis, out: Output[]): Millis {
    const { open, ringOk } = standing;
    let next: Millis = Infinity;
    for (const link of this.context.neighbourhood.links.values()) {
      const { peer, role, exchange } = link;
      if (link.closing || link.suspect) continue;
      const status = `${role} ${open} ${ringOk}`;
      if (link.sentStatus !== status) {
        link.sentStatus = status;
        out.push({ type: 'send', to: peer, message: { kind: 'status', role, open, ringOk } });
      }
      if (exchange.at <= now) this.tell(peer, undefined, standing, false, now, out);
      next = Math.min(next, exchange.at);
    }
    return next;
  }

  /** Sends each doubtful neighbour a word over another one: its answer shows that the link is no bridge. */
  private tryDetours(doubtful: readonly PeerId[], now: Millis, out: Output[]): Millis {
    if (doubtful.length === 0) return Infinity;
    if (this.detour.at > now) return this.detour.at;
    const { neighbourhood, rng } = this.context;
    for (const peer of doubtful) {
      const over = pick(
        rng,
        neighbourhood.ordinary.filter((link) => link.peer !== peer),
      );
      if (over === undefined) continue;
      out.push({ type: 'route', to: peer, route: [over.peer], message: { kind: 'tunnel', ack: false } });
    }
    this.detour.advance(now);
    return this.detour.at;
  }

  /** Ring probe and shuffle; a leaf says where it is. */
  private wander({ record, open }: Standing, now: Millis, out: Output[]): Millis {
    const { self, neighbourhood, config, rng } = this.context;
    const links = neighbourhood.ordinary;
    if (links.length === 0) return Infinity;
    if (this.probe.at <= now) {
      const long = links.filter(({ role }) => role !== 'ring');
      const over = pick(rng, long.length > 0 ? long : links) as Neighbour;
      const message = neighboursMessage(this.context, record, open, self, true, now);
      if (this.probe.at > 0) out.push({ type: 'probe', key: self, over: over.peer, message });
      this.probe.advance(now);
    }
    if (this.shuffle.at <= now) {
      const message = neighboursMessage(this.context, record, open, undefined, true, now);
      if (this.shuffle.at > 0) out.push({ type: 'walk', steps: config.shuffleSteps, message });
      this.shuffle.advance(now);
    }
    if (isOnRing(record)) return Math.min(this.probe.at, this.shuffle.at);
    if (this.lodging.at <= now) {
      const message: Message = { kind: 'lodge', peer: self, route: [], ageMs: 0 };
      for (const { peer } of links) out.push({ type: 'probe', key: self, over: peer, message });
      this.lodging.advance(now);
    }
    return Math.min(this.probe.at, this.shuffle.at, this.lodging.at);
  }

  /** Tells a peer whom we know near it: over `route`, or, as a neighbour, over the link. */
  private tell(
    peer: PeerId,
    route: Route | undefined,
    { record, open }: Standing,
    ask: boolean,
    now: Millis,
    out: Output[],
  ): void {
    const message = neighboursMessage(this.context, record, open, peer, ask, now);
    const link = this.context.neighbourhood.links.get(peer);
    if (link === undefined) {
      this.answer(peer, route ?? [], message, out);
      return;
    }
    link.exchange.advance(now);
    out.push({ type: 'send', to: peer, message });
  }

  private answer(to: PeerId, route: Route, message: Message, out: Output[]): void {
    out.push(route.length > 0 ? { type: 'route', to, route, message } : { type: 'route', to, message });
  }

  /** Takes note of what a message tells of others; tells whether that may be of use to us now. */
  private learn(
    from: PeerId,
    route: Route,
    message: Neighbours,
    { open, ringOk }: Standing,
    now: Millis,
    out: Output[],
  ): boolean {
    const { knowledge, config } = this.context;
    const { found, lost, news } = absorb(this.context, from, route, message, now);
    for (const peer of found) this.discovered(peer, out);
    for (const peer of lost) out.push({ type: 'event', event: { type: 'peerForgotten', peer } });
    const near = found.some((peer) => knowledge.isLeaf(peer, config.nearSetSize));
    const changed = near || lost.some((peer) => knowledge.isLeaf(peer));
    if (changed) this.changed(now);
    return changed || knowledge.overfull || (news && (open || !ringOk));
  }

  private discovered(peer: PeerId, out: Output[]): void {
    out.push({ type: 'event', event: { type: 'peerDiscovered', peer } });
  }
}
