/**
 * An envelope on its way over several links: what broadcast and routing put around it, and what no correct peer does to
 * that (S175, S176).
 */
import { hexToBytes } from './bytes.js';
import type { FrameValue } from './codec.js';
import { openEnvelope } from './envelope.js';
import type { Envelope, EnvelopeKind } from './envelope.js';
import type { Fields } from './fields.js';
import type { PeerId, ViolationCode } from './machine.js';

/** An envelope and its way so far. */
export interface Relayed {
  readonly envelope: Envelope;
  /** Links it may still cross, the one it came over included. */
  readonly ttl: number;
  /** Links crossed, the one it came over included. */
  readonly hops: number;
  /** Ids passed, the author first, the sender last. */
  readonly path: readonly PeerId[];
}

/** What is wrong with a message. */
export interface Fault {
  readonly code: ViolationCode;
  readonly detail: string;
}

/** What a protocol carries. */
export interface Carriage {
  readonly kind: EnvelopeKind;
  readonly network: string;
  /** Most links from the author to the last receiver. */
  readonly maxHops: number;
}

/**
 * Most links that a message may cross, whatever a peer configures: enough for a pure ring (maxPeers 2) of 2,046 peers. Its
 * path then holds 22.5 kB of ids; at maxPeers 3 and more a path of 100,000 peers has some 30.
 */
export const MAX_HOPS = 1_023;
/** Largest envelope: Chromium's largest message (measured). */
const MAX_ENVELOPE_BYTES = 262_144;
/** Ed25519: RFC 8032 §5.1.6. */
const MAX_SIGNATURE_BYTES = 64;

/** Its four fields for the binary codec, in the order in which {@link readRelayed} reads them. */
export function relayedToWire({ envelope, ttl, hops, path }: Relayed): FrameValue[] {
  return [[envelope.bytes, envelope.signature], ttl, hops, path.map(hexToBytes)];
}

/**
 * Reads what {@link relayedToWire} wrote: shapes and limits alone.
 * @param leastTtl the TTL with which a message may still arrive
 * @throws {DecodeError} on wrong fields
 */
export function readRelayed(fields: Fields, leastTtl: number): Relayed {
  const sealed = fields.inner();
  const ttl = fields.integer(leastTtl, MAX_HOPS);
  const hops = fields.integer(1, MAX_HOPS);
  const path = fields.list(MAX_HOPS, (ids) => ids.peerId());
  const envelope = openEnvelope(sealed.bytes(MAX_ENVELOPE_BYTES), sealed.bytes(MAX_SIGNATURE_BYTES));
  return { envelope, ttl, hops, path };
}

/**
 * What no correct peer passes on, as far as one message shows it. Every relay makes the same checks, so that the sender
 * is to blame whoever the author is.
 * @param from the link it came over
 */
export function findFault({ envelope, ttl, hops, path }: Relayed, from: PeerId, carriage: Carriage): Fault | undefined {
  const { kind, network, maxHops } = carriage;
  if (envelope.kind !== kind || envelope.network !== network) {
    return { code: 'unexpected', detail: `a ${envelope.kind} envelope of network ${envelope.network}` };
  }
  if (hops !== path.length || hops < 1) return { code: 'malformed', detail: `${hops} hops, a path of ${path.length}` };
  if (ttl + hops - 1 > maxHops) {
    return { code: 'over-limit', detail: `TTL ${ttl} after ${hops} hops, limit ${maxHops}` };
  }
  if (path[0] !== envelope.from || path[hops - 1] !== from) {
    return { code: 'forged', detail: 'a path that is not from the author to the sender' };
  }
  return undefined;
}
