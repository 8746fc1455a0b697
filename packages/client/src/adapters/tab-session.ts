import type { PeerId } from '@peerpigeon/core';
import type { Resume } from '@peerpigeon/signaling-protocol';

/**
 * Keeps a resume token from one load of a page to the next, in `sessionStorage`: of this tab alone. It is kept only from the
 * end of a load on and taken out by the next, since a duplicated tab gets a copy of what is there, and must not take over
 * the id of the tab it was copied from.
 */
export function keepResume(network: string, peerId: PeerId, { url, token }: Resume): void {
  try {
    storage()?.setItem(keyOf(network, peerId), JSON.stringify([url, token]));
  } catch {
    // There is no room: the next load waits until the connection has proved dead.
  }
}

/** What {@link keepResume} kept; the second time there is nothing. */
export function takeResume(network: string, peerId: PeerId): Resume | undefined {
  const key = keyOf(network, peerId);
  const text = storage()?.getItem(key) ?? null;
  if (text === null) return undefined;
  storage()?.removeItem(key);
  return read(text);
}

function keyOf(network: string, peerId: PeerId): string {
  return `peerpigeon-resume:${network}/${peerId}`;
}

/** Any script of the page may have written it. */
function read(text: string): Resume | undefined {
  try {
    const kept: unknown = JSON.parse(text);
    if (!Array.isArray(kept)) return undefined;
    const [url, token]: unknown[] = kept;
    return typeof url === 'string' && typeof token === 'string' ? { url, token } : undefined;
  } catch {
    return undefined;
  }
}

/** Absent in Node, and in frames that may not store anything: the getter throws. */
function storage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined {
  try {
    return (globalThis as { readonly sessionStorage?: Storage }).sessionStorage;
  } catch {
    return undefined;
  }
}
