import { decodeContent, DecodeError, jitter } from '@peerpigeon/core';
import type { Envelope, Millis, PeerId } from '@peerpigeon/core';
import { LEFT } from '@peerpigeon/mesh';
import { encodeMessage } from './content.js';
import { Emitter, type Listener } from './emitter.js';
import type { Engine } from './engine.js';
import type { Messenger, Moment } from './messenger.js';
import { MAX_LEASE_MS, MAX_STATE_BYTES, PRESENCE, PRESENCE_PAGE, PresenceTable, readPage } from './presence-table.js';
import type { Said } from './presence-table.js';
import type { Requests } from './requests.js';

/** What has become of a peer's state. */
export interface PresenceChange<State = unknown> {
  readonly peerId: PeerId;
  /** The present one; undefined when there is none any more. Content of others: check it before use. */
  readonly state: State | undefined;
  /**
   * `set`: it said so; `left`: it has cleared it, or has left; `expired`: it was not heard of for its lease; `disconnected`:
   * this mesh has left, and knows nothing any more.
   */
  readonly reason: 'set' | 'left' | 'expired' | 'disconnected';
}

/** The events of presence. */
export type PresenceEvents<State = unknown> = { change: PresenceChange<State> };

/** What a {@link Presence} needs of its mesh. */
export interface PresenceHost {
  readonly messenger: Messenger;
  readonly requests: Requests;
  /** The engine of a mesh that has joined. */
  readonly engine: () => Engine | undefined;
  /** Checks an id. */
  readonly parseId: (peerId: string) => PeerId;
  /** Gets what a listener throws. */
  readonly onError: (type: string, error: unknown) => void;
}

/** How often a state is told again in a mesh of up to 300 peers. A guess: a crash shows after a minute and a quarter. */
const RENEW_MS = 30_000;
/** In a larger mesh so seldom that each peer gets so many a second in all. A guess: 10 kB/s at worst. */
const RENEWALS_PER_SECOND = 10;
/** How many renewals a lease lasts: one may be lost. */
const LEASE_RENEWALS = 2.5;
/** How long a cleared state is remembered, so that no neighbour brings it back: as the shortest lease. */
const CLEARED_MS = RENEW_MS * LEASE_RENEWALS;
/** Changes of one's own state are told so often at most; the last one counts. A guess. */
const LEAST_GAP_MS = 500;
/** Neighbours that are asked after a join: the first may be as new as we are. */
const MAX_ASKED = 3;
const ASK_TIMEOUT_MS = 5_000;
/** Pages of one neighbour: more than the states that are kept fill. */
const MAX_PAGES = 64;

/**
 * A small state of each peer: who is here, and what they are at. It lasts while the peer is there: the peer tells it again
 * before its lease ends, an orderly leave clears it, and of a peer that has died it goes with the lease. One's own outlasts
 * `disconnect()` and is told again after `connect()`. States of up to 1,024 peers are kept.
 *
 * Costs: of each peer 2 broadcasts a minute in meshes of up to 300 peers, fewer in larger ones, so that nobody gets more than
 * about 10 a second; one for each change, 2 a second at most; after a join requests to 3 neighbours.
 * @example
 * mesh.presence.on('change', ({ peerId, state }) => show(peerId, state));
 * mesh.presence.set({ name: 'Ada', typing: false });
 */
export class Presence<State = unknown> {
  private readonly host: PresenceHost;
  private readonly events: Emitter<PresenceEvents<State>>;
  private readonly others = new PresenceTable();
  /** One's own, encoded. */
  private own: Uint8Array | undefined;
  /** What was told of it last since the join. */
  private told: Said | undefined;
  private stopTelling = (): void => {};
  private stopSweeping = (): void => {};
  private sweepAt = Infinity;
  private asked = new Set<PeerId>();
  private isAsking = false;

  /** Of `mesh.presence`. */
  constructor(host: PresenceHost) {
    this.host = host;
    this.events = new Emitter((type, error) => host.onError(`${type} of presence`, error));
    host.messenger.read(PRESENCE, { message: ({ envelope }) => this.learn(envelope, 0) });
    host.messenger.watch((moment) => this.onMoment(moment));
    host.requests.respond(PRESENCE_PAGE, (after) =>
      this.others.page(typeof after === 'string' ? after : '', this.told, this.now),
    );
    void this.ask();
  }

  /**
   * Sets one's own state, plain data of up to 1 KiB encoded, and tells everybody while joined. Works at any time.
   * @throws {TypeError} for what is not plain data; {PeerPigeonError} `MESSAGE_TOO_LARGE`
   */
  set(state: State): void {
    this.own = encodeMessage(state, MAX_STATE_BYTES);
    this.tellSoon();
  }

  /** Takes one's own state back. */
  clear(): void {
    this.own = undefined;
    this.tellSoon();
  }

  /** All states by peer, one's own included while joined; or that of one peer, undefined where there is none. Copies. */
  get(): Map<PeerId, State>;
  get(peerId: string): State | undefined;
  get(peerId?: string): Map<PeerId, State> | State | undefined {
    const self = this.host.engine()?.peerId;
    const of = (peer: PeerId): State | undefined =>
      (peer === self && this.own !== undefined ? decodeContent(this.own) : this.others.get(peer)) as State | undefined;
    if (peerId !== undefined) return of(this.host.parseId(peerId));
    const peers = this.others.peers();
    if (self !== undefined && this.own !== undefined) peers.push(self);
    return new Map(peers.map((peer) => [peer, of(peer) as State]));
  }

