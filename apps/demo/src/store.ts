import { computed, signal } from '@preact/signals';
import type { Settings } from './settings.js';

/** Where this tab stands with the mesh. `alone`: the server is away and the mesh goes on without it. */
export type Phase = 'left' | 'joining' | 'joined' | 'alone' | 'failed';

export interface ChatMessage {
  /** The message id; the key of a note about a message that could not be sent. */
  readonly id: string;
  readonly from: string;
  /** The receiver of a direct message, null for everyone. */
  readonly to: string | null;
  readonly text: string;
  readonly mine: boolean;
  readonly hops: number;
  readonly verified: boolean;
  /** Wall time in ms, by the sender's clock. */
  readonly at: number;
  /** What became of one's own direct message. */
  readonly fate?: Fate;
}

export type Fate =
  | { readonly state: 'travelling' }
  | { readonly state: 'delivered'; readonly hops: number; readonly ms: number }
  | { readonly state: 'failed'; readonly reason: string };

export type LogLevel = 'info' | 'good' | 'warning' | 'error';

export interface LogEntry {
  readonly key: number;
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** A link between two other peers, known because a message came over it. */
export interface Sighting {
  readonly a: string;
  readonly b: string;
  readonly at: number;
}

/** A message on its way through the picture: the ids it passed, this tab last (or first, when it is ours). */
export interface Pulse {
  readonly key: number;
  readonly path: readonly string[];
}

/** `silent`: linked, but nothing was heard for some seconds. `heard`: known from messages only. */
export type PeerKind = 'linked' | 'silent' | 'dialling' | 'known' | 'heard';

export interface RosterEntry {
  readonly id: string;
  readonly kind: PeerKind;
}

export function isLinked(kind: PeerKind): boolean {
  return kind === 'linked' || kind === 'silent';
}

/** The part of `getStatus()` that is shown. */
export interface Status {
  readonly peerId: string | null;
  readonly maxPeers: number;
  readonly minPeers: number;
  readonly uptime: number;
}

const MAX_MESSAGES = 500;
const MAX_LOG = 300;
const MAX_SIGHTINGS = 400;
const MAX_PULSES = 40;
/** Links of others change without our being told: what was not used for so long is no longer shown. */
export const SIGHTING_MS = 60_000;

/** Everything the page shows. Events of the mesh change it, components read it. */
export class Store {
  readonly settings;
  readonly phase = signal<Phase>('left');
  readonly status = signal<Status>({ peerId: null, maxPeers: 0, minPeers: 0, uptime: 0 });
  readonly peers = signal<readonly string[]>([]);
  readonly known = signal<readonly RosterEntry[]>([]);
  readonly messages = signal<readonly ChatMessage[]>([]);
  readonly log = signal<readonly LogEntry[]>([]);
  readonly sightings = signal<ReadonlyMap<string, Sighting>>(new Map());
  readonly pulses = signal<readonly Pulse[]>([]);
  /** To whom the composer writes; null is everyone. */
  readonly recipient = signal<string | null>(null);
  private readonly silent = signal<ReadonlySet<string>>(new Set());
  private keys = 0;

  /** Every peer of which anything is known, in ring order, this tab left out. */
  readonly roster = computed<readonly RosterEntry[]>(() => {
    const entries = new Map<string, PeerKind>();
    for (const { a, b } of this.sightings.value.values()) entries.set(a, 'heard').set(b, 'heard');
    for (const { id, kind } of this.known.value) entries.set(id, kind);
    for (const id of this.peers.value) entries.set(id, this.silent.value.has(id) ? 'silent' : 'linked');
    entries.delete(this.status.value.peerId ?? '');
    return [...entries].map(([id, kind]) => ({ id, kind })).sort((left, right) => (left.id < right.id ? -1 : 1));
  });

  constructor(settings: Settings) {
    this.settings = signal(settings);
  }

  addMessage(message: ChatMessage): void {
    this.messages.value = [...this.messages.value, message].slice(-MAX_MESSAGES);
  }

  settleMessage(id: string, fate: Fate): void {
    this.messages.value = this.messages.value.map((message) => (message.id === id ? { ...message, fate } : message));
  }

  addLog(level: LogLevel, text: string, at: number): void {
    this.log.value = [...this.log.value, { key: ++this.keys, at, level, text }].slice(-MAX_LOG);
  }

  /** A linked peer has fallen silent, or is heard again. */
  setSilent(id: string, silent: boolean): void {
    const ids = new Set(this.silent.value);
    if (silent ? !ids.has(id) : ids.delete(id)) this.silent.value = silent ? ids.add(id) : ids;
  }

  /** A message came along `path` (ids, the author first, this tab last). */
  sawPath(path: readonly string[], at: number): void {
    const self = this.status.value.peerId;
    const sightings = new Map(this.sightings.value);
    for (let i = 1; i < path.length; i++) {
      const [a, b] = [path[i - 1] as string, path[i] as string].sort() as [string, string];
      // One's own links are known anyway.
      if (a === self || b === self) continue;
      // Deleted first, so that the map stays in the order of last use.
      sightings.delete(a + b);
      sightings.set(a + b, { a, b, at });
    }
    for (const key of sightings.keys()) {
      if (sightings.size <= MAX_SIGHTINGS) break;
      sightings.delete(key);
    }
    this.sightings.value = sightings;
    if (path.length > 1) this.addPulse(path);
  }

  addPulse(path: readonly string[]): void {
    this.pulses.value = [...this.pulses.value, { key: ++this.keys, path }].slice(-MAX_PULSES);
  }

  endPulse(key: number): void {
    this.pulses.value = this.pulses.value.filter((pulse) => pulse.key !== key);
  }

  /** Forgets links of others that were not used for {@link SIGHTING_MS}. */
  forgetSightings(now: number): void {
    const kept = [...this.sightings.value].filter(([, { at }]) => now - at < SIGHTING_MS);
    if (kept.length < this.sightings.value.size) this.sightings.value = new Map(kept);
  }

  /** A peer may be gone: its links to others are shown again when a message comes over them. */
  dropSightings(id: string): void {
    this.sightings.value = new Map([...this.sightings.value].filter(([, { a, b }]) => a !== id && b !== id));
  }

  /** The mesh was left: nothing of it is known any longer. Messages and log stay. */
  clearMesh(): void {
    this.peers.value = [];
    this.known.value = [];
    this.sightings.value = new Map();
    this.pulses.value = [];
    this.silent.value = new Set();
    this.recipient.value = null;
  }
}
