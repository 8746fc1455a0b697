import { DecodeError, encode, encodeContent, hexToBytes, type FrameValue, type PeerId } from '@peerpigeon/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addElement,
  decodeSet,
  elementId,
  elementOf,
  elementsIn,
  encodeSet,
  MAX_RECORD_BYTES,
  NOTHING_SAID,
  removeElement,
  Replica,
  settledPart,
} from '../src/index.js';
import type { ElementId, SetPart } from '../src/index.js';
import { author, histories, replicaOf, taken } from './parts.js';

const NOW = 1_700_000_000_000;
const [ann, bob, cid] = [author(0), author(1), author(2)];
const a = elementId('a');
const toBytes = (part: SetPart): Uint8Array => encodeSet(part, new Map());

/** A peer that has a set: what it knows, and the part that it tells. */
class Peer {
  readonly replica = new Replica(decodeSet);
  private version = 0;
  private readonly id: PeerId;
  private readonly clock: () => number;

  constructor(id: PeerId, clock = (): number => NOW) {
    this.id = id;
    this.clock = clock;
  }

  get part(): SetPart {
    return this.replica.parts.get(this.id) ?? NOTHING_SAID;
  }

  get elements(): unknown[] {
    return elementsIn(this.replica.parts).map(elementOf);
  }

  add(...elements: unknown[]): this {
    for (const element of elements) {
      this.say(addElement(this.replica.parts, this.id, elementId(element), this.clock()));
    }
    return this;
  }

  remove(element: unknown): this {
    this.say(removeElement(this.replica.parts, this.id, elementId(element)));
    return this;
  }

  /** Hears the present parts of others. */
  hear(...others: Peer[]): this {
    for (const { id, version, part } of others) {
      if (version > 0) this.replica.take({ author: id, version, form: 'plain', value: toBytes(part) });
    }
    return this;
  }

  private say(part: SetPart): void {
    const value = encodeSet(part, this.replica.parts);
    this.replica.take({ author: this.id, version: ++this.version, form: 'plain', value });
  }
}

const three = (): [Peer, Peer, Peer] => [new Peer(ann), new Peer(bob), new Peer(cid)];

