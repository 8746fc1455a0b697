import {
  bytesToHex,
  concatBytes,
  decode,
  DecodeError,
  encode,
  Fields,
  hexToBytes,
  MAX_NAME_LENGTH,
  PeerPigeonError,
  type Millis,
  type PeerId,
} from '@peerpigeon/core';
import type { Candidate } from '@peerpigeon/link';
import type { Offering } from './prepared-link.js';

/** An invite, or the answer to one, as text carries it. PROTOCOL.md, Invites. */
export interface Invitation extends Offering {
  readonly kind: 'offer' | 'answer';
  readonly network: string;
  /** Whose description it is. */
  readonly from: PeerId;
  /** 32 hexadecimal digits: names the link to be. */
  readonly session: string;
  /** By the wall clock of whoever invites, in ms since 1970. */
  readonly expires: Millis;
}

/** The first byte of what base64url carries. */
const VERSION = 1;
/** The second. */
const PLAIN = 0;
const DEFLATED = 1;
const KINDS = ['offer', 'answer'] as const;
const SESSION_BYTES = 16;
/** Longest text, in characters. Ours: some 800 are usual. */
const MAX_TEXT_LENGTH = 32_768;
/** What a text may unpack to. */
const MAX_BODY_BYTES = 65_536;
const MAX_CANDIDATES = 64;
const MAX_CANDIDATE_LENGTH = 2_048;
const MAX_MID_LENGTH = 256;
const MAX_LINE_INDEX = 65_535;

/** Compact, and safe in an address: base64url without padding (RFC 4648 §5). */
export async function encodeInvitation(invitation: Invitation): Promise<string> {
  const { kind, network, from, session, expires, sdp, candidates } = invitation;
  const body = encode([
    KINDS.indexOf(kind),
    network,
    hexToBytes(from),
    hexToBytes(session),
    expires,
    sdp,
    candidates.map(({ candidate, sdpMid, sdpMLineIndex }) => [candidate, sdpMid, sdpMLineIndex]),
  ]);
  const packed = await deflate(body);
  return toBase64Url(concatBytes(new Uint8Array([VERSION, packed === undefined ? PLAIN : DEFLATED]), packed ?? body));
}

/**
 * Reads what {@link encodeInvitation} wrote; space around it is ignored.
 * @throws {PeerPigeonError} `INVITE_MALFORMED`; `UNSUPPORTED` where it is compressed and the host cannot unpack it
 */
export async function decodeInvitation(text: string, kind: Invitation['kind']): Promise<Invitation> {
  try {
    const read = readBody(await unpack(fromBase64Url(text.trim())));
    if (read.kind !== kind) throw new DecodeError('UNEXPECTED', `expected an ${kind}, got an ${read.kind}`);
    return read;
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    const what = kind === 'offer' ? 'invite' : 'answer to an invite';
    throw new PeerPigeonError('INVITE_MALFORMED', `this text is no ${what}: ${cause.message}`, { cause });
  }
}

function readBody(body: Uint8Array): Invitation {
  const fields = new Fields(decode(body, { maxBytes: MAX_BODY_BYTES }), 'invite', 7);
  return {
    kind: KINDS[fields.integer(0, 1)] as Invitation['kind'],
    network: fields.string(MAX_NAME_LENGTH),
    from: fields.peerId(),
    session: bytesToHex(fields.bytes(SESSION_BYTES, SESSION_BYTES)),
    expires: fields.integer(0, Number.MAX_SAFE_INTEGER),
    sdp: fields.string(MAX_BODY_BYTES),
    candidates: fields.list(MAX_CANDIDATES, (list) => readCandidate(list.inner())),
  };
}

function readCandidate(fields: Fields): Candidate {
  return {
    candidate: fields.string(MAX_CANDIDATE_LENGTH),
    sdpMid: fields.optional(() => fields.string(MAX_MID_LENGTH)) ?? null,
    sdpMLineIndex: fields.optional(() => fields.integer(0, MAX_LINE_INDEX)) ?? null,
  };
}

async function unpack(bytes: Uint8Array): Promise<Uint8Array> {
  const [version, packing] = bytes;
  if (version !== VERSION) throw new DecodeError('VERSION', `expected version ${VERSION}, got ${version}`);
  const body = bytes.subarray(2);
  if (packing === PLAIN) return body;
  if (packing !== DEFLATED) throw new DecodeError('UNEXPECTED', `packing ${packing}`);
  if (typeof DecompressionStream === 'undefined') {
    throw new PeerPigeonError('UNSUPPORTED', 'the invite is compressed, and there is no DecompressionStream here');
  }
  try {
    return await collect(body, new DecompressionStream('deflate-raw'));
  } catch (error) {
    throw error instanceof DecodeError ? error : new DecodeError('MALFORMED', `not deflated: ${String(error)}`);
  }
}

/** Undefined where the host cannot. */
async function deflate(body: Uint8Array): Promise<Uint8Array | undefined> {
  if (typeof CompressionStream === 'undefined') return undefined;
  try {
    return await collect(body, new CompressionStream('deflate-raw'));
  } catch {
    // An early CompressionStream knows gzip alone.
    return undefined;
  }
}

/** Passes the bytes through; stops at what is too much. */
async function collect(bytes: Uint8Array, through: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(through);
  const reader = source.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    size += next.value.length;
    if (size <= MAX_BODY_BYTES) continue;
    await reader.cancel();
    throw new DecodeError('OVER_LIMIT', `more than ${MAX_BODY_BYTES} bytes`);
  }
  return concatBytes(...parts);
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function fromBase64Url(text: string): Uint8Array {
  if (text.length > MAX_TEXT_LENGTH || !/^[\w-]+$/.test(text)) {
    throw new DecodeError('MALFORMED', `expected up to ${MAX_TEXT_LENGTH} characters of base64url`);
  }
  try {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
  } catch {
    throw new DecodeError('MALFORMED', 'expected base64url');
  }
}
