import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import { CloseCode } from './close-code.js';
import { PROTOCOL_VERSION } from './config.js';
import type { Discovery } from './discovery.js';
import type { Network } from './hub-network.js';
import { type Outputs, close, setTimer, write } from './hub-output.js';
import type { Lobby } from './lobby.js';
import type { Member, NodeId, NodeInput, NodeMessage, Stranger } from './node-io.js';
import { drawToken, isSameToken } from './resume.js';
import type { Vigil } from './vigil.js';
import type { Announce, Contest, Standing, Visitor } from './visitor.js';

type Message<Type extends NodeMessage['type']> = Extract<NodeMessage, { type: Type }>;
type Verdict = Message<'contested'>['verdict'];

/**
 * Which connection has which id: one at a time. Whoever comes second waits while the first is probed: if that shows life, the
 * second is refused with 4409; if not within `probeTimeoutMs`, the second takes over, and the first is closed with 4001. A
 * second that presents the first's resume token takes over at once.
 *
 * Among several nodes the index says who holds an id, and what holds on one node goes by messages: the newcomer's node
 * contests the id, the holder's node probes and gives the verdict. Where none comes, that node is as good as gone.
 */
export class Ownership {
  private readonly lobby: Lobby;
  private readonly vigil: Vigil;
  private readonly discovery: Discovery;
  private readonly tokens: Rng | undefined;

  constructor(lobby: Lobby, vigil: Vigil, discovery: Discovery, tokens: Rng | undefined) {
    this.lobby = lobby;
    this.vigil = vigil;
    this.discovery = discovery;
    this.tokens = tokens;
  }

  /** Gives the visitor the id it waits for, if nobody holds it; else has the holder probed. */
  claim(visitor: Visitor, now: Millis, out: Outputs): void {
    const { network, peerId } = visitor;
    const holder = network.holders.get(peerId);
    if (holder === undefined && this.lobby.isAlone) return this.admit(visitor, { name: 'connected' }, now, out);
    if (network.contenders.has(peerId)) return this.refuse(visitor, CloseCode.ID_TAKEN, 'the id is taken', now, out);
    network.contenders.set(peerId, visitor);
    if (holder === undefined) this.ask(visitor, undefined, out);
    else this.vigil.probe(holder, now, out);
  }

  /** A visitor that waits for its id has announced itself: if it holds the holder's token, both are the same peer. */
  resume(visitor: Visitor, { resume }: Announce, now: Millis, out: Outputs): void {
    const { network, peerId, standing } = visitor;
    if (network.contenders.get(peerId) !== visitor) return;
    if (standing.name === 'waiting' && standing.contest) {
      if (resume !== undefined) contest(visitor, standing.contest, resume, out);
      return;
    }
    const holder = network.holders.get(peerId);
    if (holder !== undefined && isSameToken(holder.resume, resume)) this.takeOver(visitor, holder, now, out);
  }

  /** A holder shows life: whoever waits for its id is refused. */
  onLife(holder: Visitor, now: Millis, out: Outputs): void {
    const { network, peerId } = holder;
    const contender = network.contenders.get(peerId);
    if (contender === undefined || contender === holder) return;
    if (isVisitor(contender)) return this.refuse(contender, CloseCode.ID_TAKEN, 'the id is taken', now, out);
    if (!network.holders.has(peerId)) return;
    network.contenders.delete(peerId);
    answer(contender, holder, 'alive', out);
  }

  /** A holder has not shown life in time: who waits for its id continues in its place. */
  onDeath(holder: Visitor, now: Millis, out: Outputs): void {
    const contender = holder.network.contenders.get(holder.peerId);
    if (contender === undefined || contender === holder) {
      this.refuse(holder, CloseCode.IDLE, 'no sign of life when asked for one', now, out);
    } else if (isVisitor(contender)) this.takeOver(contender, holder, now, out);
    else this.yield(holder, contender, now, out);
  }

