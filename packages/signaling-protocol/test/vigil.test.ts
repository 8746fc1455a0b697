import type { Millis, PeerId } from '@peerpigeon/core';
import { sortByDistance } from '@peerpigeon/xor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CloseCode, type ConnectionId, type HubConfig, type ServerMessage, bareRecord } from '../src/index.js';
import { Bench, announceOf, idSource, recordOf } from './hub-bench.js';

/** A mesh at rest: members 0, 1, 2… in ring order, none of them heard of lately, each 100 ms from the server and back. */
class Mesh extends Bench {
  readonly ids: readonly PeerId[];

  constructor(count: number, config: Partial<HubConfig> = {}) {
    super(config);
    this.ids = Array.from({ length: count }, idSource()).sort();
    this.ids.forEach((id, connection) => this.join(connection, id));
    this.pongMs = 100;
    this.rest();
  }

  /** Lets everybody become silent for long. */
  rest(): void {
    this.advance(10_000);
    for (const connection of this.ids.keys()) this.take(connection);
    this.probed.length = 0;
    this.events.length = 0;
  }

  id(connection: number): PeerId {
    return this.ids[(connection + this.ids.length) % this.ids.length] as PeerId;
  }

  /** Connections that never answer again, and say nothing of it. */
  kill(...connections: ConnectionId[]): void {
    for (const connection of connections) this.dead.add(connection);
  }

  lose(asker: ConnectionId, lost: readonly PeerId[], more: { sample?: number; seeking?: number } = {}): void {
    this.say(asker, announceOf(this.id(asker), { lost, ...more }));
  }

  /** The members that `peers` messages to a connection have named since it was last asked; undefined without any. */
  given(connection: ConnectionId): number[] | undefined {
    const answers = this.take(connection).filter((message) => message.type === 'peers');
    if (answers.length === 0) return undefined;
    return answers.flatMap(({ peers }) => peers.map(({ id }) => this.ids.indexOf(id)));
  }

