import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { type Outputs, write } from './hub-output.js';
import type { Network } from './hub-network.js';
import type { Lobby } from './lobby.js';
import { bareRecord, type ServerMessage } from './message.js';
import type { NodeInput, NodeMessage, Search, Ticket } from './node-io.js';
import { type Census, type Fits, neighbours } from './roster.js';
import { Survey } from './survey.js';
import { SPARE_DRAWS, type Vigil } from './vigil.js';
import type { Announce, Announcement, Inquiry, Visitor } from './visitor.js';

/**
 * Who learns of whom. A newcomer is given its ring neighbours, its XOR-nearest and some random members; only those nearest to
 * it are told of it. So a join costs a constant number of messages, however large the network.
 *
 * A hub that is alone chooses from its own roster, at once. One of several asks the index, and chooses from what that found, by
 * the same rules.
 */
export class Discovery {
  private readonly lobby: Lobby;
  private readonly vigil: Vigil;

  constructor(lobby: Lobby, vigil: Vigil) {
    this.lobby = lobby;
    this.vigil = vigil;
  }

  /** A holder makes itself discoverable, or asks for peers once more. */
  announce(visitor: Visitor, announce: Announce, now: Millis, out: Outputs): void {
    const { network, peerId, standing, connection, epoch } = visitor;
    const record = announce.record ?? bareRecord(peerId);
    const isOurs = announce.protocol !== undefined;
    const former = standing.name === 'announced' ? standing.announcement : undefined;
    const announcement: Announcement = {
      record,
      announcedAt: former?.announcedAt ?? now,
      isOurs,
      knownBy: former?.knownBy ?? new Set(),
    };
    visitor.standing = { name: 'announced', announcement };
    // Another run of the peer, a page loaded anew, is news to its neighbours; the same once more is not.
    const isNews = former === undefined || former.record.epoch !== record.epoch;
    if (!this.lobby.isAlone) {
      visitor.lookups++;
      const ticket: Ticket = { connection, announce, isNews };
      const search = this.searchFor(announce);
      const member = { record, isOurs };
      out.push({ type: 'announce', network: network.name, peerId, epoch, member, search, ticket });
    } else {
      network.roster.ring.add(peerId);
      this.introduce(visitor, announcement, announce, isNews, network.roster, now, out);
    }
    if (isNews) this.lobby.emit('peerAnnounced', visitor, out);
  }

  /** The index has found whom `announce` may be answered with. Stale once the visitor is gone, or has said goodbye. */
  onFound(found: Extract<NodeInput, { type: 'found' }>, now: Millis, out: Outputs): void {
    const { connection, announce, isNews } = found.ticket;
    const visitor = this.lobby.visitors.get(connection);
    if (visitor === undefined) return;
    visitor.lookups--;
    if (visitor.standing.name !== 'announced') return;
    this.introduce(visitor, visitor.standing.announcement, announce, isNews, new Survey(found), now, out);
  }

  /** Answers those whose inquiries are at an end. */
  conclude(inquiry: Inquiry, now: Millis, out: Outputs): void {
    inquiry.asker.inquiry = undefined;
    this.answer(inquiry.asker, inquiry.announce, inquiry.census, inquiry, now, out);
  }

  /** Makes a discoverable visitor undiscoverable, and tells those concerned: who knows of it, and its ring neighbours. */
  conceal(visitor: Visitor, stays: boolean, now: Millis, out: Outputs): void {
    const { network, peerId, standing, epoch } = visitor;
    const known = standing.name === 'announced' ? standing.announcement.knownBy : new Set<PeerId>();
    const wasAnnounced = standing.name === 'announced';
    if (wasAnnounced) {
      visitor.standing = { name: 'left' };
      visitor.inquiry = undefined;
    }
    const message: ServerMessage = { type: 'peer-disconnected', peerId };
    if (this.lobby.isAlone) {
      if (!wasAnnounced) return;
      const { ring } = network.roster;
      ring.delete(peerId);
      const told = neighbours(ring, peerId, { ring: 1, nearest: 0, reach: 1 }, () => true);
      for (const other of known) if (ring.has(other)) told.add(other);
      return this.tell(network, told, message, now, out);
    }
    if (!wasAnnounced && stays) return;
    const told = [...known].filter((id) => network.announcement(id) !== undefined);
    this.tell(network, told, message, now, out);
    const knownBy = [...known].filter((id) => !network.holders.has(id));
    out.push({ type: 'depart', network: network.name, peerId, epoch, stays, knownBy, told });
  }

  /** Writes to members on this hub. */
  tell(network: Network, ids: Iterable<PeerId>, message: ServerMessage, now: Millis, out: Outputs): void {
    for (const id of ids) {
      const holder = network.holders.get(id);
      // After a crash of many the dead would be told most of all.
      if (holder?.standing.name !== 'announced' || this.vigil.isSilent(holder, now)) continue;
      write(holder.connection, message, out);
    }
  }