  refuse(visitor: Visitor, code: number, reason: string, now: Millis, out: Outputs): void {
    this.drop(visitor, now, out);
    close(visitor.connection, code, reason, out);
  }

  /** Forgets a visitor; if somebody waits for its id, that one has it now. */
  drop(visitor: Visitor, now: Millis, out: Outputs): void {
    this.lobby.visitors.delete(visitor.connection);
    if (visitor.connectedAt !== undefined) this.lobby.emit('peerDisconnected', visitor, out);
    this.release(visitor, now, out);
    // What was sent to it meanwhile is lost, unless another connection has its id now: that one may be asked again.
    const senders = visitor.network.holders.has(visitor.peerId) ? [] : (visitor.probe?.senders.values() ?? []);
    for (const sender of senders) this.lobby.absent(sender, visitor.peerId, out);
    this.endProbe(visitor, false, now, out);
  }

  /** Takes the visitor out of its network. */
  release(visitor: Visitor, now: Millis, out: Outputs): void {
    const { network, peerId } = visitor;
    if (network.contenders.get(peerId) === visitor) network.contenders.delete(peerId);
    if (network.holders.get(peerId) === visitor) {
      this.discovery.conceal(visitor, false, now, out);
      network.holders.delete(peerId);
      this.inherit(visitor, now, out);
    }
    this.lobby.tidy(network);
  }

  /** Ends the probe of a visitor that has shown life, or is gone, and answers who waited for that. */
  endProbe(visitor: Visitor, alive: boolean, now: Millis, out: Outputs): void {
    for (const inquiry of this.vigil.end(visitor, alive, out)) this.discovery.conclude(inquiry, now, out);
  }

  /** The index has given this node the id. */
  onClaimed(input: Extract<NodeInput, { type: 'claimed' }>, now: Millis, out: Outputs): void {
    const { connection, network, peerId, epoch, former } = input;
    const visitor = this.lobby.visitors.get(connection);
    const isHere = visitor !== undefined && visitor.network.name === network;
    if (isHere && visitor.network.holders.get(peerId) === visitor) {
      // It has claimed twice.
      visitor.epoch = epoch;
      return;
    }
    if (!isHere || visitor.standing.name !== 'waiting') {
      // It is gone meanwhile, or in another network.
      const nobody = { stays: false, knownBy: [], told: [] };
      out.push({ type: 'depart', network, peerId, epoch, ...nobody });
      return;
    }
    visitor.epoch = epoch;
    this.admit(visitor, standingOf(former, visitor.standing.contest?.knownBy, now), now, out);
  }

  /** Another node holds the id. */
  onHeld(input: Extract<NodeInput, { type: 'held' }>, now: Millis, out: Outputs): void {
    const { connection, network, node, epoch } = input;
    const visitor = this.lobby.visitors.get(connection);
    if (visitor?.standing.name !== 'waiting' || visitor.network.name !== network) return;
    const { probeTimeoutMs, verifyMs } = this.lobby.config;
    const until = now + probeTimeoutMs + verifyMs;
    const { announce } = visitor.standing;
    visitor.standing = { name: 'waiting', announce, contest: { node, epoch, until } };
    contest(visitor, { node, epoch, until }, announce?.resume, out);
    setTimer(until, { type: 'contest', connection }, out);
  }

  /** The holder's node has not answered. Stale if it has. */
  onContestTimer(visitor: Visitor, now: Millis, out: Outputs): void {
    const { standing } = visitor;
    if (standing.name !== 'waiting' || standing.contest === undefined || now < standing.contest.until) return;
    // A verdict that comes yet is too late.
    visitor.standing = { name: 'waiting', announce: standing.announce };
    this.ask(visitor, standing.contest, out);
  }

