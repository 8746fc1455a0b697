import type { DecodeError, Machine, Millis, PeerId } from '@peerpigeon/core';
import { isPeerId } from '@peerpigeon/identity';
import { CloseCode } from './close-code.js';
import { DEFAULT_HUB_CONFIG, DEFAULT_NETWORK } from './config.js';
import { Discovery } from './discovery.js';
import { isNetworkName } from './endpoint.js';
import type { ConnectionId, HubInput, HubOptions, HubOutput, HubTimer, Presence } from './hub-io.js';
import { type Outputs, absent, close, complain, setTimer, write } from './hub-output.js';
import { Lobby } from './lobby.js';
import { type ClientMessage, isSignal, type ServerMessage } from './message.js';
import type { NodeInput, NodeOutput } from './node-io.js';
import { Ownership } from './ownership.js';
import { Vigil } from './vigil.js';
import type { Announce, Ping, Sender, SignalMessage, Visitor } from './visitor.js';

/**
 * The server's side of signaling. Everybody is known by (network, id). It introduces newcomers (`Discovery`), sees to it that
 * an id belongs to one connection (`Ownership`), and finds out who lives (`Vigil`): a connection that is asked for a sign of
 * life and gives none within `probeTimeoutMs` is dead, and closed. Everything else it does is relaying.
 *
 * A hub is alone, or one of several that serve the same networks, each on a node of its own (`HubOptions.node`). Then what it
 * needs of the others are outputs too, and their answers inputs (`node-io.ts`); its peers see no difference.
 */
export class Hub implements Machine<HubInput | NodeInput, HubOutput | NodeOutput> {
  private readonly lobby: Lobby;
  private readonly vigil: Vigil;
  private readonly discovery: Discovery;
  private readonly ownership: Ownership;
  /** Whether a sweep is due: one at a time, and none once nobody is here. */
  private sweeping: 'due' | 'none' = 'none';

  constructor({ rng, tokens, config, node }: HubOptions) {
    this.lobby = new Lobby({ ...DEFAULT_HUB_CONFIG, ...config }, rng, node);
    this.vigil = new Vigil(this.lobby);
    this.discovery = new Discovery(this.lobby, this.vigil);
    this.ownership = new Ownership(this.lobby, this.vigil, this.discovery, tokens);
  }

  /** Open connections, those included that wait for their id. */
  get connections(): number {
    return this.lobby.visitors.size;
  }

  /** Networks somebody is in. */
  get networkCount(): number {
    return this.lobby.networks.size;
  }

  /** Accepted peers, in the order in which they came. */
  *presences(): Iterable<Presence> {
    for (const { connection, peerId, network, standing, connectedAt, lastHeardAt } of this.lobby.visitors.values()) {
      if (connectedAt === undefined) continue;
      const announcedAt = standing.name === 'announced' ? standing.announcement.announcedAt : undefined;
      yield { connection, peerId, network: network.name, connectedAt, lastHeardAt, announcedAt };
    }
  }

  handle(input: HubInput | NodeInput, now: Millis, out: Outputs): void {
    switch (input.type) {
      case 'connected':
        return this.onConnected(input.connection, input.peerId, input.network, now, out);
      case 'timer':
        return this.onTimer(input.timer, now, out);
      case 'message':
      case 'malformed':
      case 'alive':
      case 'closed':
        return this.onVisitor(input, now, out);
      default:
        return this.onNode(input, now, out);
    }
  }

  private onConnected(connection: ConnectionId, peerId: unknown, name: unknown, now: Millis, out: Outputs): void {
    const network = name ?? DEFAULT_NETWORK;
    const { visitors, config } = this.lobby;
    if (!isPeerId(peerId)) {
      return close(connection, CloseCode.MALFORMED, 'peerId: expected 40 lower-case hexadecimal digits', out);
    }
    if (!isNetworkName(network)) return close(connection, CloseCode.MALFORMED, 'network: not a name', out);
    if (visitors.size >= config.maxConnections) return close(connection, CloseCode.FULL, 'the server is full', out);
    const visitor: Visitor = {
      connection,
      peerId,
      network: this.lobby.networkOf(network),
      standing: { name: 'waiting', announce: undefined },
      epoch: 0,
      lookups: 0,
      early: undefined,
      connectedAt: undefined,
      resume: undefined,
      lastHeardAt: now,
      malformed: 0,
      probe: undefined,
      inquiry: undefined,
    };
    visitors.set(connection, visitor);
    this.ownership.claim(visitor, now, out);
    if (this.sweeping === 'none') this.scheduleSweep(now, out);
  }

