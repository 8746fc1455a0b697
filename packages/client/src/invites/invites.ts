import { bytesToHex, PeerPigeonError, randomBytes, type Millis, type PeerId } from '@peerpigeon/core';
import type { Emitter } from '../emitter.js';
import type { Engine } from '../engine.js';
import type { MeshEvents } from '../events.js';
import { decodeInvitation, encodeInvitation, type Invitation } from './invite-text.js';
import { PreparedLink } from './prepared-link.js';

/** What `createInvite()` gives. */
export interface Invite {
  /** For one other peer: in a link (after `#`, which no server sees), a QR code, a chat. Some 800 characters of base64url. */
  readonly text: string;
  /** When it is over, in ms since 1970. */
  readonly expires: Millis;
  /**
   * Takes the answer that the other side has sent back; resolves with its id once the two are linked.
   * @throws {PeerPigeonError} `INVITE_MALFORMED`, `INVITE_NETWORK`, `INVITE_OWN`, `INVITE_EXPIRED`, `ALREADY_LINKED`; `UNREACHABLE`
   *   when no path between the two was found
   */
  accept(answer: string): Promise<PeerId>;
  /** Takes it back, and releases what it holds. */
  cancel(): void;
}

/** What `acceptInvite()` gives. */
export interface InviteAnswer {
  /** To be carried back to whoever invited. */
  readonly text: string;
  /** Whose invite it is. */
  readonly peerId: PeerId;
  /** Resolves once the two are linked; rejects with `INVITE_EXPIRED` or `UNREACHABLE`. */
  readonly linked: Promise<void>;
  cancel(): void;
}

/** Invites and answers that are open at once: each holds a connection. A guess; browsers take some hundreds. */
const MAX_OPEN = 16;
/** From the answer to the link. A guess: as long as browsers look for a path. */
const LINK_TIMEOUT_MS: Millis = 30_000;
const SESSION_BYTES = 16;

/** One link to be. */
interface Pending {
  readonly link: PreparedLink;
  readonly linked: Promise<void>;
  fail(error: PeerPigeonError): void;
  /** The same, unless the mesh has the link already: then that knows how long to wait. */
  expire(error: PeerPigeonError): void;
}

/** The invites of one mesh, own and accepted ones, from their making to the link. */
export class Invites {
  private readonly engine: Engine;
  private readonly events: Emitter<MeshEvents>;
  private readonly open = new Set<Pending>();

  constructor(engine: Engine, events: Emitter<MeshEvents>) {
    this.engine = engine;
    this.events = events;
  }

  async create(lifetimeMs: Millis): Promise<Invite> {
    const { peerId: self, ports, network } = this.engine;
    const session = bytesToHex(randomBytes(ports.rng, SESSION_BYTES));
    const expires = Math.floor(ports.clock.wall()) + lifetimeMs;
    let peer: PeerId | undefined;
    const pending = this.prepare(self, session, lifetimeMs, () => peer);
    const offering = await this.described(pending, pending.link.describe({ type: 'offer' }));
    const text = await encodeInvitation({ kind: 'offer', network, from: self, session, expires, ...offering });
    return {
      text,
      expires,
      accept: async (answer) => {
        const read = await decodeInvitation(answer, 'answer');
        this.check(read);
        if (read.session !== session) {
          throw new PeerPigeonError('INVITE_MALFORMED', 'this text answers another invite');
        }
        if (peer !== undefined || !this.open.has(pending)) throw expired('it was used, cancelled, or is too old');
        peer = read.from;
        pending.link.command({ type: 'accept', description: { type: 'answer', sdp: read.sdp } });
        pending.link.addCandidates(read.candidates);
        const { clock } = ports;
        const cancelTimer = clock.after(LINK_TIMEOUT_MS, () => pending.expire(noPath(read.from)));
        await pending.linked.finally(cancelTimer);
        return read.from;
      },
      cancel: () => pending.fail(expired('it was cancelled')),
    };
  }

