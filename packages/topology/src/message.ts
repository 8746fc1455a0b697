import { Fields } from '@peerpigeon/core';
import type { FrameValue, Millis, PeerId } from '@peerpigeon/core';
import { hexToBytes } from '@peerpigeon/core';
import { recordFromWire, recordToWire } from '@peerpigeon/identity';
import type { PeerRecord } from '@peerpigeon/identity';
import { ROLES } from './role.js';
import type { Role } from './role.js';

/** What one peer says of another. */
export interface Entry {
  readonly record: PeerRecord;
  /** How long ago it was known alive, over all who passed it on. */
  readonly ageMs: Millis;
  /** It has told the sender that it has a free slot. False says nothing. */
  readonly open: boolean;
}

/** Messages of the topology channel, between two linked peers. */
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
  /** Peers near the receiver, and this end's own links (the receiver's 2-hop table). */
  | { readonly kind: 'neighbours'; readonly entries: readonly Entry[]; readonly links: readonly PeerId[] }
  /** This link is about to be closed (S103), and who may take its place. */
  | { readonly kind: 'notice'; readonly reason: string; readonly peers: readonly PeerRecord[] };

/** Entries in one message, at most: both sides of the leaf set and some far ones. */
export const MAX_ENTRIES = 32;
/** Links a peer may report, at most: `setMaxPeers` ends at 50, one may be in handover. */
export const MAX_LINKS = 64;
/** Replacements in one notice or redirect, at most. */
export const MAX_HINTS = 8;
const MAX_REASON_LENGTH = 256;
const MAX_AGE_MS = 3_600_000;
const STATUS = 0;
const NEIGHBORS = 1;
const NOTICE = 2;

/** The message as an array for the binary codec. */
export function encodeMessage(message: Message): FrameValue {
  switch (message.kind) {
    case 'status':
      return [STATUS, ROLES.indexOf(message.role), message.open, message.ringOk];
    case 'neighbours':
      return [
        NEIGHBORS,
        message.entries.map((entry) => [recordToWire(entry.record), Math.round(entry.ageMs), entry.open]),
        message.links.map(hexToBytes),
      ];
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
  switch (fields.integer(STATUS, NOTICE)) {
    case STATUS: {
      const role = ROLES[fields.integer(0, ROLES.length - 1)] as Role;
      return { kind: 'status', role, open: fields.boolean(), ringOk: fields.boolean() };
    }
    case NEIGHBORS:
      return {
        kind: 'neighbours',
        entries: fields.list(MAX_ENTRIES, (list) => {
          const entry = new Fields(list.any(), 'neighbours entry', 3);
          return { record: recordFromWire(entry.any()), ageMs: entry.integer(0, MAX_AGE_MS), open: entry.boolean() };
        }),
        links: fields.list(MAX_LINKS, (list) => list.peerId()),
      };
    default:
      return {
        kind: 'notice',
        reason: fields.string(MAX_REASON_LENGTH),
        peers: fields.list(MAX_HINTS, (list) => recordFromWire(list.any())),
      };
  }
}
