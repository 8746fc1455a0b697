/** What a person may set, kept in localStorage over reloads (S164). */
export interface Settings {
  /** ws:// or wss:// */
  readonly signalingUrl: string;
  readonly network: string;
  /** 1 to 50 links. */
  readonly maxPeers: number;
  /** 0 to 49 links, at most `maxPeers`. */
  readonly minPeers: number;
}

/** What the address alone says. */
export interface Launch {
  /** `?tab=`: labels title and logs (S158). */
  readonly tab: string | null;
  /** `?debug=true`: full logging (S158). */
  readonly debug: boolean;
  /** `?join=false`: do not join on load. */
  readonly join: boolean;
  /** `?peerId=`: the own id or name; what this peer holds of the DHT is kept over reloads. */
  readonly peerId: string | null;
}

/** Where settings are kept: the part of `Storage` that is used. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem'>;

const KEY = 'peerpigeon:settings';

export const DEFAULTS: Settings = { signalingUrl: 'ws://localhost:3000', network: 'global', maxPeers: 3, minPeers: 2 };

/**
 * The settings in force: the address (`?api= ?network= ?maxPeers=`) before what was kept, before `defaults`. What the
 * address says holds for this tab alone and is not kept: tabs of one origin share their storage.
 */
export function readSettings(query: URLSearchParams, shelf: Shelf, defaults: Settings): Settings {
  const kept = readKept(shelf);
  const maxPeers =
    wholeNumber(query.get('maxPeers'), 1, 50) ?? wholeNumber(kept['maxPeers'], 1, 50) ?? defaults.maxPeers;
  const minPeers = wholeNumber(kept['minPeers'], 0, 49) ?? defaults.minPeers;
  return {
    signalingUrl: text(query.get('api')) ?? text(kept['signalingUrl']) ?? defaults.signalingUrl,
    network: text(query.get('network')) ?? text(kept['network']) ?? defaults.network,
    maxPeers,
    minPeers: Math.min(minPeers, maxPeers),
  };
}

/** Keeps the settings for the next load. Storage may be full or forbidden; then they hold for this page only. */
export function keepSettings(settings: Settings, shelf: Shelf): void {
  try {
    shelf.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Nothing to do: the page works without.
  }
}

export function readLaunch(query: URLSearchParams): Launch {
  return {
    tab: text(query.get('tab')) ?? null,
    debug: query.get('debug') === 'true',
    join: query.get('join') !== 'false',
    peerId: text(query.get('peerId')) ?? null,
  };
}

function readKept(shelf: Shelf): Partial<Record<string, unknown>> {
  try {
    const kept: unknown = JSON.parse(shelf.getItem(KEY) ?? 'null');
    return typeof kept === 'object' && kept !== null ? kept : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function wholeNumber(value: unknown, least: number, most: number): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const number = Number(value);
  return Number.isInteger(number) && number >= least && number <= most ? number : undefined;
}