  async accept(text: string): Promise<InviteAnswer> {
    const read = await decodeInvitation(text, 'offer');
    const { from, session, expires, sdp, candidates } = read;
    this.check(read);
    const { peerId: self, ports, network } = this.engine;
    const leftMs = expires - ports.clock.wall();
    if (leftMs <= 0) throw expired('it is too old');
    const pending = this.prepare(from, session, leftMs, () => from);
    // Whoever invited begins DTLS, once it has the answer: what came before Firefox would drop, and the next try be as far off as
    // the answer took.
    const description = { type: 'offer', sdp: sdp.replace(/^a=setup:actpass/m, 'a=setup:active') } as const;
    const described = pending.link.describe({ type: 'answer', description });
    pending.link.addCandidates(candidates);
    const offering = await this.described(pending, described);
    const answer = await encodeInvitation({ kind: 'answer', network, from: self, session, expires, ...offering });
    const cancel = (): void => pending.fail(expired('it was cancelled'));
    return { text: answer, peerId: from, linked: pending.linked, cancel };
  }

  /** The mesh leaves: so does whoever waits. */
  leave(): void {
    for (const pending of this.open) pending.fail(new PeerPigeonError('DISCONNECTED', 'this mesh has left'));
  }

  private check({ network, from }: Invitation): void {
    const { engine } = this;
    if (network !== engine.network) {
      const details = { expected: engine.network, got: network };
      throw new PeerPigeonError('INVITE_NETWORK', `the invite is into network ${JSON.stringify(network)}`, { details });
    }
    if (from === engine.peerId) throw new PeerPigeonError('INVITE_OWN', 'this is an invite of this peer itself');
    if (!engine.mesh.report.hasPeer(from)) return;
    throw new PeerPigeonError('ALREADY_LINKED', `${from} is linked with this peer`, { details: { peerId: from } });
  }

  /** @param peer whom the link will be with, once that is known */
  private prepare(label: PeerId, session: string, lifetimeMs: Millis, peer: () => PeerId | undefined): Pending {
    if (this.open.size >= MAX_OPEN) throw new PeerPigeonError('BUSY', `${MAX_OPEN} invites are open: cancel some`);
    const { ports, runtime } = this.engine;
    let settle: (error?: PeerPigeonError) => void = () => {};
    const linked = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Whoever does not wait for it need not handle it.
    linked.catch(() => {});
    const end = (error?: PeerPigeonError): void => {
      if (!this.open.delete(pending)) return;
      for (const undo of undos) undo();
      settle(error);
    };
    let adopted = false;
    const link = new PreparedLink(ports.links, label, ports.clock, {
      opened: () => {
        const other = peer();
        adopted = other !== undefined && runtime.adopt(other, session, link);
        if (!adopted) link.close();
      },
      closed: () => end(noPath(peer())),
    });
    const pending: Pending = {
      link,
      linked,
      fail: (error) => {
        end(error);
        if (!adopted) link.close();
      },
      expire: (error) => {
        if (!adopted) pending.fail(error);
      },
    };
    const undos = [
      ports.clock.after(lifetimeMs, () => pending.expire(expired('nobody answered it in time'))),
      this.events.on('peerConnected', ({ peerId }) => {
        if (peerId === peer()) end();
      }),
    ];
    this.open.add(pending);
    return pending;
  }

  private async described<T>(pending: Pending, described: Promise<T>): Promise<T> {
    try {
      return await described;
    } catch (error) {
      pending.fail(error as PeerPigeonError);
      // Why it ended, if it was ended meanwhile.
      await pending.linked;
      throw error;
    }
  }
}

function expired(why: string): PeerPigeonError {
  return new PeerPigeonError('INVITE_EXPIRED', `the invite is over: ${why}`);
}

function noPath(peer: PeerId | undefined): PeerPigeonError {
  return new PeerPigeonError('UNREACHABLE', 'no path to the other peer was found', { details: { peerId: peer } });
}
