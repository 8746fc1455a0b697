/**
 * Errors, in three kinds that are never mixed:
 *
 * - *ours*: the caller broke the contract: `TypeError` (wrong type) or `RangeError` (wrong value);
 * - *failures*: the world did not allow it: {@link PeerPigeonError} with a stable `code`;
 * - *bugs*: an invariant of this library broke: {@link assert} throws {@link AssertionError}.
 *
 * What a remote peer does wrong is none of these: machines report it as a `violation` output.
 */

/** Every failure an application can meet, by a code that stays stable over releases. */
export type ErrorCode =
  /** A method that needs `init()` was called before it. */
  | 'NOT_INITIALIZED'
  /** A method that needs `connect()` was called before it, or after `disconnect()`. */
  | 'NOT_CONNECTED'
  /** `connect()` was called while connected or connecting. */
  | 'ALREADY_CONNECTED'
  /** The environment lacks something named in the message (WebRTC, WebSocket, secure random numbers). */
  | 'UNSUPPORTED'
  /** No answer in time: of the signaling server, or of a peer (whose message may have arrived all the same). */
  | 'TIMEOUT'
  /** The signaling server refused us for good; `details.closeCode` says why. */
  | 'SIGNALING_REFUSED'
  /** The signaling server could not be reached. */
  | 'SIGNALING_UNREACHABLE'
  /** A secure page may not open an insecure WebSocket. */
  | 'INSECURE_URL'
  /** The content is over the size the mesh carries in one message. */
  | 'MESSAGE_TOO_LARGE'
  /** The peer is not known here. */
  | 'UNKNOWN_PEER'
  /** The operation was aborted by its signal or by `disconnect()`. */
  | 'ABORTED'
  /** No way leads to the peer. */
  | 'UNREACHABLE'
  /** The peer has left the mesh. */
  | 'PEER_LEFT'
  /** The peer would not take the message. */
  | 'REFUSED'
  /** This mesh left, by `disconnect()`, before the outcome was known. */
  | 'DISCONNECTED'
  /** There is no direct link with the peer, and what was asked needs one. */
  | 'NOT_LINKED'
  /** More under way at once than this peer takes on. */
  | 'BUSY'
  /** A transfer could not go on; `details.reason` says why. */
  | 'TRANSFER_FAILED'
  /** The value of a key is not the one that was to be replaced; `details.version` and `details.value` are what there is. */
  | 'CONFLICT'
  /** The peers that should hold a value have no room for it. */
  | 'STORE_FULL'
  /** A part of a large value is gone. */
  | 'INCOMPLETE'
  /** What somebody stored at a key is no value. */
  | 'MALFORMED'
  /** The storage could not do it; `details.reason` says why: `full`, `inUse` (by another process), `lost`, `failed`. */
  | 'STORAGE_FAILED'
  /** The channel or the store was closed by `close()`. */
  | 'CLOSED'
  /** The text is no invite, or no answer to this one. */
  | 'INVITE_MALFORMED'
  /** The invite has been used, was cancelled, or is too old. */
  | 'INVITE_EXPIRED'
  /** The invite is this peer's own. */
  | 'INVITE_OWN'
  /** The invite is into another network; `details.expected` and `details.got`. */
  | 'INVITE_NETWORK'
  /** There is a link with that peer already. */
  | 'ALREADY_LINKED'
  /** A server is already running, or its port is taken. */
  | 'ALREADY_RUNNING'
  | 'ADDRESS_IN_USE'
  /** This build or platform holds no such part (a server in a browser, say). */
  | 'NOT_AVAILABLE';

/** What a {@link PeerPigeonError} may carry besides its code. */
export interface ErrorOptions {
  /** The error beneath, when there is one. */
  readonly cause?: unknown;
  /** Machine-readable facts: `expected`, `got`, a close code, a URL… JSON-safe. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A failure with a stable `code`. `message` is for people and says what to do about it. */
export class PeerPigeonError extends Error {
  override readonly name: string = 'PeerPigeonError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  /** The error beneath, when there is one. */
  readonly cause?: unknown;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message);
    this.code = code;
    this.details = options.details ?? {};
    if (options.cause !== undefined) this.cause = options.cause;
  }
}

/** Why bytes from outside are not a message. */
export type DecodeErrorCode =
  /** The bytes are not well-formed: cut short, trailing, a forbidden type, invalid UTF-8. */
  | 'MALFORMED'
  /** Well-formed, but not of the shape the protocol asks for. */
  | 'UNEXPECTED'
  /** Nested, long or numerous beyond the limits. */
  | 'OVER_LIMIT'
  /** A version this build does not speak. */
  | 'VERSION';

/** Thrown by decoders and by nothing else; interpreters catch it in one place and count it. */
export class DecodeError extends Error {
  override readonly name: string = 'DecodeError';
  readonly code: DecodeErrorCode;

  constructor(code: DecodeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A broken invariant: a bug in this library, never a caller's or a remote peer's doing. */
export class AssertionError extends Error {
  override readonly name: string = 'AssertionError';
}

/**
 * Fails fast on a bug.
 * @throws {AssertionError} when `condition` does not hold; `why` names the invariant.
 */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new AssertionError(why);
}