  /** Whatever comes over a connection but for its close is a sign of life. */
  private onVisitor(input: Exclude<HubInput, { type: 'connected' | 'timer' }>, now: Millis, out: Outputs): void {
    const visitor = this.lobby.visitors.get(input.connection);
    if (visitor === undefined) return; // closed by us meanwhile
    if (input.type === 'closed') return this.ownership.drop(visitor, now, out);
    visitor.lastHeardAt = now;
    this.ownership.endProbe(visitor, true, now, out);
    this.ownership.onLife(visitor, now, out);
    if (input.type === 'message') this.onMessage(visitor, input.message, now, out);
    else if (input.type === 'malformed') this.onMalformed(visitor, input.error, now, out);
  }

  private onMessage(visitor: Visitor, message: ClientMessage, now: Millis, out: Outputs): void {
    if (isSignal(message)) return this.relay(visitor, message, now, out);
    switch (message.type) {
      case 'announce':
        return this.onAnnounce(visitor, message, now, out);
      case 'goodbye':
        if (visitor.standing.name === 'waiting') visitor.standing = { ...visitor.standing, announce: undefined };
        if (visitor.standing.name !== 'announced') return;
        this.discovery.conceal(visitor, true, now, out);
        return this.lobby.emit('peerGoodbye', visitor, out);
      case 'cleanup':
        return;
      case 'ping':
        if (this.isAsking(visitor) && this.keep(visitor, message)) return;
        return write(visitor.connection, { type: 'pong' }, out);
    }
  }

  private onMalformed(visitor: Visitor, error: DecodeError, now: Millis, out: Outputs): void {
    const { connection, peerId } = visitor;
    out.push({ type: 'event', event: { type: 'peerMisbehaved', peerId, error } });
    complain(visitor, 'MALFORMED', error.message, out);
    if (++visitor.malformed < this.lobby.config.maxMalformed) return;
    this.ownership.drop(visitor, now, out);
    close(connection, CloseCode.MALFORMED, 'too many malformed messages', out);
  }

  /**
   * Who still waits for its id is nobody yet: what it sends is lost, its announce excepted, unless only the index is being
   * asked, of which a peer need not know. A target that has not been heard
   * of for a while is asked whether it lives, for else its death would be learnt only when it has been silent for long.
   */
  private relay(visitor: Visitor, signal: SignalMessage, now: Millis, out: Outputs): void {
    const { standing, network, connection, peerId } = visitor;
    if (standing.name === 'waiting') {
      if (this.isAsking(visitor)) this.keep(visitor, signal);
      return;
    }
    const { type, to, data } = signal;
    const message: ServerMessage = { type, from: peerId, data };
    const target = network.holders.get(to);
    if (target !== undefined) return this.reach(target, { connection }, message, now, out);
    if (this.lobby.isAlone) return absent(visitor, to, out);
    const forwarded = { type: 'write', message } as const;
    out.push({ type: 'forward', network: network.name, to: [to], message: forwarded, sender: connection });
  }

  /** Writes a signal to a holder on this hub. */
  private reach(target: Visitor, sender: Sender, message: ServerMessage, now: Millis, out: Outputs): void {
    if (target.standing.name === 'left') return this.lobby.absent(sender, target.peerId, out);
    write(target.connection, message, out);
    this.vigil.expect(target, sender, now, out);
  }

  private onAnnounce(visitor: Visitor, message: Announce, now: Millis, out: Outputs): void {
    const { peerId, standing, network } = visitor;
    const named = message.peerId ?? peerId;
    if (named !== peerId || (message.record?.id ?? peerId) !== peerId) {
      return complain(visitor, 'ID_MISMATCH', `announce: expected ${peerId}, the id of this connection`, out);
    }
    if (message.network !== undefined && message.network !== network.name) {
      if (standing.name === 'announced') {
        return complain(visitor, 'NETWORK_FIXED', `announce: already announced in ${network.name}`, out);
      }
      this.ownership.release(visitor, now, out);
      visitor.network = this.lobby.networkOf(message.network);
      visitor.standing = { name: 'waiting', announce: message };
      this.ownership.claim(visitor, now, out);
      return this.ownership.resume(visitor, message, now, out);
    }
    if (standing.name !== 'waiting') return this.discovery.announce(visitor, message, now, out);
    visitor.standing = { ...standing, announce: message };
    this.ownership.resume(visitor, message, now, out);
  }

  private onTimer(timer: HubTimer, now: Millis, out: Outputs): void {
    if (timer.type === 'sweep') return this.sweep(now, out);
    const visitor = this.lobby.visitors.get(timer.connection);
    if (visitor === undefined) return;
    if (timer.type === 'contest') return this.ownership.onContestTimer(visitor, now, out);
    const { probe, inquiry } = visitor;
    if (timer.type === 'probe') {
      if (probe !== undefined && now >= probe.until) this.ownership.onDeath(visitor, now, out);
    } else if (inquiry !== undefined && now >= inquiry.until && !this.vigil.goesOn(inquiry, now, out)) {
      this.discovery.conclude(inquiry, now, out);
    }
  }

