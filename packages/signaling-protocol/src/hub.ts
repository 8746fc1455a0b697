import type { DecodeError, Machine, Millis, PeerId, Rng } from '@peerpigeon/core';
import { isPeerId } from '@peerpigeon/identity';
import { CloseCode } from './close-code.js';
import { DEFAULT_HUB_CONFIG, DEFAULT_NETWORK, type HubConfig, PROTOCOL_VERSION } from './config.js';
import { isNetworkName } from './endpoint.js';
import type { ConnectionId, HubEvent, HubInput, HubOptions, HubOutput, HubTimer, Presence } from './hub-io.js';
import { type Fits, Network } from './hub-network.js';
import { absent, close, complain, setTimer, write } from './hub-output.js';
import { bareRecord, type ClientMessage, isSignal, type ServerMessage } from './message.js';
import { drawToken, isSameToken } from './resume.js';
import { Vigil } from './vigil.js';
import type { Announce, Announcement, Inquiry, Visitor } from './visitor.js';

/**
 * The server's side of signaling. Everybody is known by (network, id). A newcomer is given its ring neighbours, its
 * XOR-nearest and some random members; only those nearest to it are told of it. So a join costs a constant number of
 * messages, however large the network. Everything else it does is relaying.
 *
 * Whoever announces losses is given only members that have shown life; see `Vigil`. A connection that is asked for a sign of
 * life and gives none within `probeTimeoutMs` is dead, and closed.
 *
 * An id belongs to one connection at a time. Whoever comes second waits while the first is probed: if that shows life, the
 * second is refused with 4409; if not within `probeTimeoutMs`, the second takes over, and the first is closed with 4001. A
 * second that presents the first's resume token takes over at once.
 */
export class Hub implements Machine<HubInput, HubOutput> {
  private readonly rng: Rng;
  private readonly tokens: Rng | undefined;
  private readonly config: HubConfig;
  private readonly vigil: Vigil;
  private readonly visitors = new Map<ConnectionId, Visitor>();
  private readonly networks = new Map<string, Network>();
  /** Whether a sweep is due: one at a time, and none once nobody is here. */
  private sweeping: 'due' | 'none' = 'none';

  constructor({ rng, tokens, config }: HubOptions) {
    this.rng = rng;
    this.tokens = tokens;
    this.config = { ...DEFAULT_HUB_CONFIG, ...config };
    this.vigil = new Vigil(this.config);
  }

  /** Open connections, those included that wait for their id. */
  get connections(): number {
    return this.visitors.size;
  }

  /** Networks somebody is in. */
  get networkCount(): number {
    return this.networks.size;
  }

  /** Accepted peers, in the order in which they came. */
  *presences(): Iterable<Presence> {
    for (const { connection, peerId, network, standing, connectedAt, lastHeardAt } of this.visitors.values()) {
      if (connectedAt === undefined) continue;
      const announcedAt = standing.name === 'announced' ? standing.announcement.announcedAt : undefined;
      yield { connection, peerId, network: network.name, connectedAt, lastHeardAt, announcedAt };
    }
  }

  handle(input: HubInput, now: Millis, out: HubOutput[]): void {
    if (input.type === 'connected') return this.onConnected(input.connection, input.peerId, input.network, now, out);
    if (input.type === 'timer') return this.onTimer(input.timer, now, out);
    const visitor = this.visitors.get(input.connection);
    if (visitor === undefined) return; // closed by us meanwhile
    if (input.type === 'closed') return this.drop(visitor, now, out);
    this.onLife(visitor, now, out);
    if (input.type === 'message') this.onMessage(visitor, input.message, now, out);
    else if (input.type === 'malformed') this.onMalformed(visitor, input.error, now, out);
  }

