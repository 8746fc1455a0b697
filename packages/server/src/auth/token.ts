import type { IncomingHttpHeaders } from 'node:http';

/** What a WebSocket speaks; selected when a client offers it. */
export const SUBPROTOCOL = 'peerpigeon.v1';
/** Before the token, among the subprotocols offered: the one header that a browser lets a page set. */
const TOKEN_PREFIX = 'peerpigeon.jwt.';
/** Longer ones are none: the headers together have 8 KiB. */
const MAX_TOKEN_LENGTH = 6 * 1024;

/** The token of a request: among its subprotocols, or as `Authorization: Bearer`. Never in the address, which is logged. */
export function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  const inSubprotocol = offered.find((protocol) => protocol.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length);
  const token = inSubprotocol ?? /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? '')?.[1];
  return token === undefined || token === '' || token.length > MAX_TOKEN_LENGTH ? undefined : token;
}
