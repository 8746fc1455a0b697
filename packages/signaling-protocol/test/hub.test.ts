import { DecodeError } from '@peerpigeon/core';
import { compareIds, sortByDistance } from '@peerpigeon/xor';
import { describe, expect, test } from 'vitest';
import { CloseCode, type HubOutput, type ServerMessage, bareRecord } from '../src/index.js';
import { Bench, announceOf, idSource, recordOf } from './hub-bench.js';

const idOf = idSource();
const ALICE = 'a'.repeat(40);
const BOB = 'b'.repeat(40);
const malformed = new DecodeError('MALFORMED', 'text: not JSON');

describe('joining', () => {
  test('S118: a missing or malformed id is refused with 4400', () => {
    const bench = new Bench();
    for (const [index, id] of [undefined, null, '', 'abc', 'A'.repeat(40), 7].entries()) {
      bench.connect(index, id);
      expect(bench.closed.get(index)).toBe(CloseCode.MALFORMED);
    }
    bench.connect(9, ALICE, '');
    expect(bench.closed.get(9)).toBe(CloseCode.MALFORMED);
    expect(bench.hub.connections).toBe(0);
    expect(bench.events).toEqual([]);
  });

  test('S127: the accepted peer learns the limits', () => {
    const bench = new Bench({ peerTimeoutMs: 1000, maxMessageBytes: 2000 });
    bench.connect(1, ALICE);
    expect(bench.take(1)).toEqual([
      { type: 'connected', peerId: ALICE, protocol: 1, peerTimeoutMs: 1000, maxMessageBytes: 2000 },
    ]);
    expect(bench.eventTypes()).toEqual(['peerConnected']);
  });

  test('S120: a newcomer is given its ring neighbours, the XOR-nearest and random members, each once', () => {
    const bench = new Bench();
    const ids = Array.from({ length: 300 }, idOf);
    for (const [index, id] of ids.entries()) bench.join(index, id);
    for (let trial = 0; trial < 50; trial++) {
      const id = idOf();
      bench.join(1000 + trial, id);
      const [, reply] = bench.take(1000 + trial);
      const given = (reply as Extract<ServerMessage, { type: 'peers' }>).peers.map((record) => record.id);
      expect(new Set(given).size).toBe(given.length);
      expect(given).not.toContain(id);
      const ring = [...ids].sort(compareIds);
      const at = ring.findIndex((other) => other > id);
      const around = [-2, -1, 0, 1].map((step) => ring[((at === -1 ? 0 : at) + step + ring.length) % ring.length]);
      const near = sortByDistance(id, ids).slice(0, 4);
      expect(given).toEqual(expect.arrayContaining([...around, ...near]));
      expect(given.length).toBe(new Set([...around, ...near]).size + 2);
      ids.push(id);
    }
  });

  test('only its ring neighbours are told of a newcomer', () => {
    const bench = new Bench();
    const ids = Array.from({ length: 200 }, idOf);
    for (const [index, id] of ids.entries()) bench.join(index, id);
    for (const index of ids.keys()) bench.take(index);
    const id = idOf();
    bench.join(1000, id);
    const told = ids.filter((_, index) => bench.take(index).some((message) => message.type === 'peer-discovered'));
    const ring = [...ids, id].sort(compareIds);
    const at = ring.indexOf(id);
    expect(new Set(told)).toEqual(new Set([ring.at(at - 1), ring[(at + 1) % ring.length]]));
  });

  test('S128: of a README client the two XOR-nearest are told, too, and near README clients of anybody', () => {
    const bench = new Bench();
    const ids = Array.from({ length: 200 }, idOf);
    for (const [index, id] of ids.entries()) bench.join(index, id);
    const toldOf = (newcomer: string, say: () => void): Set<string | undefined> => {
      for (const index of ids.keys()) bench.take(index);
      say();
      const isNews = (message: ServerMessage): boolean =>
        message.type === 'peer-discovered' && message.peerId === newcomer;
      return new Set(ids.filter((_, index) => bench.take(index).some(isNews)));
    };
    const readme = idOf();
    const nearest = sortByDistance(readme, ids).slice(0, 2);
    bench.connect(1000, readme);
    expect([...toldOf(readme, () => bench.say(1000, { type: 'announce' }))]).toEqual(expect.arrayContaining(nearest));
    ids.push(readme);
    bench.take(1000);
    // The same id but for its last digit: nobody is nearer.
    const near = readme.slice(0, -1) + (readme.endsWith('0') ? '1' : '0');
    bench.join(1001, near);
    expect(bench.take(1000)).toContainEqual({ type: 'peer-discovered', peerId: near, record: recordOf(near) });
    // And one in whose XOR neighbourhood, though not beside whom, a README client is.
    const other = idOf();
    const third = sortByDistance(other, ids).find((id) => {
      const ring = [...ids, near, other].sort(compareIds);
      return Math.abs(ring.indexOf(id) - ring.indexOf(other)) > 1;
    }) as string;
    bench.say(ids.indexOf(third), { type: 'announce' });
    const told = toldOf(other, () => bench.join(1002, other));
    expect(told).toContain(third);
  });

  test('S113: a join costs at most 5 messages, at 100 members as at 1,000', () => {
    const bench = new Bench();
    for (let count = 0; count < 1000; count++) {
      const id = idOf();
      const out: HubOutput[] = [];
      bench.hub.handle({ type: 'connected', connection: count, peerId: id }, 0, out);
      bench.hub.handle({ type: 'message', connection: count, message: announceOf(id) }, 0, out);
      const messages = 1 + out.filter((output) => output.type === 'write').length;
      expect(messages).toBeLessThanOrEqual(5);
      if (count === 99 || count === 999) expect(messages).toBe(5);
    }
  });

  test('S120: repeating an announce gives peers again, and tells nobody twice', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.join(2, BOB);
    bench.take(1);
    bench.take(2);
    bench.eventTypes();
    bench.say(2, announceOf(BOB));
    expect(bench.take(2)).toEqual([{ type: 'peers', peers: [recordOf(ALICE)] }]);
    expect(bench.take(1)).toEqual([]);
    expect(bench.events).toEqual([]);
    // Another run of the peer has other links to make: that is news.
    bench.say(2, announceOf(BOB, { record: recordOf(BOB, 2) }));
    expect(bench.take(1)).toEqual([{ type: 'peer-discovered', peerId: BOB, record: recordOf(BOB, 2) }]);
    expect(bench.eventTypes()).toEqual(['peerAnnounced']);
  });

  test('members that seek links are brought together, each as often as it seeks', () => {
    const bench = new Bench();
    const ids = ['1', '2', '3', '4'].map((digit) => digit.repeat(40));
    const [one, , three] = ids as [string, string, string, string];
    ids.forEach((id, connection) => bench.connect(connection, id));
    const sought = (connection: number, seeking: number): string[] => {
      const id = ids[connection] as string;
      bench.take(connection);
      bench.say(connection, announceOf(id, { seeking }));
      const answer = bench.take(connection).find((message) => message.type === 'peers');
      return answer?.type === 'peers' ? (answer.seeking ?? []).map((record) => record.id) : [];
    };
    expect(sought(0, 2)).toEqual([]);
    expect(sought(1, 1)).toEqual([one]); // and has what it sought
    expect(sought(2, 3)).toEqual([one]); // the last that one sought
    expect(sought(3, 1)).toEqual([three]);
    // Who has found links elsewhere, or left, is given to nobody.
    expect(sought(2, 0)).toEqual([]);
    expect(sought(3, 1)).toEqual([]);
    bench.say(3, { type: 'goodbye' });
    expect(sought(0, 2)).toEqual([]);
  });

  test('S128: a README client is told of peers one by one, and gets a bare record for others to see', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.connect(2, BOB);
    bench.say(2, { type: 'announce' });
    expect(bench.take(2).slice(1)).toEqual([{ type: 'peer-discovered', peerId: ALICE, record: recordOf(ALICE) }]);
    expect(bench.take(1).at(-1)).toEqual({ type: 'peer-discovered', peerId: BOB, record: bareRecord(BOB) });
  });

  test('an announce for another id, or with another’s record, is refused', () => {
    const bench = new Bench();
    bench.connect(1, ALICE);
    bench.take(1);
    for (const message of [announceOf(BOB), announceOf(ALICE, { record: recordOf(BOB) })]) {
      bench.say(1, message);
      expect(bench.take(1)).toMatchObject([{ type: 'error', code: 'ID_MISMATCH' }]);
    }
    expect([...bench.hub.presences()]).toMatchObject([{ peerId: ALICE, announcedAt: undefined }]);
  });

  test('S133: one connection too many is refused, the others stay', () => {
    const bench = new Bench({ maxConnections: 2 });
    bench.join(1, ALICE);
    bench.join(2, BOB);
    bench.connect(3, idOf());
    expect(bench.closed).toEqual(new Map([[3, CloseCode.FULL]]));
    bench.feed({ type: 'closed', connection: 2 });
    bench.connect(4, idOf());
    expect(bench.closed.has(4)).toBe(false);
  });
});

