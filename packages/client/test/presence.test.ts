import { encodeContent } from '@peerpigeon/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PeerPigeonMesh, PresenceChange } from '../src/index.js';
import { CountingClock } from './counting-clock.js';
import { Desks, type Desk } from './desk.js';
import { URL, World } from './world.js';

/** Collects what a mesh or a desk learns. */
function changes({ presence }: Pick<PeerPigeonMesh, 'presence'>): PresenceChange[] {
  const seen: PresenceChange[] = [];
  presence.on('change', (change) => seen.push(change));
  return seen;
}

describe('in a mesh', () => {
  let world: World;
  let clock: CountingClock;
  let a: PeerPigeonMesh;
  let b: PeerPigeonMesh;
  beforeEach(async () => {
    world = new World();
    clock = new CountingClock();
    [a, b] = (await world.full(2, { ports: { clock } })) as [PeerPigeonMesh, PeerPigeonMesh];
  });
  afterEach(() => {
    world.close();
    expect(clock.waiting, 'timers left').toBe(0);
  });

  it('a state is everywhere soon; newcomers learn it of their neighbours', async () => {
    const atB = changes(b);
    a.presence.set({ name: 'Ada' });
    await vi.waitUntil(() => atB.length > 0);
    expect(atB).toEqual([{ peerId: a.peerId, state: { name: 'Ada' }, reason: 'set' }]);
    expect(b.presence.get(a.peerId!)).toEqual({ name: 'Ada' });
    expect(a.presence.get()).toEqual(new Map([[a.peerId, { name: 'Ada' }]]));
    const late = world.mesh({ ports: { clock } });
    late.presence.set('late');
    await late.connect(URL);
    await vi.waitUntil(() => late.presence.get().size === 2 && b.presence.get().size === 2, { timeout: 10_000 });
    expect(late.presence.get(a.peerId!)).toEqual({ name: 'Ada' });
    expect(a.presence.get(late.peerId!)).toBe('late');
  });

  it('whoever leaves in order is gone at once, and back with its own state', async () => {
    const [atA, atB] = [changes(a), changes(b)];
    a.presence.set('here');
    b.presence.set('there');
    await vi.waitUntil(() => atA.length > 0 && atB.length > 0);
    a.disconnect();
    await vi.waitUntil(() => atB.length === 2 && atA.length === 2);
    expect(atB[1]).toEqual({ peerId: a.peerId, state: undefined, reason: 'left' });
    expect(atA[1]).toEqual({ peerId: b.peerId, state: undefined, reason: 'disconnected' });
    expect([a.presence.get().size, b.presence.get().size]).toEqual([0, 1]);
    await a.connect(URL);
    await vi.waitUntil(() => a.presence.get().size === 2 && b.presence.get().size === 2, { timeout: 10_000 });
    expect(b.presence.get(a.peerId!)).toBe('here');
  });

  it('mistakes throw; a listener that throws is reported', async () => {
    expect(() => a.presence.set('x'.repeat(1_025))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_TOO_LARGE', details: { maxBytes: 1_024, got: 1_028 } }),
    );
    expect(() => a.presence.set(() => 1)).toThrow(TypeError);
    expect(() => a.presence.get('')).toThrow(TypeError);
    expect(() => a.presence.on('change', 7 as never)).toThrow(TypeError);
    expect(a.presence).toBe(a.presence);
  });
});