describe('set', () => {
  it('has what anybody added and nobody removed', () => {
    const [A, B] = three();
    A.add('a', 'b');
    B.add('c').hear(A).remove('b');
    A.hear(B);
    expect(A.elements).toEqual(['a', 'c']);
    expect(B.elements).toEqual(['a', 'c']);
  });

  it('elements are plain data, the same if their bytes are', () => {
    const [A] = three();
    A.add({ x: 1 }, { x: 1 }, [1n], undefined, new Date(7));
    expect(A.elements).toHaveLength(4);
    expect(new Set(A.elements.map(elementId))).toEqual(
      new Set([{ x: 1 }, [1n], undefined, new Date(7)].map(elementId)),
    );
    expect(A.remove({ x: 1 }).elements).toHaveLength(3);
    expect(() => elementId(() => 1)).toThrow(TypeError);
    expect(() => elementId('a'.repeat(MAX_RECORD_BYTES))).toThrow(RangeError);
  });

  it('an addition wins over a removal at the same time, also where the element was there', () => {
    const [A, B, C] = three();
    A.add('a');
    B.hear(A);
    C.hear(A);
    B.add('a');
    C.remove('a');
    A.remove('a');
    for (const peer of [A, B, C]) expect(peer.hear(A, B, C).elements).toEqual(['a']);
  });

  it('adding one’s own again wins over a removal at the same time', () => {
    const [A, B] = three();
    A.add('a');
    B.hear(A).remove('a');
    A.add('a').hear(B);
    B.hear(A);
    expect(A.elements).toEqual(['a']);
    expect(B.elements).toEqual(['a']);
  });

  it('what is removed can be added again, by anybody', () => {
    const [A, B] = three();
    A.add('a');
    B.hear(A).remove('a');
    expect(B.elements).toEqual([]);
    B.add('a');
    expect(A.hear(B).elements).toEqual(['a']);
    expect(A.remove('a').elements).toEqual([]);
    expect(B.hear(A).elements).toEqual([]);
  });

  it('forgets what all have forgotten: parts do not grow for ever', () => {
    const [A, B] = three();
    for (let i = 0; i < 200; i++) {
      A.hear(B).add(i);
      B.hear(A).remove(i);
      expect(B.part.removed.get(ann)?.size).toBeLessThanOrEqual(2);
      expect(A.part.added.size).toBeLessThanOrEqual(2);
    }
    A.hear(B).add('x').remove('x');
    B.hear(A).remove('x');
    for (const { part } of [A, B])
      expect({ ...part, next: 0 }).toEqual({ next: 0, added: new Map(), removed: new Map() });
  });

  it('a removal stays while its author’s part is away, or older than what was removed', () => {
    const [A, B] = three();
    A.add('a');
    const older = A.replica.parts.get(ann) as SetPart;
    A.add('b');
    B.hear(A).remove('b');
    const parts = (ofA: SetPart | undefined): Map<PeerId, SetPart> =>
      new Map([[bob, B.part], ...(ofA === undefined ? [] : ([[ann, ofA]] as const))]);
    for (const ofA of [undefined, older, A.part]) {
      expect(removeElement(parts(ofA), bob, a).removed.get(ann)?.size).toBe(ofA === undefined ? 1 : 2);
    }
    A.hear(B).remove('c');
    expect(addElement(parts(A.part), bob, a, NOW).removed.size).toBe(0);
  });

  it('an author settles its part when others have removed what it added, and only then', () => {
    const [A, B] = three();
    A.add('a', 'b');
    B.hear(A).add('c');
    expect(settledPart(A.hear(B).replica.parts, ann)).toBe(A.part);
    B.remove('a');
    const settled = settledPart(A.hear(B).replica.parts, ann);
    expect([...settled.added.keys()]).toEqual([elementId('b')]);
    expect(
      settledPart(
        new Map([
          [ann, settled],
          [bob, B.part],
        ]),
        ann,
      ),
    ).toBe(settled);
    expect(settledPart(new Map(), ann)).toBe(NOTHING_SAID);
  });

  it('an author that has lost its part, and its clock, gives no dot twice as long as the time has gone on', () => {
    const [A, B] = three();
    A.add('a');
    B.hear(A).remove('a');
    const again = new Peer(ann, () => NOW + 1).hear(B).add('a');
    B.replica.take({ author: ann, version: 99, form: 'plain', value: toBytes(again.part) });
    expect(B.elements).toEqual(['a']);
  });

  it('an author may have 16 KiB: then a RangeError says so', () => {
    const [A] = three();
    const long = (i: number): string => `${i}`.padEnd(1_000);
    for (let i = 0; i < 16; i++) A.add(long(i));
    expect(() => A.add(long(16))).toThrow(
      /^element: expected at most 16384 bytes of what one author has in a set, .*, got 1[67]\d{3}$/,
    );
    expect(A.elements).toHaveLength(16);
    A.remove(long(3));
    expect(A.add(long(16)).elements).toHaveLength(16);
  });

  it('before that, removals from authors that are away give way', () => {
    const gone = Array.from({ length: 700 }, (_, i) => i.toString(16).padStart(40, '0'));
    const removed = new Map(gone.map((id) => [id, new Set([NOW])]));
    const part: SetPart = { next: NOW, added: new Map([[a, 5]]), removed };
    const there = new Map(gone.slice(0, 3).map((id) => [id, NOTHING_SAID]));
    const kept = decodeSet(encodeSet(part, there));
    expect(kept.added).toEqual(part.added);
    expect([...kept.removed.keys()]).toEqual(gone.slice(0, 3));
    const few: SetPart = { ...part, removed: new Map([...removed].slice(0, 99)) };
    expect(decodeSet(encodeSet(few, new Map()))).toEqual(few);
  });
});

/** What one of three peers does next. */
type Step =
  | { readonly type: 'add' | 'remove'; readonly at: number; readonly element: string }
  | { readonly type: 'hear'; readonly at: number; readonly from: number };

