import {
  addElement,
  decodeSet,
  elementId,
  elementOf,
  elementsIn,
  encodeSet,
  NOTHING_SAID,
  removeElement,
  settledPart,
  type ElementId,
  type SetPart,
} from '@peerpigeon/dht';
import type { Millis, PeerId } from '@peerpigeon/core';
import { ArgumentRangeError, ArgumentTypeError } from '../argument.js';
import { Handle, type DhtMergedOptions } from './handle.js';
import type { DataType, Parts } from './merged.js';
import type { MergedKeys } from './merged-keys.js';

const SET: DataType<SetPart> = {
  kind: 'set',
  empty: NOTHING_SAID,
  decode: decodeSet,
  encode(part, parts) {
    try {
      return encodeSet(part, parts);
    } catch (error) {
      throw error instanceof RangeError ? new ArgumentRangeError(error.message) : error;
    }
  },
  settle: settledPart,
  settles: ({ added }) => added.size > 0,
};

/**
 * A set that all peers change at the same time: `mesh.dht.set(key)`. Where one adds an element while another deletes it, it stays.
 * Elements are plain data, equal when they encode to the same bytes (so that the order of an object's properties counts). A peer has
 * 16 KiB for what it has added and deleted; that lives for as long as it is in the mesh, and an hour (`ttlMs`) longer.
 * `Element` is what you expect: content of others needs a check before use.
 * @example
 * const online = mesh.dht.set<string>('players');
 * await online.add('ann');
 * for await (const players of online.watch()) show(players);
 */
export class DhtSet<Element = unknown> extends Handle<SetPart, readonly Element[]> {
  protected readonly views = {
    mark: (parts: Parts<SetPart>): string => elementsIn(parts).join(),
    make: (parts: Parts<SetPart>): readonly Element[] => valuesOf(parts) as readonly Element[],
  };
  private readonly self: PeerId;
  private readonly wall: () => Millis;

  /** Of `mesh.dht`. @param wall ms since 1970 */
  constructor(key: string, keys: () => MergedKeys, options: DhtMergedOptions, self: PeerId, wall: () => Millis) {
    super(key, SET, keys, options);
    this.self = self;
    this.wall = wall;
  }

  /**
   * Adds an element; resolves once enough peers hold that. One that is there is added again, so that it outlives its being deleted
   * at the same time.
   * @throws {TypeError} for what is not plain data; {RangeError} when this peer's 16 KiB are full; {PeerPigeonError} as `WebDHT.put`
   */
  async add(element: Element): Promise<void> {
    const id = idOf(element);
    await this.edit((parts) => addElement(parts, this.self, id, Math.floor(this.wall())), false);
  }

  /**
   * Deletes an element, whoever added it, as far as this peer knows of that; resolves once enough peers hold it: whether it was
   * there. @throws as {@link add}
   */
  async delete(element: Element): Promise<boolean> {
    const id = idOf(element);
    return this.edit(
      (parts, own) => (elementsIn(parts).includes(id) ? removeElement(parts, this.self, id) : own),
      true,
    );
  }

  /** Whether an element is there. @throws {TypeError} for what is not plain data; {PeerPigeonError} as `WebDHT.get` */
  async has(element: Element): Promise<boolean> {
    const id = idOf(element);
    return elementsIn(await this.read()).includes(id);
  }

  /** All elements, in the same order at all peers. @throws {PeerPigeonError} as `WebDHT.get` */
  async values(): Promise<readonly Element[]> {
    return valuesOf(await this.read()) as readonly Element[];
  }
}

/** The elements by these parts. */
function valuesOf(parts: Parts<SetPart>): readonly unknown[] {
  return elementsIn(parts).map((id) => elementOf(id));
}

function idOf(element: unknown): ElementId {
  try {
    return elementId(element);
  } catch (error) {
    const message = (error as Error).message.replace(/^content/, 'element');
    if (error instanceof TypeError) throw new ArgumentTypeError(message);
    throw error instanceof RangeError ? new ArgumentRangeError(message) : error;
  }
}
