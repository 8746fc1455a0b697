import { SeededRng, pick } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { DEFAULTS, keyId } from '@peerpigeon/dht';
import type { DhtRecord, Key, Message } from '@peerpigeon/dht';
import { DHT_DONE_MS, DHT_LOOK_MS, DHT_TTL_MS } from './config.js';
import { DhtJournal } from './dht-journal.js';
import type { GetEntry, Phase, PutEntry, Window } from './dht-journal.js';
import { areSameSet, newestOf, rankOf, trueHolders, verdictOf } from './dht-oracle.js';
import { framesSince } from './dht-traffic.js';
import type { DhtNode } from './dht-node.js';
import { hash } from './hash.js';
import type { Network } from './network.js';
import type { SimulatedPeer } from './peer.js';
import type { Recorder } from './recorder.js';

/** A peer with a dht. */
export type DhtPeer = SimulatedPeer & { readonly dht: DhtNode };

/** Puts and gets of a run, and the oracle that judges them: it sees all peers at once. */
export class DhtWorkload {
  readonly journal = new DhtJournal();
  readonly rng: SeededRng;
  private readonly network: Network;
  private readonly recorder: Recorder;
  private readonly payload: number;
  /** Gets under way by the id of their key. */
  private readonly asking = new Map<PeerId, Set<GetEntry>>();

  constructor(network: Network, recorder: Recorder, seed: number, payload: number) {
    this.network = network;
    this.recorder = recorder;
    this.payload = payload;
    this.rng = new SeededRng(hash(seed, 'dht'));
    recorder.dhtTraffic.onSaid = (from, to, message) => this.said(from, to, message);
  }

  /** All who are up and have a dht. */
  get up(): DhtPeer[] {
    return this.network.up.filter(hasDht);
  }

  /** The peers that should hold a key. */
  nearest(key: Key): PeerId[] {
    const ids = this.recorder.mesh.ring.map(({ id }) => id);
    return trueHolders(key, ids, DEFAULTS.replicas);
  }

  /** Whether all those have records of a key that should. */
  isComplete(key: Key): boolean {
    const had = new Set(this.holders(key).map(({ id }) => id));
    return this.nearest(key).every((id) => had.has(id));
  }

  /** Whether exactly those have records of a key that should. */
  isExact(key: Key): boolean {
    const holders = this.holders(key);
    return areSameSet(
      holders.map(({ id }) => id),
      this.nearest(key),
    );
  }

  /** Whether all that should hold a key have the same newest record of it, which is no older than any put that was stored. */
  isAgreed(key: Key): boolean {
    const stored = newestOf(
      key,
      this.journal.writesOf(keyId(key)).flatMap(({ record }) => record ?? []),
    );
    const newest = this.nearest(key).map((id) => newestOf(key, this.network.peer(id)?.dht?.held(key) ?? []));
    const [first] = newest;
    if (stored === undefined || first === undefined || newestOf(key, [first, stored]) !== first) return false;
    const { hash: wanted } = rankOf(key, first);
    return newest.every((record) => record !== undefined && rankOf(key, record).hash === wanted);
  }

  /** Peers that have a record of a key, but not the newest that anybody has. */
  stale(key: Key): number {
    const records = this.holders(key).flatMap(({ dht }) => newestOf(key, dht.held(key)) ?? []);
    const winner = newestOf(key, records);
    if (winner === undefined) return 0;
    const { hash: wanted } = rankOf(key, winner);
    return records.filter((record) => rankOf(key, record).hash !== wanted).length;
  }

  /** Who is up and has a record of the key. */
  holders(key: Key): DhtPeer[] {
    return this.up.filter(({ dht }) => dht.held(key).length > 0);
  }

  /** One of all that are up, but not this one. */
  someone(except?: PeerId): DhtPeer | undefined {
    return this.oneOf(({ id }) => id !== except);
  }

  /** One of those that are up and fit. */
  oneOf(fits: (peer: DhtPeer) => boolean): DhtPeer | undefined {
    return pick(this.rng, this.up.filter(fits));
  }

