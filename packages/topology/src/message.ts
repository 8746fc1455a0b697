import { Fields } from '@peerpigeon/core';
import type { FrameValue, Millis, PeerId } from '@peerpigeon/core';
import { hexToBytes } from '@peerpigeon/core';
import { recordFromWire, recordToWire } from '@peerpigeon/identity';
import type { PeerRecord } from '@peerpigeon/identity';
import { ROLES } from './role.js';
import type { Role } from './role.js';
import { MAX_ROUTE_HOPS } from './route.js';
import type { Route } from './route.js';

/** What one peer says of another. */
export interface Entry {
  readonly record: PeerRecord;
  /** How long ago it was known alive, over all who passed it on. */
  readonly ageMs: Millis;
  /** It has told the sender that it has a free slot. False says nothing. */
  readonly open: boolean;
  /** The sender's way to it; absent when the sender knows it from the server alone. */
  readonly route?: Route;
}

/** What one peer says of another that fell silent or left. Whoever heard of it later knows better. */
export interface Loss {
  readonly peer: PeerId;
  /** The run of the peer that is lost; a later one is another. */
  readonly epoch: number;
  readonly ageMs: Millis;
}

/** Messages of the topology channel: over a link, and `neighbours` and `tunnel` also to peers that are no neighbours. */
export type Message =
  /** What the link is for at this end. Sent when the link is ready and whenever something in it changes. */
  | {
      readonly kind: 'status';
      readonly role: Role;
      /** A slot for a long link is free. */
      readonly open: boolean;
      /** Both ring neighbours are the nearest known. */
      readonly ringOk: boolean;
    }
  /** Peers near the receiver, those near it that are lost, and this end's own links (the receiver's 2-hop table). */
  | {
      readonly kind: 'neighbours';
      /** The receiver is to answer in kind. */
      readonly ask: boolean;
      /** The sender first. */
      readonly entries: readonly Entry[];
      readonly lost: readonly Loss[];
      /** The sender's neighbours on the ring … */
      readonly links: readonly PeerId[];
      /** … and those that hang on to it by a single link. */
      readonly leaves: readonly PeerId[];
    }
  /** Keeps the way between two ring neighbours that cannot be linked; answered once. */
  | { readonly kind: 'tunnel'; readonly ack: boolean }
  /**
   * The sender reaches a leaf over `route` (it is that leaf itself: empty), or did so long ago: to whoever is nearest to its
   * id, from whom others learn it.
   */
  | { readonly kind: 'lodge'; readonly peer: PeerId; readonly route: Route; readonly ageMs: Millis }
  /** This link is about to be closed (S103), and who may take its place. */
  | { readonly kind: 'notice'; readonly reason: string; readonly peers: readonly PeerRecord[] };

/** Entries in one message, at most: both sides of the leaf set and some far ones. */
export const MAX_ENTRIES = 32;
/** Lost peers in one message, at most. */
export const MAX_LOSSES = 16;
/** Links a peer may report, and leaves, at most: `setMaxPeers` ends at 50, one may be in handover. */
export const MAX_LINKS = 64;
/** Replacements in one notice or redirect, at most. */
export const MAX_HINTS = 8;
const MAX_REASON_LENGTH = 256;
const MAX_AGE_MS = 3_600_000;
const MAX_EPOCH = Number.MAX_SAFE_INTEGER;
const STATUS = 0;
const NEIGHBORS = 1;
const NOTICE = 2;
const TUNNEL = 3;
const LODGE = 4;

/** The message as an array for the binary codec. */
export function encodeMessage(message: Message): FrameValue {
  switch (message.kind) {
    case 'status':
      return [STATUS, ROLES.indexOf(message.role), message.open, message.ringOk];
    case 'neighbours':
      return [
        NEIGHBORS,
        message.ask,
        message.entries.map(({ record, ageMs, open, route }) => [
          recordToWire(record),
          Math.round(ageMs),
          open,
          route === undefined ? null : route.map(hexToBytes),
        ]),
        message.lost.map(({ peer, epoch, ageMs }) => [hexToBytes(peer), epoch, Math.round(ageMs)]),
        message.links.map(hexToBytes),
        message.leaves.map(hexToBytes),
      ];
    case 'tunnel':
      return [TUNNEL, message.ack];
    case 'lodge':
      return [LODGE, hexToBytes(message.peer), message.route.map(hexToBytes), Math.round(message.ageMs)];
    case 'notice':
      return [NOTICE, message.reason, message.peers.map(recordToWire)];
  }
}

/**
 * Reads what {@link encodeMessage} wrote.
 * @throws {DecodeError} on anything else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'topology message', 2);
  switch (fields.integer(STATUS, LODGE)) {
    case STATUS: {
      const role = ROLES[fields.integer(0, ROLES.length - 1)] as Role;
      return { kind: 'status', role, open: fields.boolean(), ringOk: fields.boolean() };
    }
    case NEIGHBORS:
      return {
        kind: 'neighbours',
        ask: fields.boolean(),
        entries: fields.list(MAX_ENTRIES, readEntry),
        lost: fields.list(MAX_LOSSES, (list) => {
          const loss = new Fields(list.any(), 'loss', 3);
          return { peer: loss.peerId(), epoch: loss.integer(0, MAX_EPOCH), ageMs: loss.integer(0, MAX_AGE_MS) };
        }),
        links: fields.list(MAX_LINKS, (list) => list.peerId()),
        leaves: fields.list(MAX_LINKS, (list) => list.peerId()),
      };
    case TUNNEL:
      return { kind: 'tunnel', ack: fields.boolean() };
    case LODGE: {
      const peer = fields.peerId();
      const route = fields.list(MAX_ROUTE_HOPS, (ids) => ids.peerId());
      return { kind: 'lodge', peer, route, ageMs: fields.integer(0, MAX_AGE_MS) };
    }
    default:
      return {
        kind: 'notice',
        reason: fields.string(MAX_REASON_LENGTH),
        peers: fields.list(MAX_HINTS, (list) => recordFromWire(list.any())),
      };
  }
}

function readEntry(list: Fields): Entry {
  const fields = new Fields(list.any(), 'neighbours entry', 4);
  const entry = { record: recordFromWire(fields.any()), ageMs: fields.integer(0, MAX_AGE_MS), open: fields.boolean() };
  const route = fields.optional(() => fields.list(MAX_ROUTE_HOPS, (ids) => ids.peerId()));
  return route === undefined ? entry : { ...entry, route };
}
