import { DecodeError, type Millis, SeededRng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CloseCode,
  type Config,
  type Event,
  type Input,
  NOT_IN_TIME,
  type Output,
  type ServerMessage,
  Session,
  bareRecord,
  endpointUrl,
  isPermanent,
} from '../src/index.js';

const ALICE = 'a'.repeat(40);
const BOB = 'b'.repeat(40);
const CAROL = 'c'.repeat(40);
const record: PeerRecord = { id: ALICE, epoch: 1, caps: { maxPeers: 3 }, expires: 1e15 };
const URL = 'ws://localhost:3000';
const connected: ServerMessage = { type: 'connected', peerId: ALICE, protocol: 1, peerTimeoutMs: 300_000 };

/** A session in virtual time. */
class Bench {
  readonly session: Session;
  now: Millis = 0;
  /** Whether the server answers pings at once. */
  answers = false;
  private readonly out: Output[] = [];
  private readonly timers: Extract<Output, { type: 'timer' }>[] = [];

  constructor(config: Partial<Config> = {}, network?: string) {
    this.session = new Session({ record, network, rng: new SeededRng(7), config });
  }

  feed(...inputs: Input[]): this {
    for (const input of inputs) this.session.handle(input, this.now, this.out);
    return this;
  }

  hear(...messages: ServerMessage[]): this {
    return this.feed(...messages.map((message): Input => ({ type: 'message', message })));
  }

  /** Joined and accepted; what was written so far is forgotten. */
  in(): this {
    this.feed({ type: 'join', url: URL }, { type: 'opened' }).hear(connected).take();
    return this;
  }

  /** From now on the server answers pings. */
  alive(): this {
    this.answers = true;
    return this;
  }

  /** Takes what came out since it was last asked; timers are kept to fire. */
  take(): Output[] {
    const taken = this.out.splice(0);
    for (const output of taken) {
      if (output.type === 'timer') this.timers.push(output);
      if (this.answers && output.type === 'write' && output.message.type === 'ping') this.hear({ type: 'pong' });
    }
    return taken.filter((output) => output.type !== 'timer');
  }

  events(): Event[] {
    return this.take().flatMap((output) => (output.type === 'event' ? [output.event] : []));
  }

  /** What is written within the next `ms`, with its time. */
  advance(ms: Millis): { at: Millis; output: Output }[] {
    const seen = this.take().map((output) => ({ at: this.now, output }));
    const end = this.now + ms;
    for (;;) {
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers[0];
      if (next === undefined || next.at > end) break;
      this.timers.shift();
      this.now = Math.max(this.now, next.at);
      this.feed({ type: 'timer', timer: next.timer });
      seen.push(...this.take().map((output) => ({ at: this.now, output })));
    }
    this.now = end;
    return seen;
  }
}