const at = fc.nat(2);
const element = fc.constantFrom('a', 'b', 'c');
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom('add' as const, 'remove' as const), at, element }),
    fc.record({ type: fc.constant('hear' as const), at, from: at }),
  ),
  { maxLength: 60 },
);

/** The definition: an addition is there unless somebody who knew of it has removed it. Nothing is ever forgotten. */
class Model {
  private readonly logs: ({ readonly tag: number; readonly element: string } | { readonly removed: number[] })[][] = [
    [],
    [],
    [],
  ];
  /** By peer: how much of each log it has heard. */
  private readonly heard = [0, 1, 2].map(() => [0, 0, 0]);
  private tags = 0;

  apply(step: Step): void {
    const { at: here } = step;
    if (step.type === 'hear') {
      this.heard[here]![step.from] = this.logs[step.from]!.length;
      return;
    }
    const { element: what } = step;
    if (step.type === 'add') this.logs[here]!.push({ tag: this.tags++, element: what });
    else
      this.logs[here]!.push({
        removed: this.shown(here)
          .filter((one) => one.element === what)
          .map(({ tag }) => tag),
      });
    this.heard[here]![here] = this.logs[here]!.length;
  }

  shown(here: number): { readonly tag: number; readonly element: string }[] {
    const known = this.logs.flatMap((log, i) => log.slice(0, this.heard[here]![i]));
    const removed = new Set(known.flatMap((entry) => ('removed' in entry ? entry.removed : [])));
    return known.flatMap((entry) => ('tag' in entry && !removed.has(entry.tag) ? [entry] : []));
  }
}