  private onConnected(connection: ConnectionId, peerId: unknown, name: unknown, now: Millis, out: HubOutput[]): void {
    const network = name ?? DEFAULT_NETWORK;
    if (!isPeerId(peerId)) {
      return close(connection, CloseCode.MALFORMED, 'peerId: expected 40 lower-case hexadecimal digits', out);
    }
    if (!isNetworkName(network)) return close(connection, CloseCode.MALFORMED, 'network: not a name', out);
    if (this.visitors.size >= this.config.maxConnections) {
      return close(connection, CloseCode.FULL, 'the server is full', out);
    }
    const visitor: Visitor = {
      connection,
      peerId,
      network: this.networkOf(network),
      standing: { name: 'waiting', announce: undefined },
      connectedAt: undefined,
      resume: undefined,
      lastHeardAt: now,
      malformed: 0,
      probe: undefined,
      inquiry: undefined,
    };
    this.visitors.set(connection, visitor);
    this.claim(visitor, now, out);
    if (this.sweeping === 'none') this.scheduleSweep(now, out);
  }

  private networkOf(name: string): Network {
    const network = this.networks.get(name) ?? new Network(name, this.config);
    this.networks.set(name, network);
    return network;
  }

  /** Gives the visitor the id it waits for, if nobody holds it; else has the holder probed. */
  private claim(visitor: Visitor, now: Millis, out: HubOutput[]): void {
    const { network, peerId } = visitor;
    const holder = network.holders.get(peerId);
    if (holder === undefined) return this.admit(visitor, now, out);
    if (network.contenders.has(peerId)) return this.refuse(visitor, CloseCode.ID_TAKEN, 'the id is taken', now, out);
    network.contenders.set(peerId, visitor);
    this.vigil.probe(holder, now, out);
  }

  private admit(visitor: Visitor, now: Millis, out: HubOutput[]): void {
    const { network, peerId, standing } = visitor;
    visitor.standing = { name: 'connected' };
    network.contenders.delete(peerId);
    network.holders.set(peerId, visitor);
    if (visitor.connectedAt === undefined) {
      visitor.connectedAt = now;
      this.emit('peerConnected', visitor, out);
      this.greet(visitor, out);
    }
    if (standing.name === 'waiting' && standing.announce) this.announce(visitor, standing.announce, now, out);
  }

  private greet(visitor: Visitor, out: HubOutput[]): void {
    const { connection, peerId } = visitor;
    const { peerTimeoutMs, maxMessageBytes } = this.config;
    visitor.resume = this.tokens && drawToken(this.tokens);
    const limits = { peerTimeoutMs, maxMessageBytes, ...(visitor.resume && { resume: visitor.resume }) };
    write(connection, { type: 'connected', peerId, protocol: PROTOCOL_VERSION, ...limits }, out);
  }

  /** A visitor that waits for its id has announced itself: if it holds the holder's token, both are the same peer. */
  private resume(visitor: Visitor, { resume }: Announce, now: Millis, out: HubOutput[]): void {
    const { network, peerId } = visitor;
    const holder = network.holders.get(peerId);
    if (holder === undefined || network.contenders.get(peerId) !== visitor) return;
    if (isSameToken(holder.resume, resume)) this.takeOver(visitor, holder, now, out);
  }

  /** The holder is dead, or says so itself: `visitor` continues in its place. */
  private takeOver(visitor: Visitor, holder: Visitor, now: Millis, out: HubOutput[]): void {
    const { network, peerId, standing, connectedAt } = visitor;
    this.visitors.delete(holder.connection);
    close(holder.connection, CloseCode.SUPERSEDED, 'another connection took over', out);
    network.contenders.delete(peerId);
    network.holders.set(peerId, visitor);
    visitor.standing = holder.standing.name === 'announced' ? holder.standing : { name: 'connected' };
    visitor.connectedAt = now;
    // One that moved here from another network was counted there; now two have become one.
    if (connectedAt === undefined) this.greet(visitor, out);
    else this.emit('peerDisconnected', holder, out);
    this.endProbe(holder, now, out);
    if (standing.name === 'waiting' && standing.announce) this.announce(visitor, standing.announce, now, out);
  }