describe('networks', () => {
  test('a peer that names its network only in its announce moves there before it is known', () => {
    const bench = new Bench();
    bench.join(1, ALICE, 'chess');
    bench.connect(2, BOB);
    bench.say(2, announceOf(BOB, { network: 'chess' }));
    expect(bench.take(2).at(-1)).toEqual({ type: 'peers', peers: [recordOf(ALICE)] });
    bench.say(2, announceOf(BOB, { network: 'go' }));
    expect(bench.take(2)).toMatchObject([{ type: 'error', code: 'NETWORK_FIXED' }]);
    expect(bench.hub.networkCount).toBe(1);
    expect(bench.events.filter((event) => event.type === 'peerConnected')).toHaveLength(2);
  });

  test('the same id in two networks is two peers; nothing passes between them', () => {
    const bench = new Bench();
    bench.join(1, ALICE, 'one');
    bench.join(2, ALICE, 'two');
    bench.join(3, BOB, 'two');
    bench.take(1);
    bench.take(2);
    bench.say(3, { type: 'offer', to: ALICE, data: 1 });
    bench.feed({ type: 'closed', connection: 3 });
    expect(bench.take(1)).toEqual([]);
    expect(bench.take(2)).toEqual([
      { type: 'offer', from: BOB, data: 1 },
      { type: 'peer-disconnected', peerId: BOB },
    ]);
  });
});

