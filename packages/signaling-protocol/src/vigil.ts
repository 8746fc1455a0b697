import type { Millis, PeerId } from '@peerpigeon/core';
import type { HubConfig } from './config.js';
import { type Outputs, setTimer } from './hub-output.js';
import type { Lobby } from './lobby.js';
import type { NodeId, Stranger } from './node-io.js';
import type { Census } from './roster.js';
import type { Announce, Inquiry, Probe, Sender, Visitor } from './visitor.js';

/** Random members are drawn so many times over, since some of them may be dead. After a kill of half, half of them are. */
export const SPARE_DRAWS = 2;

/**
 * Who of a hub's visitors lives. Peers report losses, and relayed signals need somebody at the other end; whoever has not
 * been heard of for `freshMs` is then asked for a sign of life, once: while a probe is under way there is no other, and the
 * answer makes its sender fresh. So whatever is reported of it, a living member gets at most one probe in `freshMs`.
 *
 * Members on other nodes are asked by their own nodes, which tell what came of it.
 */
export class Vigil {
  private readonly lobby: Lobby;
  private readonly config: HubConfig;

  constructor(lobby: Lobby) {
    this.lobby = lobby;
    this.config = lobby.config;
  }

  /** Whether `visitor` has shown life of late. */
  isFresh(visitor: Visitor, now: Millis): boolean {
    return visitor.probe === undefined && now - visitor.lastHeardAt < this.config.freshMs;
  }

  /** Whether `visitor` has been asked for a sign of life, and has given none within `verifyMs`. */
  isSilent({ probe }: Visitor, now: Millis): boolean {
    const { probeTimeoutMs, verifyMs } = this.config;
    return probe !== undefined && now - (probe.until - probeTimeoutMs) >= verifyMs;
  }

  /** Asks `visitor` for a sign of life; the probe under way, if there is one. */
  probe(visitor: Visitor, now: Millis, out: Outputs): Probe {
    if (visitor.probe !== undefined) return visitor.probe;
    const until = now + this.config.probeTimeoutMs;
    const { connection } = visitor;
    visitor.probe = { until, senders: new Map(), inquiries: new Set(), strangers: new Map() };
    out.push({ type: 'probe', connection });
    setTimer(until, { type: 'probe', connection }, out);
    return visitor.probe;
  }

  /** The same, unless it is fresh. */
  verify(visitor: Visitor, now: Millis, out: Outputs): Probe | undefined {
    return this.isFresh(visitor, now) ? undefined : this.probe(visitor, now, out);
  }

  /** A signal of `sender` is on its way to `target`, and `sender` is to be told if that is dead. */
  expect(target: Visitor, sender: Sender, now: Millis, out: Outputs): void {
    const senders = this.verify(target, now, out)?.senders;
    if (senders !== undefined) remember(senders, sender, this.config.maxSenders);
  }

  /** `asker`, on another node, wants to know which of `ids` live: told at once of those known to, of the others in time. */
  vouch(network: string, ids: readonly PeerId[], asker: Stranger, now: Millis, out: Outputs): void {
    const alive: PeerId[] = [];
    for (const id of ids) {
      const member = this.lobby.holder(network, id);
      if (member === undefined) continue;
      const probe = this.verify(member, now, out);
      if (probe === undefined) alive.push(id);
      else remember(probe.strangers, asker, this.config.maxAskers);
    }
    if (alive.length > 0) tellAsker(asker, alive, true, out);
  }

  /**
   * Asks for signs of life whom the answer to an announce with losses may name, and those lost. An announce while the
   * answer to another is awaited joins it. Its `awaited` tells whether there is anybody to wait for.
   */
  inquire(asker: Visitor, announce: Announce, census: Census, now: Millis, out: Outputs): Inquiry {
    const { peerId } = asker;
    const { nearest, random, verifyMs, maxReach, probeRingNeighbours } = this.config;
    const until = now + verifyMs;
    const endsAt = now + verifyMs * Math.ceil(maxReach / probeRingNeighbours);
    const lists = { drawn: new Set<PeerId>(), awaited: new Set<Probe | PeerId>(), remotes: new Map() };
    const inquiry: Inquiry = asker.inquiry ?? { asker, announce, census, until, endsAt, ...lists };
    if (asker.inquiry === undefined) setTimer(until, { type: 'answer', connection: asker.connection }, out);
    inquiry.announce = announce;
    inquiry.census = census;
    asker.inquiry = inquiry;
    const { drawn } = inquiry;
    const missing = SPARE_DRAWS * (announce.sample ?? random) - drawn.size;
    for (const id of census.draw(peerId, missing, drawn, () => true, this.lobby.rng)) drawn.add(id);
    const asked = new Set<PeerId>([
      ...(announce.lost ?? []),
      ...this.side(inquiry, -1, now),
      ...this.side(inquiry, 1, now),
      ...census.ring.nearest(peerId, SPARE_DRAWS * nearest),
      ...census.latestSeekers().slice(0, announce.seeking ?? 0),
      ...drawn,
    ]);
    this.ask(inquiry, asked, now, out);
    return inquiry;
  }