  private refuse(visitor: Visitor, code: number, reason: string, now: Millis, out: HubOutput[]): void {
    this.drop(visitor, now, out);
    close(visitor.connection, code, reason, out);
  }

  /** Forgets a visitor; if somebody waits for its id, that one has it now. */
  private drop(visitor: Visitor, now: Millis, out: HubOutput[]): void {
    this.visitors.delete(visitor.connection);
    if (visitor.connectedAt !== undefined) this.emit('peerDisconnected', visitor, out);
    this.release(visitor, now, out);
    // What was sent to it meanwhile is lost, unless another connection has its id now: that one may be asked again.
    const senders = visitor.network.holders.has(visitor.peerId) ? [] : (visitor.probe?.senders ?? []);
    for (const connection of senders) {
      const sender = this.visitors.get(connection);
      if (sender !== undefined) absent(sender, visitor.peerId, out);
    }
    this.endProbe(visitor, now, out);
  }

  /** Takes the visitor out of its network. */
  private release(visitor: Visitor, now: Millis, out: HubOutput[]): void {
    const { network, peerId } = visitor;
    this.conceal(visitor, now, out);
    if (network.contenders.get(peerId) === visitor) network.contenders.delete(peerId);
    if (network.holders.get(peerId) === visitor) {
      network.holders.delete(peerId);
      const heir = network.contenders.get(peerId);
      if (heir !== undefined) this.admit(heir, now, out);
    }
    if (network.isEmpty) this.networks.delete(network.name);
  }

  /** Makes a discoverable visitor undiscoverable, and tells those concerned. */
  private conceal(visitor: Visitor, now: Millis, out: HubOutput[]): void {
    const { network, peerId, standing } = visitor;
    if (standing.name !== 'announced') return;
    visitor.standing = { name: 'left' };
    visitor.inquiry = undefined;
    network.ring.delete(peerId);
    const message: ServerMessage = { type: 'peer-disconnected', peerId };
    this.tell(network, network.concerned(peerId, standing.announcement), message, now, out);
  }

  private onLife(visitor: Visitor, now: Millis, out: HubOutput[]): void {
    visitor.lastHeardAt = now;
    this.endProbe(visitor, now, out);
    const { network, peerId } = visitor;
    const contender = network.contenders.get(peerId);
    if (contender === undefined || contender === visitor) return;
    this.refuse(contender, CloseCode.ID_TAKEN, 'the id is taken', now, out);
  }

  private onMessage(visitor: Visitor, message: ClientMessage, now: Millis, out: HubOutput[]): void {
    if (isSignal(message)) {
      const { type, to, data } = message;
      return this.relay(visitor, to, { type, from: visitor.peerId, data }, now, out);
    }
    switch (message.type) {
      case 'announce':
        return this.onAnnounce(visitor, message, now, out);
      case 'goodbye':
        if (visitor.standing.name === 'waiting') visitor.standing = { name: 'waiting', announce: undefined };
        if (visitor.standing.name !== 'announced') return;
        this.conceal(visitor, now, out);
        return this.emit('peerGoodbye', visitor, out);
      case 'cleanup':
        return;
      case 'ping':
        return write(visitor.connection, { type: 'pong' }, out);
    }
  }

  private onMalformed(visitor: Visitor, error: DecodeError, now: Millis, out: HubOutput[]): void {
    const { connection, peerId } = visitor;
    out.push({ type: 'event', event: { type: 'peerMisbehaved', peerId, error } });
    complain(visitor, 'MALFORMED', error.message, out);
    if (++visitor.malformed < this.config.maxMalformed) return;
    this.drop(visitor, now, out);
    close(connection, CloseCode.MALFORMED, 'too many malformed messages', out);
  }