  /** What the index of all nodes tells, and what other hubs say. */
  private onNode(input: NodeInput, now: Millis, out: Outputs): void {
    switch (input.type) {
      case 'claimed':
        this.ownership.onClaimed(input, now, out);
        return this.hearEarly(input.connection, now, out);
      case 'held':
        this.ownership.onHeld(input, now, out);
        return this.hearEarly(input.connection, now, out);
      case 'found':
        this.discovery.onFound(input, now, out);
        return this.hearEarly(input.ticket.connection, now, out);
      case 'absent':
        return this.lobby.absent({ connection: input.connection }, input.peerId, out);
      case 'superseded':
        return this.ownership.onSuperseded(input, now, out);
      case 'delivered':
        return this.onDelivered(input, now, out);
    }
  }

  /** Whether the index is being asked for the visitor: for its id, or for peers. */
  private isAsking({ standing, network, peerId, lookups }: Visitor): boolean {
    if (lookups > 0) return true;
    const waits = standing.name === 'waiting' && standing.contest === undefined;
    return waits && !this.lobby.isAlone && !network.holders.has(peerId);
  }

  /** Keeps a message until the index has answered; false when there are too many. */
  private keep(visitor: Visitor, message: SignalMessage | Ping): boolean {
    const early = (visitor.early ??= []);
    if (early.length >= this.lobby.config.maxEarly) return false;
    early.push(message);
    return true;
  }

  /** Hears what was kept, once the index is not being asked any more. */
  private hearEarly(connection: ConnectionId, now: Millis, out: Outputs): void {
    const visitor = this.lobby.visitors.get(connection);
    if (visitor?.early === undefined || this.isAsking(visitor)) return;
    const { early } = visitor;
    visitor.early = undefined;
    for (const message of early) this.onMessage(visitor, message, now, out);
  }

  private onDelivered(input: Extract<NodeInput, { type: 'delivered' }>, now: Millis, out: Outputs): void {
    const { from, message, network = '', to = [], sender } = input;
    switch (message.type) {
      case 'write':
        return this.deliver(
          network,
          to,
          message.message,
          sender === undefined ? undefined : { node: from, connection: sender },
          now,
          out,
        );
      case 'known':
        for (const id of to) {
          const announcement = this.lobby.networks.get(network)?.announcement(id);
          if (announcement !== undefined) this.lobby.networks.get(network)?.note(announcement, message.by);
        }
        return;
      case 'verify':
        return this.vigil.vouch(network, to, { node: from, connection: message.connection }, now, out);
      case 'verified': {
        const asker = this.lobby.visitors.get(message.connection);
        const inquiry = asker && this.vigil.heard(asker, message.peerIds, message.alive);
        if (inquiry !== undefined) this.discovery.conclude(inquiry, now, out);
        return;
      }
      case 'contest':
        return this.ownership.onContest(from, message, now, out);
      case 'contested':
        return this.ownership.onContested(from, message, now, out);
      case 'absent':
        return this.lobby.absent({ connection: message.connection }, message.peerId, out);
    }
  }

  /** What another node has for the sockets of this one's peers. */
  private deliver(
    name: string,
    ids: readonly PeerId[],
    message: ServerMessage,
    sender: Sender | undefined,
    now: Millis,
    out: Outputs,
  ): void {
    const network = this.lobby.networks.get(name);
    if (sender === undefined) return network && this.discovery.tell(network, ids, message, now, out);
    for (const id of ids) {
      const target = network?.holders.get(id);
      if (target === undefined) this.lobby.absent(sender, id, out);
      else this.reach(target, sender, message, now, out);
    }
  }

  /** Closes who has been silent for too long; asks who has been for half as long. */
  private sweep(now: Millis, out: Outputs): void {
    if (this.sweeping === 'none') return;
    const { visitors, config } = this.lobby;
    const { peerTimeoutMs } = config;
    for (const visitor of visitors.values()) {
      const silentMs = now - visitor.lastHeardAt;
      if (silentMs >= peerTimeoutMs) this.ownership.refuse(visitor, CloseCode.IDLE, 'silent for too long', now, out);
      else if (2 * silentMs >= peerTimeoutMs && visitor.probe === undefined)
        out.push({ type: 'probe', connection: visitor.connection });
    }
    this.sweeping = 'none';
    if (visitors.size > 0) this.scheduleSweep(now, out);
  }

  private scheduleSweep(now: Millis, out: Outputs): void {
    const { sweepIntervalMs, peerTimeoutMs } = this.lobby.config;
    // Four to a timeout: between half of it and the end a connection is probed at least once.
    this.sweeping = 'due';
    setTimer(now + Math.min(sweepIntervalMs, peerTimeoutMs / 4), { type: 'sweep' }, out);
  }
}