  /** A connection of another node wants an id that this one holds. */
  onContest(from: NodeId, message: Message<'contest'>, now: Millis, out: Outputs): void {
    const { connection, network: name, peerId, epoch, resume } = message;
    const stranger: Stranger = { node: from, connection };
    const network = this.lobby.networks.get(name);
    const holder = network?.holders.get(peerId);
    const contender = network?.contenders.get(peerId);
    const reply = (verdict: Verdict): void => answer(stranger, { network: { name }, peerId, epoch }, verdict, out);
    if (network === undefined || holder === undefined || holder.epoch !== epoch) {
      // A visitor may be about to learn that the id is its own.
      if (contender !== undefined && isVisitor(contender)) return reply('alive');
      out.push({ type: 'depart', network: name, peerId, epoch, stays: false, knownBy: [], told: [] });
      return reply('vacant');
    }
    // Of one node only one connection contends; another one means that the former is gone.
    const isTaken = contender !== undefined && (isVisitor(contender) || contender.node !== from);
    if (isTaken) return reply('alive');
    if (isSameToken(holder.resume, resume)) return this.yield(holder, stranger, now, out);
    network.contenders.set(peerId, stranger);
    this.vigil.probe(holder, now, out);
  }

  /** The verdict of the holder's node. Stale if the visitor does not wait for it any more. */
  onContested(from: NodeId, message: Message<'contested'>, now: Millis, out: Outputs): void {
    const { connection, network, peerId, epoch, verdict, knownBy } = message;
    const visitor = this.lobby.visitors.get(connection);
    const standing = visitor?.standing;
    const isAwaited = standing?.name === 'waiting' && standing.contest?.epoch === epoch;
    if (visitor === undefined || !isAwaited || visitor.peerId !== peerId || standing.contest?.node !== from) {
      // Nobody has the id now that was given up for this one.
      if (verdict === 'yielded') out.push({ type: 'depart', network, peerId, epoch, stays: false, knownBy, told: [] });
      return;
    }
    if (verdict === 'alive') return this.refuse(visitor, CloseCode.ID_TAKEN, 'the id is taken', now, out);
    visitor.standing = { ...standing, contest: { ...standing.contest, knownBy } };
    this.ask(visitor, verdict === 'yielded' ? standing.contest : undefined, out);
  }

  /** Somebody holds the id on another node, who came later: the holder here is closed. Stale for a later one. */
  onSuperseded(
    { network, peerId, epoch }: Extract<NodeInput, { type: 'superseded' }>,
    now: Millis,
    out: Outputs,
  ): void {
    const holder = this.lobby.holder(network, peerId);
    if (holder === undefined || holder.epoch > epoch) return;
    this.forget(holder, now, out);
    this.inherit(holder, now, out);
    this.lobby.tidy(holder.network);
  }

  /** The id is the visitor's, and it stands with it as `standing` says. */
  private admit(visitor: Visitor, standing: Standing, now: Millis, out: Outputs): void {
    const { network, peerId } = visitor;
    const waited = visitor.standing;
    visitor.standing = standing;
    network.contenders.delete(peerId);
    network.holders.set(peerId, visitor);
    if (visitor.connectedAt === undefined) {
      visitor.connectedAt = now;
      this.lobby.emit('peerConnected', visitor, out);
      this.greet(visitor, out);
    }
    // Taken over from another node, where that was told.
    if (standing.name === 'announced') this.lobby.emit('peerAnnounced', visitor, out);
    if (waited.name === 'waiting' && waited.announce) this.discovery.announce(visitor, waited.announce, now, out);
  }

  private greet(visitor: Visitor, out: Outputs): void {
    const { connection, peerId } = visitor;
    const { peerTimeoutMs, maxMessageBytes } = this.lobby.config;
    visitor.resume = this.tokens && drawToken(this.tokens);
    const limits = { peerTimeoutMs, maxMessageBytes, ...(visitor.resume && { resume: visitor.resume }) };
    write(connection, { type: 'connected', peerId, protocol: PROTOCOL_VERSION, ...limits }, out);
  }