describe('joining', () => {
  test('S118, S120: opens with id and network, announces, and is in once the server says so', () => {
    const bench = new Bench({}, 'chess club').feed({ type: 'join', url: `${URL}/signaling?x=1#y` });
    expect(bench.take()).toEqual([
      { type: 'open', url: `ws://localhost:3000/signaling?x=1&peerId=${ALICE}&network=chess%20club&protocol=1` },
    ]);
    expect(bench.session.state.name).toBe('connecting');
    bench.feed({ type: 'opened' });
    expect(bench.take()).toEqual([
      { type: 'write', message: { type: 'announce', peerId: ALICE, network: 'chess club', protocol: 1, record } },
    ]);
    expect(bench.session.state.name).toBe('announcing');
    bench.hear(connected, { type: 'peers', peers: [record, { ...record, id: BOB }] });
    expect(bench.events()).toEqual([
      { type: 'connected', url: `${URL}/signaling?x=1#y`, protocol: 1, maxMessageBytes: undefined },
      { type: 'discovered', records: [{ ...record, id: BOB }], seeking: [], answer: true },
    ]);
    expect(bench.session.state.name).toBe('connected');
  });

  test('says how many links it seeks, and learns who seeks some, too', () => {
    const bench = new Bench().feed({ type: 'join', url: URL, seeking: 2 }, { type: 'opened' });
    expect(bench.take()).toContainEqual({ type: 'write', message: expect.objectContaining({ seeking: 2 }) });
    bench.hear(connected, { type: 'peers', peers: [], seeking: [bareRecord(BOB)] });
    expect(bench.events()).toContainEqual({
      type: 'discovered',
      records: [bareRecord(BOB)],
      seeking: [BOB],
      answer: true,
    });
  });

  test('S128: a server that knows the README alone: silent, or speaking without “connected”', () => {
    const silent = new Bench().feed({ type: 'join', url: URL }, { type: 'opened' });
    silent.advance(4_999);
    expect(silent.session.state.name).toBe('announcing');
    silent.advance(1);
    expect(silent.session.state).toMatchObject({ name: 'connected', protocol: 0 });
    // It need not answer pings either.
    expect(silent.advance(600_000).filter(({ output }) => output.type === 'close')).toEqual([]);

    const speaking = new Bench().feed({ type: 'join', url: URL }, { type: 'opened' });
    speaking.hear({ type: 'peer-discovered', peerId: BOB });
    expect(speaking.events()).toEqual([
      { type: 'connected', url: URL, protocol: 0, maxMessageBytes: undefined },
      { type: 'discovered', records: [bareRecord(BOB)], seeking: [], answer: false },
    ]);
  });

  test('S10: a channel that does not open within 10 s is given up', () => {
    const bench = new Bench().feed({ type: 'join', url: URL });
    const seen = bench.advance(10_000);
    expect(seen.map(({ output }) => output)).toEqual([
      { type: 'open', url: endpointUrl(URL, ALICE) },
      { type: 'close' },
      {
        type: 'event',
        event: { type: 'disconnected', url: URL, code: CloseCode.LOST, reason: NOT_IN_TIME, permanent: false },
      },
    ]);
    expect(bench.session.state.name).toBe('waiting');
  });

  test('S121: leaving says goodbye, and nothing happens afterwards', () => {
    const bench = new Bench().in().feed({ type: 'discover' }, { type: 'leave' }, { type: 'leave' });
    expect(bench.take()).toEqual([{ type: 'write', message: { type: 'goodbye' } }, { type: 'close' }]);
    expect(bench.advance(1_000_000)).toEqual([]);
    expect(bench.session.state).toEqual({ name: 'idle' });
    bench.feed({ type: 'join', url: URL });
    expect(bench.take()).toHaveLength(1);
  });

  test('joining elsewhere leaves the former server first', () => {
    const bench = new Bench().in().feed({ type: 'join', url: 'ws://other' });
    expect(bench.take()).toEqual([
      { type: 'write', message: { type: 'goodbye' } },
      { type: 'close' },
      { type: 'open', url: `ws://other?peerId=${ALICE}&protocol=1` },
    ]);
  });

  test('a wrong id or network is the caller’s mistake', () => {
    expect(() => new Session({ record: { ...record, id: 'x' }, rng: new SeededRng(1) })).toThrow(RangeError);
    expect(() => new Session({ record, network: '', rng: new SeededRng(1) })).toThrow(RangeError);
    expect(() => new Session({ record, network: '\ud800', rng: new SeededRng(1) })).toThrow(RangeError);
    expect(() => new Bench().feed({ type: 'record', record: { ...record, id: BOB } })).toThrow(RangeError);
  });
});