describe('relaying', () => {
  test('S119, S122–S124: signals pass in order, from whom the connection says', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.join(2, BOB);
    bench.take(2);
    const data = { sdp: 'v=0' };
    for (const type of ['offer', 'answer', 'ice-candidate', 'signal'] as const) bench.say(1, { type, to: BOB, data });
    const received = bench.take(2);
    expect(received).toEqual(
      ['offer', 'answer', 'ice-candidate', 'signal'].map((type) => ({ type, from: ALICE, data })),
    );
    expect((received[0] as { data: unknown }).data).toBe(data);
  });

  test('S124: an absent target, also one that said goodbye, gets the sender a typed error', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.join(2, BOB);
    bench.say(2, { type: 'goodbye' });
    bench.take(1);
    bench.say(1, { type: 'offer', to: BOB, data: 1 });
    bench.say(1, { type: 'ice-candidate', to: 'c'.repeat(40), data: 1 });
    expect(bench.take(1)).toMatchObject([
      { type: 'error', code: 'TARGET_ABSENT', targetPeerId: BOB },
      { type: 'error', code: 'TARGET_ABSENT', targetPeerId: 'c'.repeat(40) },
    ]);
  });

  test('S125, S126: cleanup does nothing, ping is answered by pong', () => {
    const bench = new Bench();
    bench.connect(1, ALICE);
    bench.take(1);
    expect(bench.say(1, { type: 'cleanup' })).toEqual([]);
    bench.say(1, { type: 'ping' });
    expect(bench.take(1)).toEqual([{ type: 'pong' }]);
  });

  test('malformed messages are answered, and the last of many closes', () => {
    const bench = new Bench({ maxMalformed: 3 });
    bench.join(1, ALICE);
    bench.join(2, BOB);
    bench.take(1);
    bench.take(2);
    for (let i = 0; i < 3; i++) bench.feed({ type: 'malformed', connection: 1, error: malformed });
    expect(bench.take(1)).toMatchObject(Array.from({ length: 3 }, () => ({ type: 'error', code: 'MALFORMED' })));
    expect(bench.closed).toEqual(new Map([[1, CloseCode.MALFORMED]]));
    expect(bench.take(2)).toEqual([{ type: 'peer-disconnected', peerId: ALICE }]);
    expect(bench.feed({ type: 'malformed', connection: 1, error: malformed })).toEqual([]);
  });
});

