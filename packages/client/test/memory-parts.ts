import { PeerPigeonError, type PeerId } from '@peerpigeon/core';
import type { DhtRecord } from '@peerpigeon/dht';
import type { PartPort } from '../src/dht/merged.js';
import type { Change } from '../src/dht/subscriptions.js';

/** What a put said besides its bytes. */
type PutOptions = Parameters<PartPort['put']>[2];

/** Parts in memory, those of all authors: what the mesh is to data types. */
export class MemoryParts {
  /** By name. */
  readonly stored = new Map<string, Map<PeerId, DhtRecord>>();
  /** What was asked for, in order: `all ann`, `put ann 3`. */
  readonly calls: string[] = [];
  readonly options: PutOptions[] = [];
  /** Makes the next put fail: before it is stored, or after. */
  failing: 'before' | 'after' | undefined;
  /** Makes reads fail. */
  unreachable = false;
  /** Makes subscriptions fail. */
  unsubscribable = false;
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve();
  private readonly listeners = new Map<string, Set<(change: Change) => void>>();
  private versions = 0;

  /** How many listen. */
  get listening(): number {
    return [...this.listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The parts as one author has them. */
  of(self: PeerId): PartPort {
    return {
      all: async (name) => {
        this.calls.push(`all ${self[0]}`);
        await this.gate;
        if (this.unreachable) throw new PeerPigeonError('UNREACHABLE', 'nobody answers');
        return new Map(this.at(name));
      },
      put: async (name, bytes, options) => {
        this.calls.push(`put ${self[0]}`);
        this.options.push(options);
        await this.gate;
        const { failing } = this;
        this.failing = undefined;
        if (failing !== 'before') this.store(name, self, bytes);
        if (failing !== undefined) throw new PeerPigeonError('TIMEOUT', 'no answer in time');
        return { version: this.versions, copies: 8 };
      },
      on: async (name, listener) => {
        // Each time another function, as of another subscription.
        const own = (change: Change): void => listener(change);
        const listeners = this.listeners.get(name) ?? new Set();
        this.listeners.set(name, listeners.add(own));
        await this.gate;
        const stop = (): void => void listeners.delete(own);
        if (this.unreachable || this.unsubscribable) {
          stop();
          throw new PeerPigeonError('UNREACHABLE', 'nobody answers');
        }
        return { parts: new Map(this.at(name)), stop };
      },
    };
  }

  /** Somebody stores a part, whatever it is. */
  store(name: string, author: PeerId, value: Uint8Array): void {
    const previous = this.at(name).get(author) ?? null;
    const version = ++this.versions;
    const head = { author, version, issuedAt: 0, ttlMs: 3_600_000, base: null, replicas: 8 };
    const record: DhtRecord = { ...head, form: 'plain', value, signature: new Uint8Array(0) };
    this.at(name).set(author, record);
    this.tell(name, { record, previous, from: author, version });
  }

  /** A part is over. */
  expire(name: string, author: PeerId): void {
    const previous = this.at(name).get(author) as DhtRecord;
    this.at(name).delete(author);
    this.tell(name, { record: null, previous, from: author, version: previous.version });
  }

  private tell(name: string, change: Omit<Change, 'type' | 'key'>): void {
    for (const listener of this.listeners.get(name) ?? []) {
      listener({ type: 'changed', key: { space: 'part', name }, ...change });
    }
  }

  private at(name: string): Map<PeerId, DhtRecord> {
    const parts = this.stored.get(name) ?? new Map<PeerId, DhtRecord>();
    this.stored.set(name, parts);
    return parts;
  }
}