describe('coming back', () => {
  test('S117: after every close but a permanent refusal', () => {
    for (const code of [1000, 1001, 1005, 1006, 1009, 1011, 1012, 1013, 4408, 4429, 4503, 4999]) {
      const bench = new Bench().in().feed({ type: 'closed', code, reason: '' });
      expect(bench.events()).toEqual([{ type: 'disconnected', url: URL, code, reason: '', permanent: false }]);
      expect(bench.advance(1_000).filter(({ output }) => output.type === 'open')).toHaveLength(1);
    }
    for (const code of [4001, 4400, 4401, 4403]) {
      expect(isPermanent(code)).toBe(true);
      const bench = new Bench().in().feed({ type: 'closed', code, reason: 'no' });
      expect(bench.events()).toEqual([{ type: 'disconnected', url: URL, code, reason: 'no', permanent: true }]);
      expect(bench.advance(1_000_000)).toEqual([]);
      expect(bench.session.state).toEqual({ name: 'refused', url: URL, code, reason: 'no' });
    }
  });

  test('an id taken from the start is refused for good; one’s own former socket is only in the way', () => {
    const taken: Input = { type: 'closed', code: CloseCode.ID_TAKEN, reason: 'the id is taken' };
    const first = new Bench().feed({ type: 'join', url: URL }, { type: 'opened' }, taken);
    expect(first.session.state.name).toBe('refused');
    const again = new Bench().in().feed({ type: 'closed', code: 1006, reason: '' });
    again.advance(1_000);
    again.feed({ type: 'opened' }, taken);
    expect(again.session.state.name).toBe('waiting');
  });

  test('along the ladder with jitter, then every 5 s ± 30 %, and after ten minutes every 30 s ± 50 %', () => {
    const bench = new Bench().feed({ type: 'join', url: URL });
    const ladder = [0, 300, 1_200, 2_700, 4_800];
    for (let round = 0; round < 140; round++) {
      bench.take();
      bench.feed({ type: 'closed', code: 1006, reason: '' });
      const state = bench.session.state;
      const wait = state.name === 'waiting' ? state.until - bench.now : -1;
      const step = ladder[round];
      if (step === undefined) {
        const slow = round >= ladder.length + 120;
        expect(wait).toBeGreaterThanOrEqual(slow ? 15_000 : 3_500);
        expect(wait).toBeLessThan(slow ? 45_000 : 6_500);
      } else {
        expect(wait).toBeGreaterThanOrEqual(step);
        expect(wait).toBeLessThan(step + 1_000);
      }
      bench.advance(wait);
      expect(bench.session.state.name).toBe('connecting');
    }
  });

  test('the ladder begins anew after a connection that lasted, not after one that did not', () => {
    const bench = new Bench().in();
    const waitAfter = (lastedMs: Millis): Millis => {
      bench.advance(lastedMs);
      bench.feed({ type: 'closed', code: 1006, reason: '' });
      const { state } = bench.session;
      const wait = state.name === 'waiting' ? state.until - bench.now : -1;
      bench.advance(wait);
      bench.feed({ type: 'opened' }).hear(connected);
      return wait;
    };
    expect(waitAfter(100)).toBeLessThan(1_000);
    waitAfter(100);
    waitAfter(100);
    expect(waitAfter(100)).toBeGreaterThanOrEqual(2_700);
    expect(waitAfter(10_000)).toBeLessThan(1_000);
  });

  test('clients that lost the same server do not return in step', () => {
    const waits = Array.from({ length: 100 }, (_, seed) => {
      const session = new Session({ record, rng: new SeededRng(seed) });
      const out: Output[] = [];
      session.handle({ type: 'join', url: URL }, 0, out);
      session.handle({ type: 'closed', code: 1006, reason: '' }, 0, out);
      return session.state.name === 'waiting' ? session.state.until : NaN;
    });
    for (const tenth of Array.from({ length: 10 }, (_, index) => index * 100)) {
      expect(waits.filter((wait) => wait >= tenth && wait < tenth + 100).length).toBeGreaterThan(0);
    }
  });
});

/** Which servers are tried when, after whatever has just happened: each attempt fails at once. */
function attempts(bench: Bench, count: number): { readonly at: Millis; readonly url: string }[] {
  const tried: { at: Millis; url: string }[] = [];
  while (tried.length < count) {
    for (const { at, output } of bench.advance(1)) {
      if (output.type === 'open') tried.push({ at, url: output.url.split('?')[0] as string });
    }
    if (bench.session.state.name === 'connecting') bench.feed({ type: 'closed', code: 1006, reason: '' });
  }
  return tried;
}