describe('leaving', () => {
  test('S121, S145: those concerned are told once, be it by goodbye, closing, or both', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.join(2, BOB);
    bench.take(1);
    bench.eventTypes();
    bench.say(2, { type: 'goodbye' });
    bench.say(2, { type: 'goodbye' });
    bench.feed({ type: 'closed', connection: 2 });
    bench.feed({ type: 'closed', connection: 2 });
    expect(bench.take(1)).toEqual([{ type: 'peer-disconnected', peerId: BOB }]);
    expect(bench.eventTypes()).toEqual(['peerGoodbye', 'peerDisconnected']);
  });

  test('a peer may announce itself again after its goodbye', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.join(2, BOB);
    bench.say(2, { type: 'goodbye' });
    bench.take(1);
    bench.say(2, announceOf(BOB));
    expect(bench.take(1)).toEqual([{ type: 'peer-discovered', peerId: BOB, record: recordOf(BOB) }]);
  });

  test('who was given a peer is told when it leaves; a bounded number, even of a peer that all were given', () => {
    const bench = new Bench({ maxKnownBy: 5 });
    bench.join(0, ALICE);
    for (let index = 1; index <= 50; index++)
      bench.join(index, ALICE.slice(0, 36) + index.toString(16).padStart(4, '0'));
    for (let index = 1; index <= 50; index++) bench.take(index);
    const out = bench.feed({ type: 'closed', connection: 0 });
    const told = out.filter((output) => output.type === 'write');
    expect(told.length).toBeGreaterThanOrEqual(5);
    expect(told.length).toBeLessThanOrEqual(5 + 2);
  });
});

