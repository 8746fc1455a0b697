import type { IceServerLease, IceServerProvider } from './ice-servers.js';
import { currentToken, type SignalingToken } from './signaling-token.js';

/**
 * Fetches ICE servers from the `/ice` of a PeerPigeonServer, or of whatever answers `{iceServers, ttlSeconds}` as it does.
 * @param url https://signaling.example.org/ice
 * @param options `token`: the one that the server wants of who connects to it, too
 * @example
 * const mesh = new PeerPigeonMesh({ iceServers: iceServersFrom('https://signaling.example.org/ice') });
 */
export function iceServersFrom(
  url: string,
  { token }: { readonly token?: SignalingToken | undefined } = {},
): IceServerProvider {
  return async () => {
    const headers = token === undefined ? undefined : { authorization: `Bearer ${await currentToken(token)}` };
    const response = await fetch(url, { headers });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return (await response.json()) as IceServerLease;
  };
}