  /**
   * Who still waits for its id is nobody yet: what it sends is lost, its announce excepted. A target that has not been heard
   * of for a while is asked whether it lives, for else its death would be learnt only when it has been silent for long.
   */
  private relay(visitor: Visitor, to: PeerId, message: ServerMessage, now: Millis, out: HubOutput[]): void {
    if (visitor.standing.name === 'waiting') return;
    const target = visitor.network.holders.get(to);
    if (target === undefined || target.standing.name === 'left') return absent(visitor, to, out);
    write(target.connection, message, out);
    this.vigil.expect(target, visitor, now, out);
  }

  private onAnnounce(visitor: Visitor, message: Announce, now: Millis, out: HubOutput[]): void {
    const { peerId, standing, network } = visitor;
    const named = message.peerId ?? peerId;
    if (named !== peerId || (message.record?.id ?? peerId) !== peerId) {
      return complain(visitor, 'ID_MISMATCH', `announce: expected ${peerId}, the id of this connection`, out);
    }
    if (message.network !== undefined && message.network !== network.name) {
      if (standing.name === 'announced') {
        return complain(visitor, 'NETWORK_FIXED', `announce: already announced in ${network.name}`, out);
      }
      this.release(visitor, now, out);
      visitor.network = this.networkOf(message.network);
      visitor.standing = { name: 'waiting', announce: message };
      this.claim(visitor, now, out);
      return this.resume(visitor, message, now, out);
    }
    if (standing.name !== 'waiting') return this.announce(visitor, message, now, out);
    visitor.standing = { name: 'waiting', announce: message };
    this.resume(visitor, message, now, out);
  }

  private announce(visitor: Visitor, message: Announce, now: Millis, out: HubOutput[]): void {
    const { network, peerId, standing } = visitor;
    const record = message.record ?? bareRecord(peerId);
    const former = standing.name === 'announced' ? standing.announcement : undefined;
    const announcement: Announcement = {
      record,
      announcedAt: former?.announcedAt ?? now,
      isOurs: message.protocol !== undefined,
      knownBy: former?.knownBy ?? new Set(),
    };
    visitor.standing = { name: 'announced', announcement };
    network.ring.add(peerId);

    const hasLosses = message.lost !== undefined && message.lost.length > 0;
    const inquiry = hasLosses ? this.vigil.inquire(visitor, message, this.rng, now, out) : undefined;
    if (inquiry === undefined) this.answer(visitor, message, undefined, now, out);
    else if (inquiry.awaited.size === 0) this.conclude(inquiry, now, out);

    // Another run of the peer, a page loaded anew, is news to its neighbours; the same once more is not.
    if (former !== undefined && former.record.epoch === record.epoch) return;
    const told = this.toldOf(visitor, announcement);
    for (const id of told) network.note(announcement, id);
    this.tell(network, told, { type: 'peer-discovered', peerId, record }, now, out);
    this.emit('peerAnnounced', visitor, out);
  }

  /** Its ring neighbours, and README clients near it, who learn of others in no other way; near a README client anybody. */
  private toldOf({ network, peerId }: Visitor, { isOurs }: Announcement): Set<PeerId> {
    const { tellRingNeighbours, tellNearest } = this.config;
    const told = network.neighbours(peerId, tellRingNeighbours, 0, () => true);
    const depends: Fits = ({ standing }) => !isOurs || (standing.name === 'announced' && !standing.announcement.isOurs);
    for (const id of network.neighbours(peerId, 0, tellNearest, depends)) told.add(id);
    return told;
  }