  /**
   * Whether an inquiry whose time is up goes on: on one side of the asker all that were asked are silent, and there are others
   * behind them, `maxReach` away at most, who are asked now.
   */
  goesOn(inquiry: Inquiry, now: Millis, out: Outputs): boolean {
    const { asker, awaited, remotes } = inquiry;
    for (const one of awaited) if (typeof one === 'string') remotes.set(one, 'silent');
    if (now >= inquiry.endsAt) return false;
    awaited.clear();
    for (const direction of [1, -1] as const) {
      const side = this.side(inquiry, direction, now);
      if (!side.some((id) => this.lives(inquiry, id, now))) this.ask(inquiry, side, now, out);
    }
    if (awaited.size === 0) return false;
    inquiry.until = now + this.config.verifyMs;
    setTimer(inquiry.until, { type: 'answer', connection: asker.connection }, out);
    return true;
  }

  /** Whether the answer to `inquiry` may name `id`: it has shown life. */
  lives({ asker, remotes }: Inquiry, id: PeerId, now: Millis): boolean {
    const member = asker.network.holders.get(id);
    return member === undefined ? remotes.get(id) === 'alive' : this.isFresh(member, now);
  }

  /** The members next to the asker on one side of the ring, those passed over that were asked and are silent. */
  private side({ asker, census, remotes }: Inquiry, direction: 1 | -1, now: Millis): PeerId[] {
    const { maxReach, probeRingNeighbours } = this.config;
    const { peerId, network } = asker;
    const { ring } = census;
    const ids = direction === 1 ? ring.successors(peerId, maxReach) : ring.predecessors(peerId, maxReach);
    const living = ids.filter((id) => {
      const member = network.holders.get(id);
      return member === undefined ? remotes.get(id) !== 'silent' : !this.isSilent(member, now);
    });
    return living.slice(0, probeRingNeighbours);
  }

  /** Asks for signs of life, as far as needed, and has `inquiry` wait for them. */
  private ask(inquiry: Inquiry, ids: Iterable<PeerId>, now: Millis, out: Outputs): void {
    const { asker, census, awaited, remotes } = inquiry;
    const elsewhere: PeerId[] = [];
    for (const id of ids) {
      const member = asker.network.holders.get(id);
      if (member === asker) continue;
      if (member === undefined) {
        if (this.lobby.isAlone || !census.holds(id) || remotes.get(id) === 'alive') continue;
        if (!remotes.has(id)) elsewhere.push(id);
        remotes.set(id, 'asked');
        awaited.add(id);
        continue;
      }
      const probe = this.verify(member, now, out);
      if (probe === undefined) continue;
      probe.inquiries.add(inquiry);
      awaited.add(probe);
    }
    if (elsewhere.length === 0) return;
    const message = { type: 'verify', connection: asker.connection } as const;
    out.push({ type: 'forward', network: asker.network.name, to: elsewhere, message });
  }

  /** Ends the probe of `visitor`: it shows life, or it is gone. Gives the inquiries that awaited no other. */
  end(visitor: Visitor, alive: boolean, out: Outputs): Inquiry[] {
    const { probe } = visitor;
    if (probe === undefined) return [];
    visitor.probe = undefined;
    for (const asker of probe.strangers.values()) tellAsker(asker, [visitor.peerId], alive, out);
    return [...probe.inquiries].filter((inquiry) => settle(inquiry, probe));
  }

  /** Another node tells of its visitors. Gives the inquiry of `asker`, if it awaited no other. */
  heard(asker: Visitor, ids: readonly PeerId[], alive: boolean): Inquiry | undefined {
    const { inquiry } = asker;
    if (inquiry === undefined) return undefined;
    let isDone = false;
    for (const id of ids) {
      if (!inquiry.remotes.has(id)) continue;
      inquiry.remotes.set(id, alive ? 'alive' : 'silent');
      isDone = settle(inquiry, id) || isDone;
    }
    return isDone ? inquiry : undefined;
  }
}

/** Whether `inquiry` awaited `one`, and now awaits nobody. One that has gone on to others waits for those alone. */
function settle(inquiry: Inquiry, one: Probe | PeerId): boolean {
  return inquiry.awaited.delete(one) && inquiry.awaited.size === 0 && inquiry.asker.inquiry === inquiry;
}

/** The latest `most`, each once. */
function remember<S extends Sender>(list: Map<string, S>, sender: S, most: number): void {
  const key = keyOf(sender);
  list.delete(key);
  list.set(key, sender);
  for (const oldest of list.keys()) {
    if (list.size <= most) return;
    list.delete(oldest);
  }
}

function keyOf({ node, connection }: { readonly node?: NodeId; readonly connection: number }): string {
  return `${connection}@${node ?? ''}`;
}

function tellAsker({ node, connection }: Stranger, peerIds: readonly PeerId[], alive: boolean, out: Outputs): void {
  out.push({ type: 'post', node, message: { type: 'verified', connection, peerIds, alive } });
}