describe('several servers', () => {
  const [A, B, C] = ['ws://a', 'ws://b', 'ws://c'] as const;
  const join: Input = { type: 'join', url: A, fallbacks: [B, C] };

  test('S117: are tried in turn, one at once after the other; a wait comes after each round', () => {
    const bench = new Bench().feed(join);
    const tried = attempts(bench, 12);
    expect(tried.map(({ url }) => url)).toEqual([A, B, C, A, B, C, A, B, C, A, B, C]);
    const starts = tried.filter((_, i) => i % 3 === 0).map(({ at }) => at);
    for (const [i, { at }] of tried.entries())
      expect(at - (starts[Math.floor(i / 3)] as Millis)).toBeLessThanOrEqual(4);
    for (const [round, step] of [0, 300, 1_200].entries()) {
      const wait = (starts[round + 1] as Millis) - (tried[round * 3 + 2]?.at as Millis);
      expect(wait).toBeGreaterThanOrEqual(step);
      expect(wait).toBeLessThan(step + 1_002);
    }
  });

  test('S10: one that says nothing costs its time and no more; who accepts is told, and stays', () => {
    const bench = new Bench().feed({ ...join, connectTimeoutMs: 3_000 });
    expect(bench.advance(3_000).map(({ output }) => output)).toMatchObject([
      { type: 'open', url: `${A}?peerId=${ALICE}&protocol=1` },
      { type: 'close' },
      { type: 'event', event: { type: 'disconnected', url: A, reason: NOT_IN_TIME, permanent: false } },
      { type: 'open', url: `${B}?peerId=${ALICE}&protocol=1` },
    ]);
    bench.feed({ type: 'opened' }).hear(connected);
    expect(bench.events()).toMatchObject([{ type: 'connected', url: B }]);
    bench.advance(10_000);
    bench.feed({ type: 'closed', code: 1001, reason: 'restarting' });
    expect(bench.events()).toMatchObject([{ type: 'disconnected', url: B, code: 1001 }]);
    // The one that had us comes first, then the others.
    expect(attempts(bench, 4).map(({ url }) => url)).toEqual([B, C, A, B]);
  });

  test('that accept and drop us again at once are no endless loop', () => {
    const bench = new Bench().feed(join);
    const opened: Millis[] = [];
    for (let ms = 0; ms < 60_000; ms += 10) {
      for (const { at, output } of bench.advance(10)) if (output.type === 'open') opened.push(at);
      if (bench.session.state.name !== 'connecting') continue;
      bench.feed({ type: 'opened' }).hear(connected).feed({ type: 'closed', code: 1013, reason: '' });
    }
    // Three a round, and some 12 rounds in a minute.
    expect(opened.length).toBeGreaterThan(20);
    expect(opened.length).toBeLessThan(60);
  });

  test('of one deployment: what one refuses for good the others are not asked', () => {
    const bench = new Bench().feed(join, { type: 'closed', code: 1006, reason: '' });
    bench.advance(0);
    bench.feed({ type: 'closed', code: 4403, reason: 'not you' });
    expect(bench.events()).toMatchObject([{ type: 'disconnected', url: B, permanent: true }]);
    expect(bench.advance(1_000_000)).toEqual([]);
  });

  test('S117: however long none of them is there, it goes on', () => {
    const bench = new Bench().feed(join);
    bench.advance(86_400_000);
    const times = [bench.now, ...attempts(bench, 10).map(({ at }) => at)];
    const waits = times.slice(1).map((at, i) => at - (times[i] as Millis));
    expect(Math.max(...waits)).toBeLessThan(45_002);
    bench.feed({ type: 'leave' });
    expect(bench.session.state.name).toBe('idle');
  });
});

describe('hastened', () => {
  test('S96, S117: tries at once, a second after the last attempt at the soonest, and climbs the ladder anew', () => {
    const bench = new Bench().feed({ type: 'join', url: URL });
    attempts(bench, 9);
    bench.advance(1_500);
    const before = bench.now;
    expect(bench.session.state).toMatchObject({ name: 'waiting' });
    bench.feed({ type: 'hasten' });
    expect(attempts(bench, 1)[0]?.at).toBe(before);
    const again = bench.now;
    for (let i = 0; i < 100; i++) bench.feed({ type: 'hasten' });
    const [first, second] = attempts(bench, 2);
    expect(first?.at).toBeGreaterThan(again);
    expect((first?.at ?? 0) - again).toBeLessThanOrEqual(1_001);
    expect((second?.at ?? Infinity) - (first?.at ?? 0)).toBeLessThan(1_302);
  });

  test('changes nothing before joining, while opening, and after a refusal', () => {
    const bench = new Bench().feed({ type: 'hasten' });
    expect(bench.take()).toEqual([]);
    bench.feed({ type: 'join', url: URL }).take();
    expect(bench.feed({ type: 'hasten' }).take()).toEqual([]);
    bench.feed({ type: 'closed', code: 4403, reason: '' }).take();
    expect(bench.feed({ type: 'hasten' }).advance(1_000_000)).toEqual([]);
  });

  test('connected: a channel that died unseen is found within 5 s, one that lives is kept', () => {
    const ping = { type: 'write', message: { type: 'ping' } };
    const bench = new Bench().in().feed({ type: 'hasten' }, { type: 'hasten' });
    expect(bench.take()).toEqual([ping]);
    bench.advance(100);
    bench.hear({ type: 'pong' });
    bench.advance(3_900);
    bench.feed({ type: 'hasten' });
    expect(bench.take()).toEqual([ping]);
    // The answer to the first is due; it came.
    bench.advance(4_999);
    expect(bench.session.state.name).toBe('connected');
    expect(bench.advance(1).map(({ output }) => output)).toMatchObject([
      { type: 'close' },
      { type: 'event', event: { type: 'disconnected', code: 1006, permanent: false } },
    ]);
    // A README server need not answer.
    const readme = new Bench().feed({ type: 'join', url: URL }, { type: 'opened' });
    readme.advance(5_000);
    expect(readme.feed({ type: 'hasten' }).take()).toEqual([]);
  });
});