describe('in virtual time', () => {
  let desks: Desks;
  let a: Desk;
  let b: Desk;
  beforeEach(() => {
    desks = new Desks();
    [a, b] = [desks.add(), desks.add()];
    for (const desk of [a, b]) desk.join();
  });
  afterEach(() => {
    for (const desk of desks.all) {
      desk.leave();
      expect(desk.errors).toEqual([]);
    }
  });

  it('a state is told twice a minute; one that is told no more ends with its lease', async () => {
    const seen = changes(b);
    a.presence.set('here');
    await desks.clock.pass(600_000);
    expect(desks.broadcasts).toBeGreaterThan(17);
    expect(desks.broadcasts).toBeLessThan(24);
    expect(seen, 'renewals are no change').toEqual([{ peerId: a.peerId, state: 'here', reason: 'set' }]);
    a.die();
    await desks.clock.pass(40_000);
    expect(b.presence.get(a.peerId)).toBe('here');
    await desks.clock.pass(40_000);
    expect(seen[1]).toEqual({ peerId: a.peerId, state: undefined, reason: 'expired' });
    expect(b.presence.get()).toEqual(new Map());
  });

  it('in a large mesh so seldom that nobody gets more than some ten a second', async () => {
    desks.sizeEstimate = 6_000;
    a.presence.set('here');
    await desks.clock.pass(3_600_000);
    expect(desks.broadcasts).toBeLessThanOrEqual(8);
    expect(b.presence.get(a.peerId)).toBe('here');
  });

  it('quick changes are told twice a second at most, the last one always', async () => {
    const seen = changes(b);
    for (let i = 0; i < 100; i++) {
      a.presence.set(i);
      await desks.clock.pass(20);
    }
    await desks.clock.pass(1_000);
    expect(desks.broadcasts).toBeLessThanOrEqual(6);
    expect(seen.at(-1)?.state).toBe(99);
    a.presence.clear();
    await desks.clock.pass(1_000);
    expect(seen.at(-1)).toEqual({ peerId: a.peerId, state: undefined, reason: 'left' });
    await desks.clock.pass(600_000);
    expect(desks.broadcasts, 'nothing is renewed').toBeLessThanOrEqual(7);
  });

  it('a newcomer learns all states, page by page, with their age, and no cleared one', async () => {
    const crowd = Array.from({ length: 60 }, () => desks.add());
    for (const [i, desk] of crowd.entries()) {
      desk.join();
      desk.presence.set(new Uint8Array(900).fill(i));
    }
    crowd[0]?.presence.clear();
    await desks.clock.pass(1_000);
    const late = desks.add();
    late.join();
    await desks.clock.pass(10);
    expect(late.presence.get().size).toBe(59);
    expect(late.presence.get(crowd[1]!.peerId)).toEqual(new Uint8Array(900).fill(1));
    for (const desk of crowd) desk.die();
    await desks.clock.pass(74_500);
    expect(late.presence.get(), 'no longer than where it came from').toEqual(new Map());
    for (const desk of crowd) desk.leave();
  });

  it('hostile states are counted: malformed, too many, too often; nobody is forgotten for them', async () => {
    const say = (content: unknown): void => {
      const bytes = content instanceof Uint8Array ? content : encodeContent(content);
      a.messenger.broadcast('presence', bytes);
    };
    b.presence.set('b');
    const malformed = [
      new Uint8Array([9]),
      'x',
      [0, null],
      [3_600_001, null],
      [1_000, new Uint8Array(1_025)],
      [1_000, 'x'],
    ];
    for (const content of malformed) say(content);
    say([1_000, new Uint8Array([1, 2, 3])]);
    a.messenger.post('presence', encodeContent([1_000, null]), b.peerId, true);
    await desks.clock.pass(0);
    expect(b.messenger.ignored).toBe(malformed.length + 2);
    for (let i = 0; i < 100; i++) say([10_000, encodeContent(i)]);
    expect(b.messenger.ignored).toBeGreaterThan(malformed.length + 80);
    await desks.clock.pass(2_000);
    say([10_000, encodeContent('last')]);
    expect(b.presence.get(a.peerId)).toBe('last');
  });

  it.each([
    ['a number', 7],
    ['an empty list', []],
    ['bytes that are no message', [[[0, new Uint8Array(3), new Uint8Array(0)]], null]],
    ['a next id that is none', [[], 7]],
    ['no list of entries', [[7], null]],
    ['an age that is none', [[[-1, new Uint8Array(3), new Uint8Array(0)]], null]],
  ])('a neighbour that answers %s is counted; the next one is asked', async (_what, answer) => {
    const world = new Desks();
    const [liar, honest, late] = [world.add(true), world.add(), world.add()];
    liar.requests.respond('peerpigeon/presence', () => answer);
    for (const desk of [liar, honest]) desk.join();
    honest.presence.set('honest');
    late.join();
    await world.clock.pass(10);
    expect(late.messenger.ignored).toBe(1);
    expect(late.presence.get()).toEqual(new Map([[honest.peerId, 'honest']]));
    for (const desk of world.all) desk.leave();
    expect(world.clock.waiting).toBe(0);
  });

  it('a neighbour that uses no presence, or never answers, holds nobody up', async () => {
    const world = new Desks();
    const [plain, mute, honest, late] = [world.add(true), world.add(true), world.add(), world.add()];
    mute.requests.respond('peerpigeon/presence', () => new Promise(() => {}));
    for (const desk of [plain, mute, honest]) desk.join();
    honest.presence.set('honest');
    late.join();
    await world.clock.pass(4_900);
    expect(late.presence.get().size).toBe(0);
    await world.clock.pass(200);
    expect(late.presence.get().size).toBe(1);
    for (const desk of world.all) desk.leave();
    expect(world.clock.waiting).toBe(0);
  });

  it('whatever order states come in, the newest counts everywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        async (states, at) => {
          const world = new Desks();
          const [author, one, other] = [world.add(), world.add(), world.add()] as [Desk, Desk, Desk];
          author.joined = true;
          const said = states.map((state) =>
            author.messenger.broadcast('presence', encodeContent([60_000, encodeContent(state)])),
          );
          const turn = at % said.length;
          for (const [desk, order] of [
            [one, [...said.slice(turn), ...said.slice(0, turn)]],
            [other, said.slice().reverse()],
          ] as const) {
            desk.joined = true;
            for (const envelope of order) {
              desk.messenger.tell({
                type: 'message',
                envelope,
                hops: 1,
                ttl: 1,
                path: [author.peerId],
                verified: false,
              });
            }
            expect(desk.presence.get(author.peerId)).toBe(states.at(-1));
            desk.leave();
          }
          expect(world.clock.waiting).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });
});
