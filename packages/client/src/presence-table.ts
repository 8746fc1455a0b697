import { decodeContent, DecodeError, equalBytes, Fields, openEnvelope } from '@peerpigeon/core';
import type { Envelope, Millis, PeerId } from '@peerpigeon/core';

/** The channel of presence; PROTOCOL.md, Application channels. */
export const PRESENCE = 'presence';
/** The method of the request for what a neighbour knows, from an id on: for {@link PresenceTable.page}. */
export const PRESENCE_PAGE = 'peerpigeon/presence';
/** Largest state, encoded, in bytes: a name, a cursor, a status. */
export const MAX_STATE_BYTES = 1_024;
/** Longest lease that is taken: an hour. */
export const MAX_LEASE_MS = 3_600_000;
/** Peers whose states are kept; further ones are counted. About 1.5 MB at worst. */
const MAX_PEERS = 1_024;
/** States of one peer are taken so often: twice as often as it should send, after a burst. What is above is counted. */
const TAKE_EVERY_MS = 250;
const TAKE_BURST = 8;
/** Bytes of envelopes in one page; one envelope at most. */
const PAGE_BYTES = 32_768;
const MAX_ENVELOPE_BYTES = 2_048;
const MAX_SIGNATURE_BYTES = 64;
const ID_LENGTH = 40;

/** What was said, by whom, and how long ago. */
export interface Said {
  readonly envelope: Envelope;
  readonly saidAt: Millis;
}

interface Entry extends Said {
  /** Encoded; null of one that was cleared, which is remembered so that nobody brings the former back. */
  readonly state: Uint8Array | null;
  readonly expiresAt: Millis;
  /** So far the peer's states are paid for, as in a token bucket. */
  readonly paidUntil: Millis;
}

/** A peer's state is another now; undefined: it has none. */
export interface Changed {
  readonly peer: PeerId;
  readonly state: unknown;
}

/** The states of other peers: of each the newest, by the author's epoch and sequence number, for as long as it said. */
export class PresenceTable {
  /** States that were not taken: too many peers, or too often. */
  refused = 0;
  private readonly entries = new Map<PeerId, Entry>();

  /** When the first lease ends. */
  get nextAt(): Millis {
    let next = Infinity;
    for (const { expiresAt } of this.entries.values()) next = Math.min(next, expiresAt);
    return next;
  }

  /** A copy of the state of `peer`; undefined without one. */
  get(peer: PeerId): unknown {
    const state = this.entries.get(peer)?.state ?? null;
    return state === null ? undefined : decodeContent(state);
  }

  /** Peers with a state. */
  peers(): PeerId[] {
    return [...this.entries].flatMap(([peer, { state }]) => (state === null ? [] : [peer]));
  }

  /**
   * Learns what a peer has said `ageMs` ago; gives what that changes.
   * @throws {DecodeError} when it is nothing that a peer may say
   */
  learn(envelope: Envelope, ageMs: Millis, now: Millis): Changed | undefined {
    const { from: peer, kind, content } = envelope;
    if (kind !== 'broadcast') throw new DecodeError('UNEXPECTED', 'presence to one peer');
    const fields = new Fields(decodeContent(content), 'presence', 2);
    const expiresAt = now - ageMs + fields.integer(1, MAX_LEASE_MS);
    const state = fields.optional(() => fields.bytes(MAX_STATE_BYTES)) ?? null;
    const told = state === null ? undefined : decodeContent(state);
    if (state !== null && told === undefined) throw new DecodeError('UNEXPECTED', 'presence: a state of nothing');
    const known = this.entries.get(peer);
    if (expiresAt <= now || (known !== undefined && !isNewer(envelope, known.envelope))) return undefined;
    const paidUntil = Math.max(known?.paidUntil ?? now, now) + TAKE_EVERY_MS;
    if ((known === undefined && this.entries.size >= MAX_PEERS) || paidUntil > now + TAKE_EVERY_MS * TAKE_BURST) {
      this.refused++;
      return undefined;
    }
    this.entries.set(peer, { envelope, state, saidAt: now - ageMs, expiresAt, paidUntil });
    const before = known?.state ?? null;
    const isSame = state === null || before === null ? state === before : equalBytes(state, before);
    return isSame ? undefined : { peer, state: told };
  }

  /** Forgets a peer; whether it had a state. */
  forget(peer: PeerId): boolean {
    const state = this.entries.get(peer)?.state ?? null;
    this.entries.delete(peer);
    return state !== null;
  }

  /** Forgets those whose lease has ended by `now`, Infinity for all; gives those that had a state. */
  expire(now: Millis): PeerId[] {
    const over = [...this.entries].filter(([, { expiresAt }]) => expiresAt <= now);
    return over.flatMap(([peer]) => (this.forget(peer) ? [peer] : []));
  }

  /** What others have said, and `own`, behind the id `after`, in order: a page, and behind whom the next one begins. */
  page(after: string, own: Said | undefined, now: Millis): unknown[] {
    const said: Said[] = [...this.entries.values(), ...(own === undefined ? [] : [own])];
    const rest = said
      .filter(({ envelope }) => envelope.from > after)
      .sort((one, other) => (one.envelope.from < other.envelope.from ? -1 : 1));
    let bytes = 0;
    const page = rest.filter(({ envelope }) => (bytes += envelope.bytes.length) <= PAGE_BYTES);
    return [
      page.map(({ envelope, saidAt }) => [Math.floor(now - saidAt), envelope.bytes, envelope.signature]),
      page.length < rest.length ? page[page.length - 1]?.envelope.from : null,
    ];
  }
}

/** What is on a page of another peer, with their ages. @throws {DecodeError} when it is none */
export function readPage(page: unknown, network: string): { said: [Envelope, Millis][]; next: string | undefined } {
  const fields = new Fields(page, 'presence page', 2);
  const said = fields.list(MAX_PEERS, (list): [Envelope, Millis] => {
    const entry = list.inner();
    const ageMs = entry.integer(0, MAX_LEASE_MS);
    const envelope = openEnvelope(entry.bytes(MAX_ENVELOPE_BYTES), entry.bytes(MAX_SIGNATURE_BYTES));
    if (envelope.channel !== PRESENCE || envelope.network !== network) {
      throw new DecodeError('UNEXPECTED', `presence page: a message on ${envelope.channel} of ${envelope.network}`);
    }
    return [envelope, ageMs];
  });
  return { said, next: fields.optional(() => fields.string(ID_LENGTH)) };
}

function isNewer({ epoch, seq }: Envelope, than: Envelope): boolean {
  return epoch === than.epoch ? seq > than.seq : epoch > than.epoch;
}