  /** Adds a listener to the states of others; the returned function removes it. */
  on(type: 'change', listener: Listener<PresenceChange<State>>): () => void {
    return this.events.on(type, listener);
  }

  off(type: 'change', listener: Listener<PresenceChange<State>>): void {
    this.events.off(type, listener);
  }

  private get now(): Millis {
    return this.host.engine()?.ports.clock.now() ?? 0;
  }

  private onMoment(moment: Moment): void {
    if (moment.type === 'joined') this.tell();
    else if (moment.type === 'leaving') this.leave();
    else if (moment.type === 'peerConnected') void this.ask();
    else if (moment.type === 'peerDisconnected' && moment.reason === LEFT && this.others.forget(moment.peer)) {
      this.post(moment.peer, undefined, 'left');
    }
  }

  // One's own state

  private tellSoon(): void {
    const waitMs = (this.told?.saidAt ?? -Infinity) + LEAST_GAP_MS - this.now;
    if (waitMs > 0) this.tellIn(waitMs);
    else this.tell();
  }

  private tellIn(delayMs: Millis): void {
    this.stopTelling();
    this.stopTelling = this.host.engine()?.ports.clock.after(delayMs, () => this.tell()) ?? this.stopTelling;
  }

  /** Tells one's own state while joined, and once more before its lease ends; of none only that it was cleared. */
  private tell(): void {
    this.stopTelling();
    const engine = this.host.engine();
    if (engine === undefined || (this.own === undefined && this.told === undefined)) return;
    if (this.own === undefined) {
      this.say(null, CLEARED_MS);
      this.told = undefined;
      return;
    }
    const peers = engine.mesh.report.health(this.now).sizeEstimate;
    const renewMs = Math.min(Math.max(RENEW_MS, (1_000 * peers) / RENEWALS_PER_SECOND), MAX_LEASE_MS / LEASE_RENEWALS);
    this.say(this.own, Math.floor(renewMs * LEASE_RENEWALS));
    // Drawn: peers that joined together would tell together for ever.
    this.tellIn(jitter(engine.ports.rng, renewMs, 0.1));
  }

  private say(state: Uint8Array | null, leaseMs: Millis): void {
    const envelope = this.host.messenger.broadcast(PRESENCE, encodeMessage([leaseMs, state]));
    this.told = { envelope, saidAt: this.now };
  }

  private leave(): void {
    if (this.told !== undefined) this.say(null, CLEARED_MS);
    this.told = undefined;
    this.stopTelling();
    this.stopSweeping();
    this.sweepAt = Infinity;
    this.asked = new Set();
    for (const peer of this.others.expire(Infinity)) this.post(peer, undefined, 'disconnected');
  }

  // The states of others

  /** @throws {DecodeError} when it is none */
  private learn(envelope: Envelope, ageMs: Millis): void {
    if (envelope.from === this.host.engine()?.peerId) return;
    const { refused } = this.others;
    const changed = this.others.learn(envelope, ageMs, this.now);
    this.host.messenger.ignored += this.others.refused - refused;
    this.sweepLater();
    if (changed === undefined) return;
    const { peer, state } = changed;
    this.post(peer, state as State | undefined, state === undefined ? 'left' : 'set');
  }

  private sweepLater(): void {
    const at = this.others.nextAt;
    if (at >= this.sweepAt) return;
    this.stopSweeping();
    this.sweepAt = at;
    const sweep = (): void => {
      this.sweepAt = Infinity;
      for (const peer of this.others.expire(this.now)) this.post(peer, undefined, 'expired');
      this.sweepLater();
    };
    this.stopSweeping = this.host.engine()?.ports.clock.after(at - this.now, sweep) ?? this.stopSweeping;
  }

  private post(peerId: PeerId, state: State | undefined, reason: PresenceChange['reason']): void {
    this.events.post('change', { peerId, state, reason });
  }

  // Newcomers

  /** Asks neighbours what they know, one after the other, until enough have been asked since the join. */
  private async ask(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    for (;;) {
      const { asked } = this;
      const peers = this.host.engine()?.mesh.report.peers() ?? [];
      const next = peers.find((peer) => !asked.has(peer));
      if (next === undefined || asked.size >= MAX_ASKED) break;
      asked.add(next);
      await this.askOne(next);
    }
    this.isAsking = false;
  }

  private async askOne(peer: PeerId): Promise<void> {
    let after: string | undefined = '';
    try {
      for (let page = 0; after !== undefined && page < MAX_PAGES; page++) {
        const answer = await this.host.requests.request(peer, PRESENCE_PAGE, after, { timeoutMs: ASK_TIMEOUT_MS });
        const engine = this.host.engine();
        if (engine === undefined) return;
        const { said, next } = readPage(answer, engine.network);
        for (const [envelope, ageMs] of said) this.learn(envelope, ageMs);
        after = next;
      }
    } catch (error) {
      // It is gone, or uses no presence; the next may.
      if (error instanceof DecodeError) this.host.messenger.ignored++;
    }
  }
}