  /** The holder is dead, or says so itself: `visitor` continues in its place. */
  private takeOver(visitor: Visitor, holder: Visitor, now: Millis, out: Outputs): void {
    const { network, peerId, standing, connectedAt } = visitor;
    this.lobby.visitors.delete(holder.connection);
    holder.inquiry = undefined;
    close(holder.connection, CloseCode.SUPERSEDED, 'another connection took over', out);
    network.contenders.delete(peerId);
    network.holders.set(peerId, visitor);
    visitor.standing = holder.standing.name === 'announced' ? holder.standing : { name: 'connected' };
    visitor.epoch = holder.epoch;
    visitor.connectedAt = now;
    // One that moved here from another network was counted there; now two have become one.
    if (connectedAt === undefined) this.greet(visitor, out);
    else this.lobby.emit('peerDisconnected', holder, out);
    this.endProbe(holder, false, now, out);
    if (standing.name === 'waiting' && standing.announce) this.discovery.announce(visitor, standing.announce, now, out);
  }

  /** The same for a connection of another node, which takes what the index has of the holder. */
  private yield(holder: Visitor, heir: Stranger, now: Millis, out: Outputs): void {
    const { network, peerId, standing } = holder;
    this.forget(holder, now, out);
    network.contenders.delete(peerId);
    const known = standing.name === 'announced' ? standing.announcement.knownBy : [];
    answer(heir, holder, 'yielded', out, [...known]);
    this.lobby.tidy(network);
  }

  /** Closes a holder whose id belongs to another node now. Nobody is told: the peer is still there. */
  private forget(holder: Visitor, now: Millis, out: Outputs): void {
    this.lobby.visitors.delete(holder.connection);
    holder.network.holders.delete(holder.peerId);
    holder.inquiry = undefined;
    this.lobby.emit('peerDisconnected', holder, out);
    close(holder.connection, CloseCode.SUPERSEDED, 'another connection took over', out);
    this.endProbe(holder, false, now, out);
  }

  /** Whoever waits for the id of a holder that is gone has it now, or asks the index. */
  private inherit({ network, peerId, epoch }: Visitor, now: Millis, out: Outputs): void {
    const heir = network.contenders.get(peerId);
    if (heir === undefined) return;
    if (!isVisitor(heir)) {
      network.contenders.delete(peerId);
      answer(heir, { network, peerId, epoch }, 'vacant', out);
    } else if (this.lobby.isAlone) this.admit(heir, { name: 'connected' }, now, out);
    else this.ask(heir, undefined, out);
  }

  /** Asks the index for the id that `visitor` waits for, be it taken from the holder that it contested. */
  private ask({ connection, network, peerId }: Visitor, contested: Contest | undefined, out: Outputs): void {
    const over = contested?.epoch;
    out.push({ type: 'claim', connection, network: network.name, peerId, ...(over !== undefined && { over }) });
  }
}

function isVisitor(contender: Visitor | Stranger): contender is Visitor {
  return 'standing' in contender;
}

/** Asks the holder's node for its verdict. */
function contest(
  { connection, network, peerId }: Visitor,
  { node, epoch }: Contest,
  resume: string | undefined,
  out: Outputs,
): void {
  const message = { type: 'contest', connection, network: network.name, peerId, epoch } as const;
  out.push({ type: 'post', node, message: { ...message, ...(resume !== undefined && { resume }) } });
}

/** Gives the verdict to a connection of another node. */
function answer(
  { node, connection }: Stranger,
  of: { readonly network: Pick<Network, 'name'>; readonly peerId: PeerId; readonly epoch: number },
  verdict: Verdict,
  out: Outputs,
  knownBy: readonly PeerId[] = [],
): void {
  const { network, peerId, epoch } = of;
  const message = { type: 'contested', connection, network: network.name, peerId, epoch, verdict, knownBy } as const;
  out.push({ type: 'post', node, message });
}

/** How one stands that continues in the place of `former`. */
function standingOf(former: Member | undefined, knownBy: readonly PeerId[] = [], now: Millis): Standing {
  if (former === undefined) return { name: 'connected' };
  const announcement = { ...former, announcedAt: now, knownBy: new Set(knownBy) };
  return { name: 'announced', announcement };
}