describe('one id, two connections', () => {
  test('S144: the second is refused with 4409 while the first lives', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.join(2, ALICE);
    expect(bench.probed).toEqual([1]);
    expect(bench.take(2)).toEqual([]);
    bench.feed({ type: 'alive', connection: 1 });
    expect(bench.closed).toEqual(new Map([[2, CloseCode.ID_TAKEN]]));
    bench.advance(10_000);
    expect(bench.hub.connections).toBe(1);
    expect(bench.events.filter((event) => event.type.startsWith('peer') && event.type !== 'peerAnnounced')).toEqual([
      { type: 'peerConnected', peerId: ALICE, network: 'global' },
    ]);
  });

  test('any message of the first is a sign of life, too', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.connect(2, ALICE);
    bench.say(1, { type: 'ping' });
    expect(bench.closed.get(2)).toBe(CloseCode.ID_TAKEN);
  });

  test('a dead first is taken over after 2 s: no event, and what came meanwhile is not lost', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.join(2, BOB);
    bench.join(3, ALICE);
    bench.eventTypes();
    bench.take(2);
    bench.advance(1999);
    expect(bench.closed.size).toBe(0);
    bench.advance(1);
    expect(bench.closed).toEqual(new Map([[1, CloseCode.SUPERSEDED]]));
    expect(bench.take(3)).toMatchObject([{ type: 'connected' }, { type: 'peers', peers: [recordOf(BOB)] }]);
    expect(bench.take(2)).toEqual([]);
    expect(bench.events).toEqual([]);
    bench.say(2, { type: 'offer', to: ALICE, data: 1 });
    expect(bench.take(3)).toEqual([{ type: 'offer', from: BOB, data: 1 }]);
    bench.feed({ type: 'closed', connection: 1 });
    expect(bench.eventTypes()).toEqual([]);
    bench.feed({ type: 'closed', connection: 3 });
    expect(bench.eventTypes()).toEqual(['peerDisconnected']);
    expect(bench.take(2)).toEqual([{ type: 'peer-disconnected', peerId: ALICE }]);
  });

  test('a first that closes meanwhile hands the id over at once', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.join(2, ALICE);
    bench.feed({ type: 'closed', connection: 1 });
    expect(bench.take(2)).toMatchObject([{ type: 'connected' }, { type: 'peers' }]);
    bench.advance(10_000);
    expect(bench.closed.size).toBe(0);
    expect(bench.eventTypes()).toEqual([
      'peerConnected',
      'peerAnnounced',
      'peerDisconnected',
      'peerConnected',
      'peerAnnounced',
    ]);
  });

  test('a third is refused at once; a second that goes away leaves nothing behind', () => {
    const bench = new Bench();
    bench.join(1, ALICE);
    bench.connect(2, ALICE);
    bench.connect(3, ALICE);
    expect(bench.closed).toEqual(new Map([[3, CloseCode.ID_TAKEN]]));
    bench.feed({ type: 'closed', connection: 2 });
    bench.feed({ type: 'alive', connection: 1 });
    bench.advance(10_000);
    expect(bench.closed.size).toBe(1);
    expect(bench.events.filter((event) => event.type === 'peerDisconnected')).toEqual([]);
  });

  test('a peer that moves onto an id held elsewhere waits there, and counts once', () => {
    const bench = new Bench();
    bench.join(1, ALICE, 'chess');
    bench.connect(2, ALICE);
    bench.say(2, announceOf(ALICE, { network: 'chess', record: recordOf(ALICE, 2) }));
    bench.eventTypes();
    bench.take(2);
    bench.advance(2000);
    expect(bench.closed).toEqual(new Map([[1, CloseCode.SUPERSEDED]]));
    expect(bench.take(2)).toEqual([{ type: 'peers', peers: [] }]);
    expect(bench.eventTypes()).toEqual(['peerDisconnected', 'peerAnnounced']);
    expect([...bench.hub.presences()]).toHaveLength(1);
  });
});

describe('silence', () => {
  test('S135: a silent connection is probed, then closed with 4408; one that answers probes never is', () => {
    const bench = new Bench({ peerTimeoutMs: 1000, sweepIntervalMs: 60_000 });
    bench.join(1, ALICE);
    bench.join(2, BOB);
    for (let i = 0; i < 50; i++) {
      const before = bench.probed.length;
      bench.advance(100);
      if (bench.probed.slice(before).includes(1)) bench.feed({ type: 'alive', connection: 1 });
    }
    expect(bench.closed).toEqual(new Map([[2, CloseCode.IDLE]]));
    expect(bench.probed.filter((connection) => connection === 2).length).toBeGreaterThan(0);
    expect([...bench.hub.presences()]).toMatchObject([{ peerId: ALICE, connectedAt: 0, announcedAt: 0 }]);
  });

  test('S134: sweeps come at sweepIntervalMs, and end when nobody is left', () => {
    const bench = new Bench({ peerTimeoutMs: 300_000, sweepIntervalMs: 60_000 });
    expect(bench.join(1, ALICE).filter((output) => output.type === 'timer')).toEqual([]);
    bench.connect(2, BOB);
    bench.feed({ type: 'closed', connection: 1 });
    bench.feed({ type: 'closed', connection: 2 });
    const out: HubOutput[] = [];
    bench.hub.handle({ type: 'timer', timer: { type: 'sweep' } }, 60_000, out);
    expect(out).toEqual([]);
  });
});