  /** What an announce needs to know of others: as much as choosing from everybody would look at. */
  private searchFor({ lost, sample, seeking }: Announce): Search {
    const { probeRingNeighbours, maxReach, ringNeighbours, ringNeighboursAfterLoss, nearest, random } =
      this.lobby.config;
    const hasLosses = lost !== undefined && lost.length > 0;
    const around = hasLosses ? maxReach : probeRingNeighbours;
    const given = 2 * (hasLosses ? ringNeighboursAfterLoss : ringNeighbours) + nearest + 1;
    return {
      around,
      nearest: Math.max(probeRingNeighbours, nearest + 1),
      random: given + (hasLosses ? SPARE_DRAWS : 1) * (sample ?? random),
      seeking: seeking ?? 0,
      also: lost ?? [],
    };
  }

  /** Gives a newcomer its peers, after an inquiry if it has lost some, and tells its neighbours. */
  private introduce(
    visitor: Visitor,
    announcement: Announcement,
    announce: Announce,
    isNews: boolean,
    census: Census,
    now: Millis,
    out: Outputs,
  ): void {
    const hasLosses = announce.lost !== undefined && announce.lost.length > 0;
    const inquiry = hasLosses ? this.vigil.inquire(visitor, announce, census, now, out) : undefined;
    if (inquiry === undefined) this.answer(visitor, announce, census, undefined, now, out);
    else if (inquiry.awaited.size === 0) this.conclude(inquiry, now, out);
    if (!isNews) return;
    const { network, peerId } = visitor;
    const { record } = announcement;
    const told = this.toldOf(visitor, announcement, census);
    for (const id of told) network.note(announcement, id);
    const message: ServerMessage = { type: 'peer-discovered', peerId, record };
    this.tell(network, told, message, now, out);
    this.forward(network, told, { type: 'write', message }, out);
  }

  /** Its ring neighbours, and README clients near it, who learn of others in no other way; near a README client anybody. */
  private toldOf({ network, peerId }: Visitor, { isOurs }: Announcement, census: Census): Set<PeerId> {
    const { tellRingNeighbours, tellNearest, probeRingNeighbours: reach } = this.lobby.config;
    const isThere = this.thereIn(network);
    const told = neighbours(census.ring, peerId, { ring: tellRingNeighbours, nearest: 0, reach }, isThere);
    const depends: Fits = (id) => {
      const other = network.announcement(id);
      return isThere(id) && (!isOurs || !(other?.isOurs ?? (census instanceof Survey && census.isOurs(id))));
    };
    for (const id of neighbours(census.ring, peerId, { ring: 0, nearest: tellNearest, reach }, depends)) told.add(id);
    return told;
  }

  /** Whether somebody is there, as far as this hub knows. */
  private thereIn({ holders }: Network): Fits {
    return (id) => {
      const member = holders.get(id);
      return member === undefined ? !this.lobby.isAlone : member.standing.name === 'announced';
    };
  }

  /**
   * Gives peers to `visitor`: none of whom it is being asked whether they live, and after an inquiry only such as have shown
   * life.
   */
  private answer(
    visitor: Visitor,
    announce: Announce,
    census: Census,
    inquiry: Inquiry | undefined,
    now: Millis,
    out: Outputs,
  ): void {
    const { connection, network, peerId } = visitor;
    const { config, rng } = this.lobby;
    const isThere = this.thereIn(network);
    const fits: Fits = (id) => {
      if (!isThere(id)) return false;
      return inquiry ? this.vigil.lives(inquiry, id, now) : network.holders.get(id)?.probe === undefined;
    };
    const { nearest } = config;
    const ring = inquiry ? config.ringNeighboursAfterLoss : config.ringNeighbours;
    const reach = inquiry ? config.maxReach : config.probeRingNeighbours;
    const chosen = neighbours(census.ring, peerId, { ring, nearest, reach }, fits);
    const total = chosen.size + (announce.sample ?? config.random);
    for (const id of inquiry?.drawn ?? []) if (chosen.size < total && fits(id)) chosen.add(id);
    for (const id of census.draw(peerId, total - chosen.size, chosen, fits, rng)) chosen.add(id);
    const matched = census.match(peerId, announce.seeking ?? 0, fits);
    const peers = this.give(network, census, chosen, peerId);
    const seeking = this.give(network, census, matched, peerId);
    this.forward(network, new Set([...chosen, ...matched]), { type: 'known', by: peerId }, out);
    if (announce.protocol === undefined) {
      for (const each of peers) write(connection, { type: 'peer-discovered', peerId: each.id, record: each }, out);
    } else {
      write(connection, { type: 'peers', peers, ...(seeking.length > 0 && { seeking }) }, out);
    }
  }

  /** The records of `ids`, of which `knower` knows from now on. */
  private give(network: Network, census: Census, ids: Iterable<PeerId>, knower: PeerId): PeerRecord[] {
    const records: PeerRecord[] = [];
    for (const id of ids) {
      const announcement = network.announcement(id);
      if (announcement !== undefined) network.note(announcement, knower);
      const record = announcement?.record ?? (census instanceof Survey ? census.record(id) : undefined);
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  /** Sends a message to the nodes of those who are not here. */
  private forward(network: Network, ids: ReadonlySet<PeerId>, message: NodeMessage, out: Outputs): void {
    if (this.lobby.isAlone) return;
    const to = [...ids].filter((id) => !network.holders.has(id));
    if (to.length > 0) out.push({ type: 'forward', network: network.name, to, message });
  }
}