  /** A put of a value that is like no other, now. */
  put(peer: DhtPeer, key: Key, phase: Phase = 'calm'): PutEntry {
    const { journal, network } = this;
    const value = new Uint8Array(Math.max(4, this.payload));
    new DataView(value.buffer).setUint32(0, journal.puts.length);
    const entry: PutEntry = {
      phase,
      author: peer.id,
      key,
      keyId: keyId(key),
      value,
      atMs: network.now,
      doneMs: null,
      storedMs: null,
      record: null,
      failed: null,
      hops: null,
      copies: null,
      holders: null,
      nearest: null,
    };
    journal.put(entry);
    const then: Parameters<DhtNode['put']>[2] = (outcome, now) => {
      entry.doneMs = now;
      if (outcome.type !== 'stored') {
        entry.failed = outcome.type === 'failed' ? outcome.reason : outcome.type;
        return;
      }
      entry.storedMs = now;
      entry.record = outcome.record;
      entry.hops = outcome.hops;
      entry.copies = outcome.copies;
      network.at(now + DHT_LOOK_MS, () => this.look(entry, outcome.record));
    };
    peer.dht.put(key, value, then, { ttlMs: DHT_TTL_MS });
    return entry;
  }

  /** A get, now. */
  get(peer: DhtPeer, key: Key, phase: Phase = 'calm'): GetEntry {
    const { journal, network, asking } = this;
    const id = keyId(key);
    const entry: GetEntry = {
      phase,
      key,
      keyId: id,
      peer: peer.id,
      atMs: network.now,
      doneMs: null,
      verdict: null,
      version: null,
      failed: null,
      hops: null,
      holders: [],
      nearest: this.nearest(key),
    };
    journal.gets.push(entry);
    const under = asking.get(id) ?? new Set();
    asking.set(id, under.add(entry));
    peer.dht.get(key, (outcome, now) => {
      if (under.delete(entry) && under.size === 0) asking.delete(id);
      // Who leaves the mesh gives it up.
      if (outcome.type === 'failed' && outcome.reason === 'disconnected') return;
      entry.doneMs = now;
      if (outcome.type === 'failed') entry.failed = outcome.reason;
      const records = outcome.type === 'found' ? outcome.records : undefined;
      const got = records === undefined ? undefined : (newestOf(key, records) ?? null);
      if (outcome.type === 'found') entry.hops = outcome.hops;
      entry.version = got?.version ?? null;
      const isHeld = got === null && this.holders(key).length > 0;
      entry.verdict = verdictOf(got, key, journal.writesOf(id), entry.atMs, isHeld);
    });
    return entry;
  }

  /** Lets `ms` pass, and more until all operations have ended, and notes what was written to links meanwhile. */
  window(of: 'idle' | 'puts' | 'gets', ms: Millis): void {
    const { network, recorder, journal } = this;
    const sinceMs = network.now;
    const [before, links, extra] = [recorder.dhtTraffic.total, network.links.opened, this.extraLinks];
    network.run(ms);
    this.finish();
    const window: Window = {
      sinceMs,
      untilMs: network.now,
      frames: framesSince(before, recorder.dhtTraffic.total),
      links: network.links.opened - links,
      extraLinks: this.extraLinks - extra,
    };
    journal.windows.set(of, window);
  }

  /** Lets time pass until all operations have ended, or would have. */
  finish(): void {
    const { network, journal } = this;
    const untilMs = network.now + DHT_DONE_MS;
    const isOpen = ({ doneMs }: { readonly doneMs: Millis | null }): boolean => doneMs === null;
    while (network.now < untilMs && (journal.puts.some(isOpen) || journal.gets.some(isOpen))) network.run(250);
  }

  private get extraLinks(): number {
    return this.recorder.journal.links.filter(({ kind }) => kind === 'extra').length;
  }

  /** Who has the record that was put, and who should. */
  private look(entry: PutEntry, { author, version }: DhtRecord): void {
    const has = ({ dht }: DhtPeer): boolean =>
      dht.held(entry.key).some((held) => held.author === author && held.version === version);
    entry.holders = this.up.filter(has).map(({ id }) => id);
    entry.nearest = this.nearest(entry.key);
  }

  /** Whoever carries a get out asks holders; it is one itself or not. */
  private said(from: PeerId, to: PeerId | null, message: Message): void {
    if (message.type !== 'fetch' || to === null) return;
    for (const entry of this.asking.get(keyId(message.key)) ?? []) {
      const asked = new Set([...entry.holders, to]);
      if (entry.nearest.includes(from)) asked.add(from);
      entry.holders = [...asked];
    }
  }
}

function hasDht(peer: SimulatedPeer): peer is DhtPeer {
  return peer.dht !== undefined;
}
