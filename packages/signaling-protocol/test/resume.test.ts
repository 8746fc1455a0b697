import { SeededRng } from '@peerpigeon/core';
import { describe, expect, test } from 'vitest';
import { CloseCode, type ServerMessage } from '../src/index.js';
import { drawToken, isSameToken } from '../src/resume.js';
import { Bench, announceOf, recordOf } from './hub-bench.js';

const ALICE = 'a'.repeat(40);
const BOB = 'b'.repeat(40);

/** Alice is in, with connection 1, and Bob knows her. */
class Reload extends Bench {
  readonly token: string;
  readonly bobsToken: string;

  constructor() {
    super({}, new SeededRng(2));
    this.join(2, BOB);
    this.join(1, ALICE);
    this.token = this.given(1);
    this.bobsToken = this.given(2);
    for (const connection of [1, 2]) this.take(connection);
    this.eventTypes();
  }

  /** The token that a connection was given. */
  given(connection: number): string {
    const greeting = this.of(connection).find((message) => message.type === 'connected');
    return (greeting as Extract<ServerMessage, { type: 'connected' }>).resume ?? '';
  }

  /** Alice once more, with that token. */
  again(connection: number, resume: string | undefined, epoch = 2): void {
    this.connect(connection, ALICE);
    this.say(connection, announceOf(ALICE, { record: recordOf(ALICE, epoch), resume }));
  }
}

describe('a resume token', () => {
  test('each connection is given another, of 128 bits', () => {
    const bench = new Reload();
    expect(bench.token).toMatch(/^[0-9a-f]{32}$/);
    bench.connect(3, 'c'.repeat(40));
    expect(bench.given(3)).toMatch(/^[0-9a-f]{32}$/);
    expect(bench.given(3)).not.toBe(bench.token);
    const rng = new SeededRng(3);
    expect(new Set(Array.from({ length: 1_000 }, () => drawToken(rng))).size).toBe(1_000);
  });

  test('takes over its own ghost at once; the neighbours learn of the new run, nobody of a loss', () => {
    const bench = new Reload();
    bench.again(3, bench.token);
    expect(bench.closed).toEqual(new Map([[1, CloseCode.SUPERSEDED]]));
    expect(bench.take(3)).toMatchObject([{ type: 'connected' }, { type: 'peers', peers: [recordOf(BOB)] }]);
    expect(bench.take(2)).toEqual([{ type: 'peer-discovered', peerId: ALICE, record: recordOf(ALICE, 2) }]);
    expect(bench.eventTypes()).toEqual(['peerAnnounced']);
    bench.say(2, { type: 'offer', to: ALICE, data: 1 });
    expect(bench.take(3)).toEqual([{ type: 'offer', from: BOB, data: 1 }]);
    bench.feed({ type: 'closed', connection: 1 });
    bench.advance(10_000);
    expect(bench.closed.size).toBe(1);
    expect([...bench.hub.presences()].map(({ connection }) => connection)).toEqual([2, 3]);
  });

  test('what the former connection was still to be told is told to nobody', () => {
    const bench = new Reload();
    bench.advance(10_000);
    bench.say(1, announceOf(ALICE, { record: recordOf(ALICE), lost: [BOB] }));
    bench.again(3, bench.token);
    bench.take(1);
    bench.feed({ type: 'alive', connection: 2 });
    bench.advance(10_000);
    expect(bench.take(1)).toEqual([]);
  });

  test('works once: the connection that came by it has another', () => {
    const bench = new Reload();
    bench.again(3, bench.token);
    const second = bench.given(3);
    expect(second).not.toBe(bench.token);
    bench.again(4, bench.token, 3);
    expect(bench.closed.has(3)).toBe(false);
    bench.feed({ type: 'alive', connection: 3 });
    expect(bench.closed.get(4)).toBe(CloseCode.ID_TAKEN);
    bench.again(5, second, 3);
    expect(bench.closed.get(3)).toBe(CloseCode.SUPERSEDED);
  });

  test('that is wrong, another’s or missing leaves the rule for equal ids as it is', () => {
    for (const wrong of [undefined, '', 'x', 'f'.repeat(32), 'f'.repeat(128)]) {
      const bench = new Reload();
      bench.again(3, wrong);
      expect(bench.closed.size).toBe(0);
      bench.feed({ type: 'alive', connection: 1 });
      expect(bench.closed).toEqual(new Map([[3, CloseCode.ID_TAKEN]]));
      bench.again(4, wrong);
      bench.advance(2_000);
      expect(bench.closed.get(1)).toBe(CloseCode.SUPERSEDED);
    }
    const bench = new Reload();
    bench.again(3, bench.bobsToken);
    expect(bench.closed.size).toBe(0);
  });

  test('ends with its connection, and opens no id to who does not wait for it', () => {
    const bench = new Reload();
    bench.say(2, announceOf(BOB, { resume: bench.token }));
    expect(bench.closed.size).toBe(0);
    bench.feed({ type: 'closed', connection: 1 });
    bench.connect(3, ALICE);
    bench.again(4, bench.token);
    expect(bench.closed.size, 'the third waits for a sign of life of the second').toBe(0);
    bench.advance(2_000);
    expect(bench.closed).toEqual(new Map([[3, CloseCode.SUPERSEDED]]));
  });

  test('works where a peer moves onto its id in another network', () => {
    const bench = new Bench({}, new SeededRng(2));
    bench.join(1, ALICE, 'chess');
    const greeting = bench.take(1)[0] as Extract<ServerMessage, { type: 'connected' }>;
    bench.connect(2, ALICE);
    bench.say(2, announceOf(ALICE, { network: 'chess', record: recordOf(ALICE, 2), resume: greeting.resume }));
    expect(bench.closed).toEqual(new Map([[1, CloseCode.SUPERSEDED]]));
    expect([...bench.hub.presences()]).toMatchObject([{ connection: 2, network: 'chess' }]);
  });

  test('README clients are told and asked nothing; without a source of tokens there are none', () => {
    const bench = new Bench();
    bench.connect(1, ALICE);
    expect(bench.take(1)[0]).not.toHaveProperty('resume');
    bench.say(1, { type: 'announce' });
    bench.connect(2, ALICE);
    bench.say(2, { type: 'announce', resume: '' });
    expect(bench.closed.size).toBe(0);
  });
});

test('tokens are compared to the end', () => {
  const token = drawToken(new SeededRng(1));
  expect(isSameToken(token, token)).toBe(true);
  for (let i = 0; i < token.length; i++) {
    const other = `${token.slice(0, i)}${token[i] === '0' ? '1' : '0'}${token.slice(i + 1)}`;
    expect(isSameToken(token, other)).toBe(false);
  }
  for (const other of [undefined, '', token.slice(1), `${token}0`]) expect(isSameToken(token, other)).toBe(false);
  expect(isSameToken(undefined, undefined)).toBe(false);
});
