import { bytesToHex, type PeerId } from '@peerpigeon/core';
import * as fc from 'fast-check';
import { Replica } from '../src/index.js';

/** The id of an author, by number. */
export function author(index: number): PeerId {
  return bytesToHex(new Uint8Array(20).fill(index + 1));
}

/** A version of an author's part. */
export interface Said<Part> {
  readonly author: PeerId;
  readonly version: number;
  readonly part: Part;
}

export interface Histories<Part> {
  /** By author. */
  readonly newest: Map<PeerId, Part>;
  /** All versions in order, and in any order, some of them twice. */
  readonly records: Said<Part>[];
  readonly shuffled: Said<Part>[];
}

/** Some authors' parts, each made of the one before by a step. */
export function histories<Step, Part>(
  steps: fc.Arbitrary<Step>,
  next: (step: Step, before: Part | undefined, who: PeerId) => Part,
): fc.Arbitrary<Histories<Part>> {
  return fc
    .array(fc.tuple(fc.nat(3), steps), { minLength: 1, maxLength: 20 })
    .map((all) => {
      const newest = new Map<PeerId, Part>();
      const records = all.map(([index, step], i) => {
        const who = author(index);
        const part = next(step, newest.get(who), who);
        newest.set(who, part);
        return { author: who, version: i + 1, part };
      });
      return { newest, records };
    })
    .chain(({ newest, records }) =>
      fc
        .tuple(
          fc.shuffledSubarray(records, { minLength: records.length }),
          fc.array(fc.constantFrom(...records), { maxLength: 10 }),
        )
        .map(([shuffled, again]) => ({ newest, records, shuffled: [...shuffled, ...again] })),
    );
}

/** Hands a replica records; returns it. */
export function taken<Part>(
  replica: Replica<Part>,
  said: readonly Said<Part>[],
  encode: (part: Part) => Uint8Array,
): Replica<Part> {
  for (const { part, ...head } of said) replica.take({ ...head, form: 'plain', value: encode(part) });
  return replica;
}

/** A replica that was handed these, group by group. */
export function replicaOf<Part>(
  decode: (bytes: Uint8Array) => Part,
  encode: (part: Part) => Uint8Array,
  ...groups: readonly (readonly Said<Part>[])[]
): Replica<Part> {
  const replica = new Replica(decode);
  for (const group of groups) taken(replica, group, encode);
  return replica;
}