  /**
   * Gives peers to `visitor`: none of whom it is being asked whether they live, and after an inquiry only such as have shown
   * life.
   */
  private answer(
    visitor: Visitor,
    message: Announce,
    inquiry: Inquiry | undefined,
    now: Millis,
    out: HubOutput[],
  ): void {
    const { connection, network, peerId } = visitor;
    const { ringNeighbours, ringNeighboursAfterLoss, nearest, random } = this.config;
    const fits: Fits = (member) =>
      inquiry === undefined ? member.probe === undefined : this.vigil.isFresh(member, now);
    const reach = inquiry ? this.config.maxReach : 0;
    const chosen = network.neighbours(peerId, inquiry ? ringNeighboursAfterLoss : ringNeighbours, nearest, fits, reach);
    const total = chosen.size + (message.sample ?? random);
    for (const id of inquiry?.drawn ?? []) if (chosen.size < total && network.isFit(id, fits)) chosen.add(id);
    for (const id of network.draw(peerId, total - chosen.size, chosen, fits, this.rng)) chosen.add(id);
    const records = network.give(chosen, peerId);
    const seeking = network.give(network.match(peerId, message.seeking ?? 0, fits), peerId);
    if (message.protocol === undefined) {
      for (const each of records) write(connection, { type: 'peer-discovered', peerId: each.id, record: each }, out);
    } else {
      write(connection, { type: 'peers', peers: records, ...(seeking.length > 0 && { seeking }) }, out);
    }
  }

  /** Ends the probe of a visitor that has shown life, or is gone, and answers who waited for that. */
  private endProbe(visitor: Visitor, now: Millis, out: HubOutput[]): void {
    for (const inquiry of this.vigil.end(visitor)) this.conclude(inquiry, now, out);
  }

  private conclude(inquiry: Inquiry, now: Millis, out: HubOutput[]): void {
    inquiry.asker.inquiry = undefined;
    this.answer(inquiry.asker, inquiry.announce, inquiry, now, out);
  }

  private tell(network: Network, ids: Iterable<PeerId>, message: ServerMessage, now: Millis, out: HubOutput[]): void {
    for (const id of ids) {
      const holder = network.holders.get(id);
      // After a crash of many the dead would be told most of all.
      if (holder?.standing.name !== 'announced' || this.vigil.isSilent(holder, now)) continue;
      write(holder.connection, message, out);
    }
  }

  private onTimer(timer: HubTimer, now: Millis, out: HubOutput[]): void {
    if (timer.type === 'sweep') return this.sweep(now, out);
    const visitor = this.visitors.get(timer.connection);
    if (timer.type === 'answer') {
      const inquiry = visitor?.inquiry;
      if (inquiry === undefined || now < inquiry.until || this.vigil.goesOn(inquiry, now, out)) return;
      this.conclude(inquiry, now, out);
      return;
    }
    if (visitor?.probe === undefined || now < visitor.probe.until) return;
    const { network, peerId } = visitor;
    const contender = network.contenders.get(peerId);
    if (contender === undefined) this.refuse(visitor, CloseCode.IDLE, 'no sign of life when asked for one', now, out);
    else this.takeOver(contender, visitor, now, out);
  }

  /** Closes who has been silent for too long; asks who has been for half as long. */
  private sweep(now: Millis, out: HubOutput[]): void {
    if (this.sweeping === 'none') return;
    const { peerTimeoutMs } = this.config;
    for (const visitor of this.visitors.values()) {
      const silentMs = now - visitor.lastHeardAt;
      if (silentMs >= peerTimeoutMs) this.refuse(visitor, CloseCode.IDLE, 'silent for too long', now, out);
      else if (2 * silentMs >= peerTimeoutMs && visitor.probe === undefined)
        out.push({ type: 'probe', connection: visitor.connection });
    }
    this.sweeping = 'none';
    if (this.visitors.size > 0) this.scheduleSweep(now, out);
  }

  private scheduleSweep(now: Millis, out: HubOutput[]): void {
    const { sweepIntervalMs, peerTimeoutMs } = this.config;
    // Four to a timeout: between half of it and the end a connection is probed at least once.
    this.sweeping = 'due';
    setTimer(now + Math.min(sweepIntervalMs, peerTimeoutMs / 4), { type: 'sweep' }, out);
  }

  private emit(type: Exclude<HubEvent['type'], 'peerMisbehaved'>, visitor: Visitor, out: HubOutput[]): void {
    out.push({ type: 'event', event: { type, peerId: visitor.peerId, network: visitor.network.name } });
  }
}
