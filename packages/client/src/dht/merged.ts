import { Replica, type DhtRecord } from '@peerpigeon/dht';
import type { PeerId, PeerPigeonError } from '@peerpigeon/core';
import { dhtError } from './failure.js';
import { Follower } from './follower.js';
import type { PartOptions, PartStore } from './parts.js';
import { Watch } from './watch.js';

/** A data type whose state lies in parts, one of each author. */
export interface DataType<Part> {
  readonly kind: 'counter' | 'set';
  /** The part of who has said nothing. */
  readonly empty: Part;
  /** @throws {DecodeError} for what is no part */
  readonly decode: (bytes: Uint8Array) => Part;
  /** @throws {RangeError} when it is too large */
  encode(part: Part, parts: Parts<Part>): Uint8Array;
  /** What the own part has to become as others' are; the same where nothing has to. */
  settle(parts: Parts<Part>, self: PeerId): Part;
  /** Whether that may happen to a part: then its author follows what others say. */
  settles(part: Part): boolean;
}

/** The known parts, by author. */
export type Parts<Part> = ReadonlyMap<PeerId, Part>;

/** What an application sees of the parts. */
export interface Views<Part, Value> {
  /** Other for another value. */
  readonly mark: (parts: Parts<Part>) => string;
  readonly make: (parts: Parts<Part>) => Value;
}

/** What {@link Merged} needs of the store of parts. */
export type PartPort = Pick<PartStore, 'all' | 'put' | 'on'>;

/** What is to become of the own part, given all parts. */
export interface Edit<Part> {
  /** The own part as it is where nothing changes. @throws for what cannot be done: the edit fails, and no other */
  readonly change: (parts: Parts<Part>, own: Part) => Part;
  /** Whether it has to know what others say now. */
  readonly looks: boolean;
  /** Those of before, without. */
  readonly options?: PartOptions;
}