describe('set, whatever happens', () => {
  it('once all have heard all, it is what the definition says, at every peer', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.integer({ min: -5, max: 5 })), (all, ticks) => {
        let now = NOW;
        let tick = 0;
        const clock = (): number => (now += ticks[tick++ % (ticks.length || 1)] ?? 0);
        const peers = [ann, bob, cid].map((id) => new Peer(id, clock));
        const model = new Model();
        const apply = (step: Step): void => {
          model.apply(step);
          const peer = peers[step.at]!;
          if (step.type === 'hear') peer.hear(peers[step.from]!);
          else if (step.type === 'add') peer.add(step.element);
          else peer.remove(step.element);
        };
        for (const step of all) apply(step);
        for (const here of [0, 1, 2]) for (const from of [0, 1, 2]) apply({ type: 'hear', at: here, from });
        const expected = [...new Set(model.shown(0).map((one) => one.element))].sort();
        for (const peer of peers) expect(peer.elements).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  const runs = histories(
    fc.record({ add: fc.boolean(), element, other: fc.nat(3) }),
    (step, before: SetPart | undefined, who) => {
      const parts = new Map(before === undefined ? [] : [[who, before]]);
      // Some author's first addition, seen or not.
      const others = new Map([
        [author(step.other), { ...NOTHING_SAID, next: NOW + 1, added: new Map([[a, NOW]]) }],
        ...parts,
      ]);
      const id = elementId(step.element);
      return step.add ? addElement(parts, who, id, NOW) : removeElement(others, who, id);
    },
  );

  it('parts may arrive in any order, repeatedly and in any grouping', () => {
    fc.assert(
      fc.property(runs, ({ newest, records, shuffled }) => {
        for (const deliveries of [records, shuffled, [...shuffled, ...records]]) {
          const replica = taken(new Replica(decodeSet), deliveries, toBytes);
          expect(elementsIn(replica.parts)).toEqual(elementsIn(newest));
        }
      }),
    );
  });

  it('what one replica learns of another is a join: commutative, associative, idempotent', () => {
    fc.assert(
      fc.property(runs, fc.infiniteStream(fc.nat(2)), ({ shuffled }, where) => {
        const groups: [typeof shuffled, typeof shuffled, typeof shuffled] = [[], [], []];
        for (const record of shuffled) groups[where.next().value as 0 | 1 | 2].push(record);
        const [x, y, z] = groups;
        const join = (...all: (typeof shuffled)[]): [Map<PeerId, SetPart>, ElementId[]] => {
          const { parts } = replicaOf(decodeSet, toBytes, ...all);
          return [parts, elementsIn(parts)];
        };
        expect(join(x, y)).toEqual(join(y, x));
        expect(join(x, x)).toEqual(join(x));
        expect(join(x, [...y, ...z])).toEqual(join([...x, ...y], z));
      }),
    );
  });

  const dots = fc.uniqueArray(fc.nat({ max: NOW }), { minLength: 1, maxLength: 5 });
  const parts: fc.Arbitrary<SetPart> = fc.record({
    next: fc.constant(NOW + 1),
    added: fc
      .dictionary(fc.string(), fc.nat({ max: NOW }))
      .map((byText) => new Map(Object.entries(byText).map(([text, dot]) => [elementId(text), dot]))),
    removed: fc
      .array(fc.tuple(fc.nat(200).map(author), dots), { maxLength: 5 })
      .map((all) => new Map(all.map(([who, removed]) => [who, new Set(removed)]))),
  });

  it('comes back from bytes as it was', () => {
    fc.assert(
      fc.property(parts, (part) => {
        expect(decodeSet(toBytes(part))).toEqual(part);
      }),
    );
  });
});

describe('bytes of others', () => {
  const content = encodeContent('a');
  const who = hexToBytes(ann);

  it.each<[string, FrameValue]>([
    ['too short', [1, []]],
    ['no dot ahead', [0, [], []]],
    ['an addition that is not given yet', [5, [[0, content]], []]],
    ['an addition before the first', [5, [[6, content]], []]],
    ['an element that is none', [5, [[1, Uint8Array.of(255)]], []]],
    ['an author that is none', [5, [], [[Uint8Array.of(1), 5, [0]]]]],
    ['a removal before the first', [5, [], [[who, 5, [6]]]]],
    ['a removal of a half', [5, [], [[who, 5, [0.5]]]]],
    ['no lists', [5, 1, 2]],
  ])('%s', (_, value) => {
    expect(() => decodeSet(encode(value))).toThrow(DecodeError);
  });

  it('one element is one, however it was encoded', () => {
    // 1.5 as float64, where four bytes would do.
    const wide = Uint8Array.of(123, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0);
    const part = decodeSet(encode([5, [[1, wide]], [], 'later']));
    expect([...part.added.keys()]).toEqual([elementId(1.5)]);
  });

  it('an element that is longer in our bytes than in theirs is taken, or refused, and breaks nothing', () => {
    // NaN in four bytes, over and over.
    const nan = [124, 0x7f, 0xc0, 0, 0];
    const many = Uint8Array.from([
      117,
      0x80 | (2_001 & 127),
      2_001 >> 7,
      125,
      0,
      ...Array.from({ length: 2_000 }, () => nan).flat(),
    ]);
    const part = decodeSet(encode([5, [[1, many]], []]));
    expect(elementsIn(new Map([[ann, part]])).map(elementOf)).toEqual([Array.from({ length: 2_000 }, () => NaN)]);
  });

  it('end in a part or a DecodeError, and nothing else', () => {
    const whole = toBytes({ next: 9, added: new Map([[a, 3]]), removed: new Map([[bob, new Set([1, 2])]]) });
    const frame = fc.letrec<{ value: FrameValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.nat(9),
        fc.double(),
        fc.constantFrom<FrameValue>(null, content, who, whole, ''),
        fc.uint8Array(),
        fc.array(tie('value')),
      ),
    })).value;
    const changed = fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([i, byte]) => {
      const bytes = whole.slice();
      bytes[i] = byte;
      return bytes;
    });
    const shaped = fc.tuple(frame, fc.array(frame), fc.array(frame)).map((value) => encode(value));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), changed, shaped), (bytes) => {
        try {
          const part = decodeSet(bytes);
          elementsIn(new Map([[ann, part]])).map(elementOf);
          removeElement(new Map([[ann, part]]), bob, a);
          removeElement(new Map([[ann, part]]), ann, a);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