describe('a token', () => {
  const token = 'f'.repeat(32);
  const announced = (bench: Bench): unknown =>
    bench.take().flatMap((output) => (output.type === 'write' ? [output.message] : []))[0];

  test('is shown, and presented after a loss, to whichever server of the deployment, until another is given', () => {
    const bench = new Bench().feed({ type: 'join', url: URL, fallbacks: ['ws://other'] }, { type: 'opened' });
    expect(announced(bench)).not.toHaveProperty('resume', expect.anything());
    bench.hear({ ...connected, resume: token });
    expect(bench.events()).toMatchObject([{ type: 'connected', resume: { url: URL, token } }]);
    bench.feed({ type: 'discover' });
    expect(bench.advance(5_000)[0]).toMatchObject({
      output: { message: expect.not.objectContaining({ resume: token }) },
    });
    bench.feed({ type: 'closed', code: 1006, reason: '' });
    bench.advance(1_000);
    // First the other one, since this one did not last.
    bench.feed({ type: 'opened' });
    expect(announced(bench)).toMatchObject({ type: 'announce', resume: token });
    bench.feed({ type: 'closed', code: 1006, reason: '' });
    bench.advance(1_000);
    bench.feed({ type: 'opened' });
    expect(announced(bench)).toMatchObject({ type: 'announce', resume: token });
    bench.hear(connected).take();
    bench.feed({ type: 'closed', code: 1006, reason: '' }).advance(5_000);
    bench.feed({ type: 'opened' });
    expect(announced(bench), 'the new connection has none').toMatchObject({ type: 'announce', resume: undefined });
  });

  test('of a former run goes with the first announce; an id that is taken all the same is tried once more', () => {
    const taken: Input = { type: 'closed', code: CloseCode.ID_TAKEN, reason: 'the id is taken' };
    const bench = new Bench().feed({ type: 'join', url: URL, resume: { url: URL, token } }, { type: 'opened' });
    expect(announced(bench)).toMatchObject({ type: 'announce', resume: token });
    bench.feed(taken);
    expect(bench.session.state.name).toBe('waiting');
    bench.advance(1_000);
    bench.feed({ type: 'opened' });
    expect(announced(bench)).toMatchObject({ type: 'announce', resume: undefined });
    bench.feed(taken);
    expect(bench.session.state.name).toBe('refused');
  });

  test('of a server elsewhere is presented to none of these', () => {
    const bench = new Bench().feed(
      { type: 'join', url: URL, resume: { url: 'ws://elsewhere', token } },
      { type: 'opened' },
    );
    expect(announced(bench)).toMatchObject({ type: 'announce', resume: undefined });
  });

  test('is never given away: a join without one presents none', () => {
    const bench = new Bench().feed({ type: 'join', url: URL }, { type: 'opened' });
    bench
      .hear({ ...connected, resume: token })
      .feed({ type: 'leave' }, { type: 'join', url: URL })
      .take();
    bench.feed({ type: 'opened' });
    expect(announced(bench)).toMatchObject({ type: 'announce', resume: undefined });
  });
});