interface Waiting<Part> extends Edit<Part> {
  /** Whether the own part has changed. */
  readonly resolve: (changed: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** The own part as it was last put, or read back. Version 0: there is none. */
interface Own<Part> {
  readonly part: Part;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/**
 * One key of a data type at this peer: what reads all parts, and changes the own one. There is one of a key, whoever uses it, as
 * the own part is replaced as a whole: what came out of a change has to be what the next one starts with.
 */
export class Merged<Part> {
  /** Authors whose part was none when parts were last looked at. */
  unreadable = 0;
  private readonly name: string;
  private readonly type: DataType<Part>;
  private readonly store: PartPort;
  private readonly self: PeerId;
  private own: Own<Part> | undefined;
  /** As of when they were last looked at. */
  private parts: Parts<Part> = new Map();
  private options: PartOptions = {};
  /** While the own part may have to change as others' do. */
  private follower: Follower<Part> | undefined;
  private readonly watches = new Set<{ end(): void }>();
  private waiting: Waiting<Part>[] = [];
  private busy = false;
  /** How often this mesh has left. */
  private left = 0;

  constructor(name: string, type: DataType<Part>, store: PartPort, self: PeerId) {
    this.name = name;
    this.type = type;
    this.store = store;
    this.self = self;
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return !this.busy && this.watches.size === 0 && this.follower === undefined;
  }

  /** The parts of all. @throws {PeerPigeonError} as a get fails */
  async read(): Promise<Parts<Part>> {
    return this.look(await this.store.all(this.name)).parts;
  }

  /**
   * Changes the own part, after all that was asked for before; what is asked for meanwhile goes together into one put. Resolves
   * once that is stored: whether it has changed.
   *
   * When that fails the own part counts as it was. Where it was stored all the same, that is undone by the next that succeeds; so
   * whoever tries again does not do it twice.
   * @throws {PeerPigeonError} as a get or put fails
   */
  edit(edit: Edit<Part>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...edit, resolve, reject });
      if (!this.busy) void this.work();
    });
  }

  /**
   * What is made of the parts, now and whenever it has another mark. Who reads slowly gets the last.
   * @param onEnd called once it takes no more
   */
  watch<Value>({ mark, make }: Views<Part, Value>, onEnd: () => void): Watch<Value> {
    let last: string | undefined;
    const follower = new Follower(this.withOwn(new Replica(this.type.decode)), ({ parts, unreadable }) => {
      this.unreadable = unreadable;
      const now = mark(parts);
      if (now === last) return;
      last = now;
      watch.push(make(parts));
    });
    const watch = new Watch<Value>(() => {
      this.watches.delete(watch);
      follower.end();
      onEnd();
    }, 1);
    this.watches.add(watch);
    follower.begin(this.name, this.store).catch((error: unknown) => watch.fail(error));
    return watch;
  }

  /** This mesh leaves: watches end; what is yet to be put fails. */
  leave(): void {
    this.left++;
    for (const watch of this.watches) watch.end();
    for (const { reject } of this.waiting.splice(0)) reject(this.disconnected());
  }

  private async work(): Promise<void> {
    this.busy = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.carryOut(batch);
      } catch (error) {
        // Those that have been told already are not told again.
        for (const { reject } of batch) reject(error);
      }
    }
    this.busy = false;
  }

  private async carryOut(batch: readonly Waiting<Part>[]): Promise<void> {
    const { left } = this;
    const own = await this.begin(batch.some(({ looks }) => looks));
    // Nobody would answer.
    if (left !== this.left) throw this.disconnected();
    const { type, self } = this;
    let next = own;
    let { options } = this;
    const done: (() => void)[] = [];
    for (const edit of batch) {
      try {
        const parts = new Map(this.parts).set(self, next.part);
        const part = edit.change(parts, next.part);
        const changed = part !== next.part;
        if (changed) {
          const bytes = type.encode(part, parts);
          next = { part: type.decode(bytes), version: own.version, bytes };
          options = edit.options ?? options;
        }
        done.push(() => edit.resolve(changed));
      } catch (error) {
        edit.reject(error);
      }
    }
    if (next !== own) {
      const { version } = await this.store.put(this.name, next.bytes, options);
      this.own = { ...next, version };
      this.options = options;
      this.follow(next.part);
    }
    for (const resolve of done) resolve();
  }

  /** The own part: read back first by who does not know it, after a reload say. */
  private async begin(looks: boolean): Promise<Own<Part>> {
    const { own, follower, type } = this;
    const knows = own !== undefined && (follower?.live === true || !type.settles(own.part));
    if (knows && !looks) return own;
    const records = await this.store.all(this.name);
    const { parts } = this.look(records);
    if (own !== undefined) return own;
    const part = parts.get(this.self);
    const record = records.get(this.self);
    this.own =
      part === undefined || record === undefined
        ? { part: type.empty, version: 0, bytes: new Uint8Array(0) }
        : { part, version: record.version, bytes: record.value };
    return this.own;
  }

  private disconnected(): PeerPigeonError {
    return dhtError('disconnected', { space: 'part', name: this.name });
  }

  /** Follows what others say, from the first own part on that this may change until the last one. */
  private follow(own: Part): void {
    if (!this.type.settles(own)) {
      this.follower?.end();
      this.follower = undefined;
    } else if (this.follower === undefined) {
      const follower = new Follower(new Replica(this.type.decode), (replica) => this.heard(replica));
      this.follower = follower;
      follower.begin(this.name, this.store).catch(() => {
        // The next change has to look, and begins anew.
        if (this.follower === follower) this.follower = undefined;
      });
    }
  }

  /** Others have changed something. */
  private heard({ parts }: Replica<Part>): void {
    const { own, self, type } = this;
    this.parts = parts;
    if (own === undefined || type.settle(new Map(parts).set(self, own.part), self) === own.part) return;
    // If it fails the next change, or what is heard next, does it.
    this.edit({ change: (now) => type.settle(now, self), looks: false }).catch(() => {});
  }

  private look(records: ReadonlyMap<PeerId, DhtRecord>): Replica<Part> {
    const replica = new Replica(this.type.decode);
    for (const record of records.values()) replica.take(record);
    this.parts = this.withOwn(replica).parts;
    this.unreadable = replica.unreadable;
    return replica;
  }

  /** Hands a replica the own part, which holders may lack, or have in an older version. */
  private withOwn(replica: Replica<Part>): Replica<Part> {
    const { own, self: author } = this;
    if (own !== undefined && own.version > 0) {
      replica.take({ author, version: own.version, form: 'plain', value: own.bytes });
    }
    return replica;
  }
}
