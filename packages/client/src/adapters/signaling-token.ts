/** A token that a signaling server wants, or a function, also async, that fetches one; it is asked for each connection. */
export type SignalingToken = string | (() => string | Promise<string>);

/** The token that is good now. */
export async function currentToken(token: SignalingToken): Promise<string> {
  return typeof token === 'function' ? token() : token;
}