  /** The living members next to `asker`, `count` on each side. */
  living(asker: number, count: number): number[] {
    const side = (step: 1 | -1): number[] =>
      this.ids
        .map((_, index) => (asker + step * (index + 1) + 2 * this.ids.length) % this.ids.length)
        .filter((other) => other !== asker && !this.dead.has(other))
        .slice(0, count);
    return [...side(-1), ...side(1)];
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const absentOf = (messages: readonly ServerMessage[]): (PeerId | undefined)[] =>
  messages.flatMap((message) =>
    message.type === 'error' && message.code === 'TARGET_ABSENT' ? [message.targetPeerId] : [],
  );

describe('announcing losses', () => {
  test('after a crash of half: the answer comes after 500 ms and names the nearest living members alone', () => {
    const mesh = new Mesh(200);
    mesh.kill(...upTo(200).filter((index) => index % 2 === 1));
    mesh.lose(100, [mesh.id(99), mesh.id(101)]);
    mesh.advance(499);
    expect(mesh.given(100)).toBeUndefined();
    mesh.advance(1);
    const given = mesh.given(100) ?? [];
    expect(given).toEqual(expect.arrayContaining(mesh.living(100, 4)));
    const nearest = sortByDistance(
      mesh.id(100),
      upTo(200)
        .filter((i) => !mesh.dead.has(i) && i !== 100)
        .map((i) => mesh.id(i)),
    );
    expect(given).toEqual(expect.arrayContaining(nearest.slice(0, 2).map((id) => mesh.ids.indexOf(id))));
    expect(given.filter((member) => mesh.dead.has(member))).toEqual([]);
    expect(new Set(given).size).toBe(given.length);
    expect(given.length).toBeLessThanOrEqual(8 + 4 + 2);
  });

  test('where the nearest 16 on a side are all silent those behind them are asked, and the answer waits for them', () => {
    const mesh = new Mesh(200);
    mesh.kill(...upTo(40).map((index) => 101 + index));
    mesh.lose(100, [mesh.id(101)]);
    mesh.advance(1_499);
    expect(mesh.given(100)).toBeUndefined();
    mesh.advance(1);
    const given = mesh.given(100) ?? [];
    expect(given).toEqual(expect.arrayContaining([99, 98, 97, 96, 141, 142, 143, 144]));
    expect(given.filter((member) => mesh.dead.has(member))).toEqual([]);
  });

  test('sockets of the first asked that close meanwhile do not end the wait for those behind them', () => {
    const mesh = new Mesh(200);
    mesh.kill(...upTo(40).map((index) => 101 + index));
    mesh.lose(100, [mesh.id(101)]);
    mesh.advance(600);
    for (const connection of upTo(16)) mesh.feed({ type: 'closed', connection: 101 + connection });
    expect(mesh.given(100)).toBeUndefined();
    mesh.advance(900);
    expect(mesh.given(100)).toEqual(expect.arrayContaining([99, 98, 97, 96, 141, 142, 143, 144]));
  });

  test('behind 64 silent ones nobody is looked for: that side is left out', () => {
    const mesh = new Mesh(200);
    mesh.kill(...upTo(80).map((index) => 101 + index));
    mesh.lose(100, [mesh.id(101)]);
    mesh.advance(2_500);
    const given = mesh.given(100) ?? [];
    expect(given).toEqual(expect.arrayContaining([99, 98, 97, 96]));
    expect(given.filter((member) => member > 100 && member <= 184)).toEqual([]);
  });

  test('who shows no life within 2 s is dropped, and those concerned are told; the living stay', () => {
    const mesh = new Mesh(100);
    mesh.kill(51, 52);
    mesh.lose(50, [mesh.id(51)]);
    mesh.advance(1_999);
    expect(mesh.closed.size).toBe(0);
    mesh.advance(1);
    expect(mesh.closed).toEqual(new Map([51, 52].map((member) => [member, CloseCode.IDLE])));
    expect(mesh.eventTypes()).toEqual(['peerDisconnected', 'peerDisconnected']);
    expect(mesh.take(50)).toContainEqual({ type: 'peer-disconnected', peerId: mesh.id(51) });
    expect(mesh.take(53)).toContainEqual({ type: 'peer-disconnected', peerId: mesh.id(52) });
    mesh.lose(50, [mesh.id(51)]);
    mesh.advance(100);
    expect(mesh.given(50)).toEqual(expect.arrayContaining([48, 49, 53, 54]));
  });

  test('the answer comes as soon as all have shown life, at once if nobody need be asked', () => {
    const mesh = new Mesh(100);
    mesh.lose(50, [mesh.id(51)]);
    mesh.advance(99);
    expect(mesh.given(50)).toBeUndefined();
    mesh.advance(1);
    expect(mesh.given(50)).toEqual(expect.arrayContaining([46, 47, 48, 49, 51, 52, 53, 54]));
    const before = mesh.probed.length;
    mesh.advance(4_000);
    mesh.lose(50, [mesh.id(51)]);
    // The last random members asked are others; the neighbours are fresh.
    expect(mesh.probed.slice(before).filter((member) => Math.abs(member - 50) <= 16)).toEqual([]);
    const small = new Mesh(10);
    small.lose(0, [small.id(1)]);
    small.advance(100);
    expect(small.given(0)).toHaveLength(9);
    small.lose(0, [small.id(1)]);
    expect(small.given(0)).toHaveLength(9);
  });

  test('the probed are the lost, 16 neighbours on each side, and a constant number more; the asker never', () => {
    const mesh = new Mesh(500, { random: 2, nearest: 4 });
    mesh.lose(250, [mesh.id(0), mesh.id(250), 'f'.repeat(40)]);
    const expected = [0, ...upTo(500).filter((index) => index !== 250 && Math.abs(index - 250) <= 16)];
    expect(mesh.probed).toEqual(expect.arrayContaining(expected));
    expect(mesh.probed).not.toContain(250);
    expect(new Set(mesh.probed).size).toBe(mesh.probed.length);
    expect(mesh.probed.length).toBeLessThanOrEqual(33 + 8 + 4);
  });

  test('a false report costs a living member nothing but one probe in 5 s, however many and often they report', () => {
    const mesh = new Mesh(60);
    const victim = 30;
    for (let round = 0; round < 300; round++) {
      for (const reporter of [1, 2, 3, 29, 31, 50]) mesh.lose(reporter, [mesh.id(victim)]);
      mesh.advance(100);
    }
    const probes = mesh.probed.filter((member) => member === victim).length;
    expect(probes).toBeGreaterThan(0);
    expect(probes).toBeLessThanOrEqual(Math.ceil(30_000 / 5_000));
    expect(mesh.closed.size).toBe(0);
    expect(mesh.take(victim)).toEqual([]);
    expect(mesh.eventTypes()).toEqual([]);
    // And it is given to others as before.
    mesh.lose(29, [mesh.id(victim)]);
    mesh.advance(500);
    expect(mesh.given(29)).toContain(victim);
  });

  test('an announce with losses while the answer to another is awaited joins it: one answer, to the latest', () => {
    const mesh = new Mesh(100);
    mesh.kill(51);
    for (let i = 0; i < 50; i++) mesh.lose(50, [mesh.id(51)], { sample: 8 });
    mesh.advance(500);
    const answers = mesh.take(50).filter((message) => message.type === 'peers');
    expect(answers).toHaveLength(1);
    expect(answers[0]?.peers.length).toBeGreaterThanOrEqual(8 + 8);
    mesh.advance(5_000);
    expect(mesh.given(50)).toBeUndefined();
  });

  test('who leaves, or says goodbye, meanwhile gets no answer', () => {
    const mesh = new Mesh(100);
    mesh.kill(11, 31);
    mesh.lose(10, [mesh.id(11)]);
    mesh.lose(30, [mesh.id(31)]);
    mesh.feed({ type: 'closed', connection: 10 });
    mesh.say(30, { type: 'goodbye' });
    mesh.advance(10_000);
    expect(mesh.given(10)).toBeUndefined();
    expect(mesh.given(30)).toBeUndefined();
  });

  test('a lost member whose socket closes meanwhile is awaited no more', () => {
    const mesh = new Mesh(100);
    mesh.kill(51);
    mesh.lose(50, [mesh.id(51)]);
    mesh.advance(200);
    expect(mesh.given(50)).toBeUndefined();
    mesh.feed({ type: 'closed', connection: 51 });
    expect(mesh.given(50)).toEqual(expect.arrayContaining([52, 53]));
  });

  test('after a crash of many it is the living who are told of the dead, not the other dead', () => {
    const mesh = new Mesh(100);
    mesh.kill(...upTo(20).map((index) => 40 + index));
    mesh.lose(39, [mesh.id(40)]);
    mesh.lose(60, [mesh.id(59)]);
    mesh.advance(2_000);
    expect(mesh.closed.size).toBe(20);
    for (const victim of mesh.dead) expect(mesh.take(victim)).toEqual([]);
    const told = mesh.take(39).flatMap((message) => (message.type === 'peer-disconnected' ? [message.peerId] : []));
    expect(told).toContain(mesh.id(40));
  });

  test('others are not given whom the hub asks for a sign of life, and are again after it', () => {
    const mesh = new Mesh(100);
    mesh.lose(50, [mesh.id(70)]);
    mesh.say(71, announceOf(mesh.id(71)));
    expect(mesh.given(71)).not.toContain(70);
    mesh.advance(100);
    mesh.say(71, announceOf(mesh.id(71)));
    expect(mesh.given(71)).toContain(70);
  });

  test('seekers are given to a peer with losses only if they live', () => {
    const mesh = new Mesh(100);
    mesh.say(10, announceOf(mesh.id(10), { seeking: 3 }));
    mesh.say(20, announceOf(mesh.id(20), { seeking: 3 }));
    mesh.rest();
    mesh.kill(20);
    mesh.lose(50, [mesh.id(51)], { seeking: 2 });
    mesh.advance(500);
    const answer = mesh.take(50).find((message) => message.type === 'peers');
    expect(answer?.seeking).toEqual([recordOf(mesh.id(10))]);
  });

  test('S128: a README client that named losses would be told one by one', () => {
    const mesh = new Mesh(10);
    mesh.say(0, { type: 'announce', lost: [mesh.id(1)] });
    mesh.advance(100);
    expect(new Set(mesh.take(0).map((message) => message.type))).toEqual(new Set(['peer-discovered']));
  });
});

describe('signals to the dead', () => {
  const offer = (mesh: Mesh, from: number, to: number): void => {
    mesh.say(from, { type: 'offer', to: mesh.id(to), data: 1 });
  };

  test('a dead target is dropped 2 s after a signal to it, and each sender told once', () => {
    const mesh = new Mesh(100);
    mesh.kill(50);
    offer(mesh, 10, 50);
    mesh.advance(1_000);
    offer(mesh, 10, 50);
    offer(mesh, 20, 50);
    expect(mesh.probed).toEqual([50]);
    mesh.advance(999);
    expect(absentOf([...mesh.take(10), ...mesh.take(20)])).toEqual([]);
    mesh.advance(1);
    expect(mesh.closed).toEqual(new Map([[50, CloseCode.IDLE]]));
    expect(absentOf(mesh.take(10))).toEqual([mesh.id(50)]);
    expect(absentOf(mesh.take(20))).toEqual([mesh.id(50)]);
    offer(mesh, 20, 50);
    expect(absentOf(mesh.take(20))).toEqual([mesh.id(50)]);
  });

  test('a living one gets the signal and one probe, a fresh one none; nobody is told anything', () => {
    const mesh = new Mesh(100);
    offer(mesh, 10, 50);
    offer(mesh, 11, 50);
    expect(mesh.take(50)).toHaveLength(2);
    mesh.advance(100);
    offer(mesh, 10, 50);
    mesh.advance(4_800);
    offer(mesh, 10, 50);
    expect(mesh.probed).toEqual([50]);
    mesh.advance(10_000);
    expect(mesh.closed.size).toBe(0);
    expect([...mesh.take(10), ...mesh.take(11)]).toEqual([]);
  });

  test('any message is a sign of life, too', () => {
    const mesh = new Mesh(10);
    mesh.kill(5); // its pongs are lost
    offer(mesh, 1, 5);
    mesh.advance(1_500);
    mesh.say(5, { type: 'ping' });
    mesh.advance(10_000);
    expect(mesh.closed.size).toBe(0);
  });

  test('of many senders the latest 8 are told', () => {
    const mesh = new Mesh(100);
    mesh.kill(99);
    for (const from of upTo(50)) offer(mesh, from, 99);
    mesh.advance(2_000);
    expect(upTo(50).filter((from) => absentOf(mesh.take(from)).length > 0)).toEqual(upTo(50).slice(-8));
  });

  test('S128: README clients are probed below their messages, and see nothing of it', () => {
    const mesh = new Mesh(10);
    const readme = 100;
    const id = '5'.repeat(40);
    mesh.connect(readme, id);
    mesh.say(readme, { type: 'announce' });
    mesh.rest();
    mesh.take(readme);
    mesh.say(1, { type: 'offer', to: id, data: 1 });
    expect(mesh.probed).toEqual([readme]);
    mesh.advance(10_000);
    expect(mesh.take(readme)).toEqual([{ type: 'offer', from: mesh.id(1), data: 1 }]);
    mesh.lose(2, [id]);
    mesh.advance(100);
    const answer = mesh.take(2).find((message) => message.type === 'peers');
    expect(answer?.peers).toContainEqual(bareRecord(id));
    mesh.say(readme, { type: 'announce' });
    expect(new Set(mesh.take(readme).map((message) => message.type))).toEqual(new Set(['peer-discovered']));
  });
});

describe('one id, two connections, and a probe under way', () => {
  test('S144: the second takes over when the first proves dead, with one probe', () => {
    const mesh = new Mesh(10);
    mesh.kill(5);
    mesh.say(1, { type: 'offer', to: mesh.id(5), data: 1 });
    mesh.advance(500);
    mesh.join(200, mesh.id(5));
    mesh.advance(1_499);
    expect(mesh.closed.size).toBe(0);
    mesh.advance(1);
    expect(mesh.closed).toEqual(new Map([[5, CloseCode.SUPERSEDED]]));
    expect(mesh.probed).toEqual([5]);
    expect(mesh.eventTypes()).toEqual([]);
    expect(mesh.take(200)).toMatchObject([{ type: 'connected' }, { type: 'peers' }]);
    // The id is here, though what was sent to its former connection is lost.
    expect(mesh.take(1)).toEqual([]);
  });

  test('S144: the second is refused when the first shows life', () => {
    const mesh = new Mesh(10);
    mesh.lose(1, [mesh.id(5)]);
    mesh.advance(50);
    mesh.join(200, mesh.id(5));
    mesh.advance(50);
    expect(mesh.closed).toEqual(new Map([[200, CloseCode.ID_TAKEN]]));
    mesh.advance(10_000);
    expect(mesh.closed.size).toBe(1);
  });
});

describe('a sample', () => {
  test('gives so many uniformly drawn members, up to all there are', () => {
    const mesh = new Mesh(400, { ringNeighbours: 0, nearest: 0 });
    const drawn: number[] = [];
    for (let round = 0; round < 500; round++) {
      mesh.say(0, announceOf(mesh.id(0), { sample: 8 }));
      const given = mesh.given(0) ?? [];
      expect(new Set(given).size).toBe(8);
      expect(given).not.toContain(0);
      drawn.push(...given);
    }
    // 4,000 draws, 1,000 expected in each quarter of the ring; 150 is more than five standard deviations.
    for (const quarter of [0, 1, 2, 3]) {
      const count = drawn.filter((member) => Math.floor(member / 100) === quarter).length;
      expect(Math.abs(count - 1_000)).toBeLessThan(150);
    }
    mesh.say(0, announceOf(mesh.id(0), { sample: 0 }));
    expect(mesh.given(0)).toEqual([]);
    const small = new Mesh(4);
    small.say(0, announceOf(small.id(0), { sample: 8 }));
    expect(small.given(0)?.sort()).toEqual([1, 2, 3]);
  });

  test('with losses all of it has shown life', () => {
    const mesh = new Mesh(400, { ringNeighboursAfterLoss: 0, nearest: 0 });
    mesh.kill(...upTo(400).filter((index) => index % 4 === 1));
    mesh.lose(0, [mesh.id(1)], { sample: 8 });
    mesh.advance(500);
    const given = mesh.given(0) ?? [];
    expect(given).toHaveLength(8);
    expect(given.filter((member) => mesh.dead.has(member))).toEqual([]);
  });
});

test('whatever is reported and sent: the living stay, at most one probe each in 5 s; the dead are found within 2 s', () => {
  const member = fc.nat(29);
  const step = fc.oneof(
    fc.record({ do: fc.constant('lose' as const), by: member, lost: fc.array(member, { maxLength: 4 }) }),
    fc.record({ do: fc.constant('offer' as const), by: member, to: member }),
    fc.record({ do: fc.constant('kill' as const), victim: fc.nat(28) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(50, 400, 1_700, 6_000) }),
  );
  const seen = { found: 0, probed: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 80 }), (steps) => {
      const mesh = new Mesh(30);
      const probedAt = new Map<ConnectionId, Millis>();
      const check = (): void => {
        for (const connection of mesh.probed.splice(0)) {
          if (!mesh.dead.has(connection)) {
            expect(mesh.now - (probedAt.get(connection) ?? -Infinity)).toBeGreaterThanOrEqual(5_000);
          }
          probedAt.set(connection, mesh.now);
        }
        for (const connection of mesh.closed.keys()) expect(mesh.dead.has(connection)).toBe(true);
      };
      for (const action of steps) {
        if (action.do === 'kill') mesh.kill(action.victim);
        else if (action.do === 'wait') mesh.advance(action.ms);
        else if (mesh.dead.has(action.by)) continue;
        else if (action.do === 'lose')
          mesh.lose(
            action.by,
            action.lost.map((index) => mesh.id(index)),
          );
        else mesh.say(action.by, { type: 'offer', to: mesh.id(action.to), data: 1 });
        check();
      }
      seen.probed += probedAt.size;
      // The last to die may have been asked before, and not again.
      mesh.rest();
      for (const victim of mesh.dead) mesh.say(29, { type: 'offer', to: mesh.id(victim), data: 1 });
      mesh.advance(2_000);
      expect(new Set(mesh.closed.keys())).toEqual(mesh.dead);
      seen.found += mesh.closed.size;
    }),
    { numRuns: 300 },
  );
  expect(seen.found).toBeGreaterThan(100);
  expect(seen.probed).toBeGreaterThan(1_000);
});