describe('staying', () => {
  test('S135: pings follow the server’s patience and never fall silent for it', () => {
    for (const [peerTimeoutMs, expected] of [
      [300_000, 25_000],
      [30_000, 10_000],
      [10, 1_000],
    ] as const) {
      const bench = new Bench().feed({ type: 'join', url: URL }, { type: 'opened' });
      bench.hear({ type: 'connected', protocol: 1, peerTimeoutMs }).take();
      const pings: Millis[] = [];
      for (let i = 0; i < 10; i++) {
        for (const { at, output } of bench.advance(expected)) {
          expect(output).toEqual({ type: 'write', message: { type: 'ping' } });
          pings.push(at);
          bench.hear({ type: 'pong' });
        }
      }
      expect(pings).toEqual(Array.from({ length: 10 }, (_, index) => (index + 1) * expected));
    }
  });

  test('a server that stops answering is left after a ping and another one, and sought again', () => {
    const bench = new Bench().in();
    const seen = bench.advance(36_400).map(({ at, output }) => [at, output.type]);
    expect(seen.slice(0, 4)).toEqual([
      [25_000, 'write'],
      [30_000, 'write'],
      [35_000, 'close'],
      [35_000, 'event'],
    ]);
    expect(seen.slice(4).map(([, type]) => type)).toEqual(['open']);
  });

  test('S117: signals into a silence of 5 s are followed by a ping, and the channel is left when nothing comes of it', () => {
    const bench = new Bench().in();
    const send = (): void => {
      bench.feed({ type: 'send', to: BOB, kind: 'signal', data: 1 });
    };
    const pings = (outputs: readonly Output[]): number =>
      outputs.filter((output) => output.type === 'write' && output.message.type === 'ping').length;
    bench.advance(4_999);
    send();
    expect(pings(bench.take())).toBe(0);
    bench.advance(1);
    send();
    send();
    expect(pings(bench.take())).toBe(1);
    bench.advance(4_999);
    expect(bench.session.state.name).toBe('connected');
    expect(bench.advance(1).map(({ output }) => output.type)).toEqual(['close', 'event']);
    // One that lives is asked no more often than it was silent for so long.
    const other = new Bench().in().alive();
    const seen = Array.from({ length: 100 }, () => {
      other.feed({ type: 'send', to: BOB, kind: 'signal', data: 1 });
      return pings(other.advance(1_000).map(({ output }) => output));
    });
    expect(seen.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(20);
    expect(other.session.state.name).toBe('connected');
  });

  test('asking for peers: at once, then at most every 5 s, however often', () => {
    const bench = new Bench().in().alive();
    bench.advance(6_000);
    const discover: Input[] = Array.from({ length: 100 }, () => ({ type: 'discover' }));
    bench.feed(...discover);
    const newer = { ...record, caps: { maxPeers: 8 } };
    bench.feed({ type: 'record', record: newer });
    const announces = bench
      .advance(20_000)
      .filter(({ output }) => output.type === 'write' && output.message.type === 'announce');
    expect(announces.map(({ at }) => at)).toEqual([6_000, 11_000]);
    expect(announces[1]?.output).toMatchObject({ message: { record: newer } });
    bench.feed({ type: 'leave' }).take();
    bench.feed({ type: 'discover' });
    expect(bench.take()).toEqual([]);
  });

  /** The announces within the next `ms`, with their time, losses and sample. */
  const announces = (bench: Bench, ms: Millis): { at: Millis; lost?: readonly string[]; sample?: number }[] =>
    bench.advance(ms).flatMap(({ at, output }) => {
      if (output.type !== 'write' || output.message.type !== 'announce') return [];
      const { lost, sample } = output.message;
      return [{ at, ...(lost && { lost }), ...(sample !== undefined && { sample }) }];
    });

  test('losses go out a second after the last announce, and once', () => {
    const bench = new Bench().in().alive();
    bench.feed({ type: 'discover' }, { type: 'discover', lost: [BOB] }, { type: 'discover', lost: [CAROL, BOB] });
    expect(announces(bench, 20_000)).toEqual([{ at: 1_000, lost: [BOB, CAROL] }]);
    bench.feed({ type: 'discover', lost: [BOB] });
    expect(announces(bench, 0)).toEqual([{ at: 20_000, lost: [BOB] }]);
    // An ordinary one that waited is not sent earlier for a stale timer.
    bench.feed({ type: 'discover' });
    bench.advance(500);
    bench.feed({ type: 'discover', lost: [CAROL] });
    expect(announces(bench, 1_000)).toEqual([{ at: 21_000, lost: [CAROL] }]);
    bench.feed({ type: 'discover' });
    expect(announces(bench, 20_000)).toEqual([{ at: 26_000 }]);
  });

  test('losses are kept while there is no connection: the latest 32, and not for another join', () => {
    const ids = Array.from({ length: 40 }, (_, index) => index.toString(16).padStart(40, '0'));
    const bench = new Bench().in().feed({ type: 'closed', code: 1006, reason: '' });
    for (const id of ids) bench.feed({ type: 'discover', lost: [id] });
    bench.advance(1_000);
    bench.feed({ type: 'opened' });
    expect(announces(bench, 0)).toEqual([{ at: 1_000, lost: ids.slice(-32) }]);
    bench.hear(connected).feed({ type: 'discover', lost: [BOB], sample: 4 }, { type: 'leave' });
    bench.feed({ type: 'join', url: URL }, { type: 'opened' });
    expect(announces(bench, 0)).toEqual([{ at: 1_000 }]);
  });

  test('a sample is asked for once, with the next announce', () => {
    const bench = new Bench().in().alive();
    bench.advance(6_000);
    bench.feed({ type: 'discover', sample: 8 });
    expect(announces(bench, 0)).toEqual([{ at: 6_000, sample: 8 }]);
    bench.feed({ type: 'discover', sample: 4 }, { type: 'discover' });
    expect(announces(bench, 5_000)).toEqual([{ at: 11_000, sample: 4 }]);
    bench.feed({ type: 'discover' });
    expect(announces(bench, 5_000)).toEqual([{ at: 16_000 }]);
  });
});

describe('a server that wants less of us', () => {
  const [first, second] = ['ws://one.example', 'ws://two.example'];

  test('S117: that drains is left at the time it gave, for the next address, without a goodbye', () => {
    const bench = new Bench().feed({ type: 'join', url: first, fallbacks: [second] }, { type: 'opened' });
    bench.hear(connected, { type: 'drain', afterMs: 7_000 }).take();
    expect(bench.advance(6_999)).toEqual([]);
    const outputs = bench.advance(1).map(({ output }) => output);
    expect(outputs).toEqual([
      { type: 'close' },
      {
        type: 'event',
        event: { type: 'disconnected', url: first, code: 1012, reason: 'the server stops', permanent: false },
      },
      { type: 'open', url: endpointUrl(second, ALICE) },
    ]);
    expect(bench.session.state.name).toBe('connecting');
  });

  test('S117: the only address is opened again at once: another node may answer there', () => {
    const bench = new Bench().in().hear({ type: 'drain' });
    expect(bench.advance(0).at(-1)).toEqual({ at: 0, output: { type: 'open', url: endpointUrl(URL, ALICE) } });
  });

  test('a drain that asks for hours is believed for a minute, and one of a former channel not at all', () => {
    const bench = new Bench().in().alive().hear({ type: 'drain', afterMs: 1e9 });
    const opened = bench.advance(60_000).find(({ output }) => output.type === 'open');
    expect(opened?.at).toBe(60_000);

    const other = new Bench({ pingIntervalMs: 1e9 }).in().hear({ type: 'drain', afterMs: 50_000 });
    other.feed({ type: 'closed', code: CloseCode.LOST, reason: '' }).advance(2_000);
    other.feed({ type: 'opened' }).hear(connected).take();
    expect(other.advance(55_000).filter(({ output }) => output.type !== 'write')).toEqual([]);
  });

  test('closed with 1012 after it had lasted: the next address first', () => {
    const bench = new Bench().feed({ type: 'join', url: first, fallbacks: [second] }, { type: 'opened' });
    bench.hear(connected).advance(10_000);
    bench.feed({ type: 'closed', code: CloseCode.RESTART, reason: '' });
    const opened = bench.advance(1_000).find(({ output }) => output.type === 'open');
    expect(opened?.output).toEqual({ type: 'open', url: endpointUrl(second, ALICE) });
  });

  test('S130: that is asked too often is asked again when it says, and so it is after 4429', () => {
    const bench = new Bench().in();
    bench.now = 10_000;
    bench.hear({ type: 'error', code: 'RATE_LIMITED', message: 'too many', retryAfterMs: 3_000 });
    bench.feed({ type: 'discover' });
    const announced = bench.advance(3_000).filter(({ output }) => output.type === 'write');
    expect(announced.map(({ at }) => at)).toEqual([13_000]);

    bench.hear({ type: 'error', code: 'RATE_LIMITED', message: 'too many', retryAfterMs: 8_000 });
    bench.feed({ type: 'closed', code: CloseCode.RATE_LIMITED, reason: '' });
    const opened = bench.advance(8_000).find(({ output }) => output.type === 'open');
    expect(opened?.at).toBe(21_000);
  });
});

describe('signals', () => {
  test('S122–S124: pass in both directions; an absent target and a missing connection are reported', () => {
    const bench = new Bench();
    const send: Input = { type: 'send', to: BOB, kind: 'offer', data: { sdp: 1 } };
    bench.feed(send);
    expect(bench.events()).toEqual([{ type: 'unsent', peer: BOB, kind: 'offer' }]);
    bench.in().feed(send);
    expect(bench.take()).toEqual([{ type: 'write', message: { type: 'offer', to: BOB, data: { sdp: 1 } } }]);
    bench.hear(
      { type: 'answer', from: BOB, data: 2 },
      { type: 'signal', from: BOB, data: null },
      { type: 'error', code: 'TARGET_ABSENT', message: 'gone', targetPeerId: BOB },
      { type: 'error', code: 'RATE_LIMITED', message: 'slower' },
      { type: 'peer-disconnected', peerId: BOB },
      { type: 'peer-disconnected', peerId: ALICE },
    );
    expect(bench.events()).toEqual([
      { type: 'signal', from: BOB, kind: 'answer', data: 2 },
      { type: 'signal', from: BOB, kind: 'signal', data: null },
      { type: 'absent', peer: BOB },
      { type: 'error', code: 'RATE_LIMITED', message: 'slower' },
      { type: 'departed', peer: BOB },
    ]);
  });

  test('malformed messages are reported; a server that sends many is left', () => {
    const bench = new Bench({ maxMalformed: 3 }).in();
    const malformed: Input = { type: 'malformed', error: new DecodeError('MALFORMED', 'text: not JSON') };
    bench.feed(malformed, malformed);
    expect(bench.events()).toEqual(
      Array.from({ length: 2 }, () => ({ type: 'error', code: 'MALFORMED', message: 'text: not JSON' })),
    );
    bench.feed(malformed);
    expect(bench.take().map((output) => output.type)).toEqual(['event', 'close', 'event']);
    expect(bench.session.state.name).toBe('waiting');
  });
});

test('whatever happens: one channel at a time, writes only into an open one, and after leave no output ever', () => {
  const message = fc.constantFrom<ServerMessage[]>(
    connected,
    { type: 'pong' },
    { type: 'peers', peers: [record] },
    { type: 'offer', from: BOB, data: 1 },
    { type: 'error', code: 'X', message: '' },
  );
  const input: fc.Arbitrary<Input | number> = fc.oneof(
    fc.constantFrom<Input[]>(
      { type: 'join', url: URL },
      { type: 'join', url: URL, fallbacks: ['ws://other'], resume: { url: URL, token: 'f'.repeat(32) } },
      { type: 'leave' },
      { type: 'hasten' },
      { type: 'discover' },
      { type: 'discover', lost: [BOB], sample: 2 },
      { type: 'opened' },
      { type: 'opened' },
      { type: 'send', to: BOB, kind: 'offer', data: 1 },
    ),
    message.map((each): Input => ({ type: 'message', message: each })),
    fc.constantFrom(1001, 1006, 4400, 4409).map((code): Input => ({ type: 'closed', code, reason: '' })),
    fc.constantFrom(100, 1_000, 10_000, 60_000),
  );
  fc.assert(
    fc.property(fc.array(input, { minLength: 20, maxLength: 60 }), (inputs) => {
      const bench = new Bench();
      const channel: { is: 'none' | 'opening' | 'open' } = { is: 'none' };
      const check = (outputs: readonly Output[]): void => {
        for (const output of outputs) {
          if (output.type === 'open') {
            expect(channel.is).toBe('none');
            channel.is = 'opening';
          } else if (output.type === 'close') {
            expect(channel.is).not.toBe('none');
            channel.is = 'none';
          } else if (output.type === 'write') expect(channel.is).toBe('open');
        }
      };
      for (const each of inputs) {
        if (typeof each === 'number') check(bench.advance(each).map(({ output }) => output));
        else {
          // The port tells of a channel only while there is one.
          if (each.type === 'opened') {
            if (channel.is !== 'opening') continue;
            channel.is = 'open';
          }
          if (each.type === 'message' && channel.is !== 'open') continue;
          if (each.type === 'closed') {
            if (channel.is === 'none') continue;
            channel.is = 'none';
          }
          bench.feed(each);
          check(bench.take());
        }
      }
      bench.feed({ type: 'leave' });
      check(bench.take());
      expect(channel.is).toBe('none');
      expect(bench.advance(1_000_000)).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});
