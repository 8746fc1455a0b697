// The codes that a client knows stand alone, so that its bundle holds no others.
export const LOST = 1006;
export const RESTART = 1012;
export const ID_TAKEN = 4409;
const SUPERSEDED = 4001;
const MALFORMED = 4400;
const UNAUTHORIZED = 4401;
const FORBIDDEN = 4403;
export const RATE_LIMITED = 4429;

/** The reason given with {@link LOST} for a channel that did not open in time. */
export const NOT_IN_TIME = 'no connection in time';

/**
 * Why a signaling channel closes (RFC 6455 §7.4). 1000–1015 are the WebSocket protocol's own codes, 4000–4999 are ours;
 * where an HTTP status says the same, ours is 4000 + that status.
 */
export const CloseCode = {
  /** The client left. */
  NORMAL: 1000,
  /** The server stops. */
  GOING_AWAY: 1001,
  /** Not sent by anybody: the connection was lost, or never came about. */
  LOST,
  /** A text frame that is not UTF-8. */
  INVALID_TEXT: 1007,
  /** A message over the server's `maxMessageBytes`. */
  TOO_LARGE: 1009,
  /** The server restarts, or hands its clients over to others. */
  RESTART,
  /** The client reads too slowly, and what waits for it has grown over the server's bound. */
  TRY_AGAIN_LATER: 1013,
  /** Another connection took this id over, since this one looked dead. */
  SUPERSEDED,
  /** No id, an id that is not 40 lower-case hexadecimal digits, or one malformed message after another. */
  MALFORMED,
  /** The server wants credentials that were not given. */
  UNAUTHORIZED,
  /** This origin or client may not use the server, or not this network. */
  FORBIDDEN,
  /** Silent for longer than the server's `peerTimeoutMs`, its pings included; or no answer to a probe. */
  IDLE: 4408,
  /** Another connection holds this id, and lives. */
  ID_TAKEN,
  /** More messages, or connections of one address or subject, than the server allows. */
  RATE_LIMITED,
  /** The server has as many connections as it takes. */
  FULL: 4503,
} as const;

/** One of the codes above. Others may come from elsewhere: a proxy, a later version. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

const PERMANENT: readonly number[] = [SUPERSEDED, MALFORMED, UNAUTHORIZED, FORBIDDEN, ID_TAKEN];

/** Whether trying again with the same id would end the same way. After every other code a client tries again (S117). */
export function isPermanent(code: number): boolean {
  return PERMANENT.includes(code);
}
