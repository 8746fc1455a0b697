import * as fc from 'fast-check';
import type { Millis, PeerId } from '@peerpigeon/core';
import { DecodeError } from '@peerpigeon/core';
import type { JsonSignal } from '@peerpigeon/link';
import { describe, expect, it } from 'vitest';
import { Author } from '../src/author.js';
import { LIMITS, PATIENCE } from '../src/config.js';
import { MAX_SIGNAL_BYTES, decodeSignal, encodeSignal } from '../src/signal-content.js';
import { Signaler } from '../src/signaler.js';
import type { Carriers, Output } from '../src/signaler.js';
import { arrivedBy, wayTo } from '../src/way.js';
import type { Worth } from '../src/way.js';
import type { Way } from '../src/way.js';

const SELF: PeerId = 'aa'.repeat(20);
const PEER: PeerId = 'bb'.repeat(20);
const BETWEEN: PeerId = 'cc'.repeat(20);
const SIGNAL: JsonSignal = { type: 'offer', data: { type: 'offer', sdp: 'v=0', session: 's', seq: 1 } };

class Bench {
  now: Millis = 0;
  readonly carriers: { -readonly [K in keyof Carriers]: Carriers[K] };
  readonly signaler: Signaler;

  constructor(links: number, online: boolean) {
    this.carriers = { links, online };
    this.signaler = new Signaler(new Author('test', SELF, 1), () => this.carriers);
  }

  send(way: Way, signal = SIGNAL, again = false): string[] {
    return this.take((out) => this.signaler.send(way, signal, again, 0, this.now, out));
  }

  /** The latest envelope that went over the mesh. */
  last: Extract<Output, { type: 'mesh' }> | undefined;
  timers: Extract<Output, { type: 'timer' }>[] = [];

  settle(arrived: boolean, messageId = this.last?.envelope.id ?? ''): string[] {
    return this.take((out) => this.signaler.settle(messageId, arrived, out));
  }

  /** What a wait for the acknowledgement leads to. */
  expire(): string[] {
    return this.timers.splice(0).flatMap(({ timer }) => this.take((out) => this.signaler.expire(timer, out)));
  }

  absent(way: Way): string[] {
    return this.take((out) => this.signaler.absent(way, out));
  }

  private take(act: (out: Output[]) => void): string[] {
    const out: Output[] = [];
    act(out);
    return out.flatMap((output) => {
      if (output.type === 'mesh') this.last = output;
      if (output.type !== 'timer') return output.type === 'event' ? describeEvent(output.event) : output.type;
      this.timers.push(output);
      return [];
    });
  }
}

const describeEvent = ({ type, absent }: { readonly type: string; readonly absent: boolean }): string =>
  absent ? `${type}, absent` : type;

describe('which way a first signal goes', () => {
  const both = ['server', 'mesh'];
  it.each<[links: number, online: boolean, worth: Worth, route: readonly PeerId[] | undefined, expected: string[]]>([
    [0, false, 'ring', [], ['unreached']],
    [0, true, 'wanted', [BETWEEN], ['server']],
    [0, true, 'ring', undefined, ['server']],
    [1, true, 'ring', undefined, both],
    [1, true, 'ring', [BETWEEN], both],
    [1, true, 'wanted', undefined, ['mesh']],
    [1, true, 'wanted', [BETWEEN], ['mesh']],
    [1, false, 'ring', undefined, ['mesh']],
    [2, true, 'ring', [BETWEEN], ['mesh']],
    [2, true, 'ring', undefined, both],
    [2, true, 'wanted', undefined, ['mesh']],
    [2, false, 'ring', undefined, ['mesh']],
    [8, false, 'wanted', [BETWEEN], ['mesh']],
    [0, true, 'spare', undefined, ['server']],
    [1, true, 'spare', undefined, ['mesh']],
    [2, false, 'spare', [BETWEEN], ['mesh']],
  ])('with %i links, server up: %s, worth: %s, route %j: %j', (links, online, worth, route, expected) => {
    const bench = new Bench(links, online);
    expect(bench.send(wayTo(PEER, route, worth))).toEqual(expected);
    if (expected.includes('mesh')) {
      expect(bench.last?.route).toEqual(route);
      expect(bench.last?.envelope).toMatchObject({ kind: 'signal', from: SELF, to: PEER });
      expect(decodeSignal(bench.last?.envelope.content ?? new Uint8Array())).toEqual(SIGNAL);
    }
  });
});

describe('how far and how often a signal goes over the mesh', () => {
  it.each<[online: boolean, worth: Worth, limit: object]>([
    [true, 'wanted', { mostHops: 28 }],
    [true, 'spare', { mostHops: 64 }],
    [false, 'wanted', {}],
    [false, 'spare', {}],
  ])('with the server %s, worth: %s: %j', (online, worth, limit) => {
    const bench = new Bench(2, online);
    bench.send(wayTo(PEER, [BETWEEN], worth));
    const { type, envelope, route, ...rest } = bench.last ?? {};
    expect([type, envelope?.to, route]).toEqual(['mesh', PEER, [BETWEEN]]);
    expect(rest).toEqual(limit);
  });
});

describe('two links and a route', () => {
  it('an acknowledged signal goes nowhere else, nor do those that follow', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN]);
    bench.send(way);
    expect(bench.settle(true)).toEqual([]);
    expect(bench.expire()).toEqual([]);
    expect(bench.send(way)).toEqual(['mesh']);
  });

  it('without an acknowledgement in time the server gets the signal too, and comes first from then on', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN]);
    bench.send(way);
    expect(bench.timers.map(({ at }) => at)).toEqual([640]);
    expect(bench.expire()).toEqual(['server']);
    expect(bench.send(way)).toEqual(['server']);
    // A late acknowledgement changes nothing.
    expect(bench.settle(true)).toEqual([]);
    expect(bench.send(way)).toEqual(['server']);
  });

  it('the wait grows with the links to cross, up to 1.5 s', () => {
    const bench = new Bench(2, true);
    for (const route of [[], Array<PeerId>(9).fill(BETWEEN), undefined]) bench.send(wayTo(PEER, route));
    expect(bench.timers.map(({ at }) => at)).toEqual([520, 1_500, 1_500]);
  });

  it('a spare link has the mesh alone, until the other side wants it, too', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN], 'spare');
    bench.send(way);
    expect(bench.expire()).toEqual([]);
    expect(bench.settle(false)).toEqual(['unreached']);
    arrivedBy(way, [BETWEEN]);
    bench.send(way);
    expect(bench.settle(false)).toEqual(['server']);
  });

  it('a failure sends all that is under way to the same peer over the server at once, each once', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN]);
    bench.send(way);
    bench.send(way);
    expect(bench.settle(false)).toEqual(['server', 'server']);
    expect(bench.expire()).toEqual([]);
  });

  it('a mesh path that breaks in the middle of a handshake', () => {
    const bench = new Bench(3, true);
    const way = wayTo(PEER, [BETWEEN]);
    bench.send(way);
    bench.settle(true);
    arrivedBy(way, [BETWEEN]);
    expect(bench.send(way)).toEqual(['mesh']);
    expect(bench.settle(false)).toEqual(['server']);
    expect(bench.send(way)).toEqual(['server']);
  });

  it('a server that dies in the middle of a handshake: the mesh again, greedily, since the route had failed', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN]);
    bench.send(way);
    expect(bench.settle(false)).toEqual(['server']);
    bench.carriers.online = false;
    expect(bench.send(way)).toEqual(['mesh']);
    expect(bench.last?.route).toBeUndefined();
    expect(bench.settle(false)).toEqual(['unreached']);
  });

  it('without a server a late acknowledgement is waited for as long as routing tries; a failure ends it', () => {
    const bench = new Bench(2, false);
    bench.send(wayTo(PEER, [BETWEEN]));
    expect(bench.expire()).toEqual([]);
    expect(bench.settle(false)).toEqual(['unreached']);
  });
});

describe('answers', () => {
  it('what came over the mesh is answered back along its path, also with one link', () => {
    const bench = new Bench(1, true);
    const way = wayTo(PEER);
    arrivedBy(way, [BETWEEN]);
    expect(bench.send(way)).toEqual(['mesh']);
    expect(bench.last?.route).toEqual([BETWEEN]);
  });

  it('each signal that comes brings the route up to date', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN]);
    arrivedBy(way, ['dd'.repeat(20)]);
    bench.send(way);
    expect(bench.last?.route).toEqual(['dd'.repeat(20)]);
  });

  it('what came over the server is answered over it unless a route is known: its peer may be hard to find', () => {
    for (const links of [0, 1, 2, 8]) {
      const way = wayTo(PEER);
      arrivedBy(way, undefined);
      expect(new Bench(links, true).send(way)).toEqual(['server']);
    }
    const known = wayTo(PEER, [BETWEEN]);
    arrivedBy(known, undefined);
    expect(new Bench(2, true).send(known)).toEqual(['mesh']);
  });
});

describe('absent at the server', () => {
  it('ends an attempt that only the server could reach', () => {
    const bench = new Bench(0, true);
    const way = wayTo(PEER);
    bench.send(way);
    expect(bench.absent(way)).toEqual(['unreached, absent']);
  });

  it('ends an attempt with a known route only when the mesh has failed too', () => {
    const bench = new Bench(1, true);
    const way = wayTo(PEER, [BETWEEN], 'ring');
    bench.send(way);
    expect(bench.absent(way)).toEqual([]);
    expect(bench.settle(false)).toEqual(['unreached, absent']);
  });

  it('and not at all if the mesh has reached it', () => {
    const bench = new Bench(1, true);
    const way = wayTo(PEER, undefined, 'ring');
    bench.send(way);
    bench.settle(true);
    expect(bench.absent(way)).toEqual([]);
    expect(bench.send(way)).toEqual(['mesh']);
  });
});

describe('patience with a request', () => {
  it.each<[string, Bench, Way, Millis]>([
    ['the server alone', new Bench(0, true), wayTo(PEER), PATIENCE.serverMs],
    ['both', new Bench(1, true), wayTo(PEER, undefined, 'ring'), PATIENCE.serverMs],
    ['3 links, server down', new Bench(2, false), wayTo(PEER, [BETWEEN, BETWEEN]), 1_360],
    ['40 links, server down', new Bench(2, false), wayTo(PEER, Array<PeerId>(39).fill(BETWEEN)), 4_000],
    ['nobody knows how far', new Bench(2, false), wayTo(PEER), 4_000],
    ['the mesh, then the server', new Bench(2, true), wayTo(PEER, [BETWEEN]), 2_140],
    ['the same, nobody knows how far', new Bench(1, true), wayTo(PEER), 4_000],
  ])('%s', (_, bench, way, expected) => {
    expect(bench.signaler.patienceMs(way)).toBe(expected);
  });
});

describe('bounds', () => {
  it('S176: one more to a peer than may be under way goes over the server; without one it is not reached', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN]);
    for (let i = 0; i < LIMITS.signalsPerPeer; i++) expect(bench.send(way)).toEqual(['mesh']);
    expect(bench.send(way)).toEqual(['server']);
    bench.carriers.online = false;
    expect(bench.send(way)).toEqual(['unreached']);
  });

  it('and so in all', () => {
    const bench = new Bench(2, false);
    let sent = 0;
    for (let i = 0; i < 2 * LIMITS.signals; i++) {
      const way = wayTo(i.toString(16).padStart(40, '0'), [BETWEEN]);
      if (bench.send(way).includes('mesh')) sent++;
    }
    expect(sent).toBe(LIMITS.signals);
    expect(bench.signaler.size).toBe(LIMITS.signals);
  });

  it('a description too large for a frame goes over the server', () => {
    const bench = new Bench(2, true);
    const data = { type: 'offer', sdp: 'x'.repeat(MAX_SIGNAL_BYTES), session: 's', seq: 0 };
    expect(bench.send(wayTo(PEER, [BETWEEN]), { type: 'offer', data })).toEqual(['server']);
  });

  it('after leaving nothing is under way: late outcomes repeat nothing', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN]);
    bench.send(way);
    bench.signaler.leave();
    expect(bench.send(way)).toEqual(['server']);
    expect(bench.settle(false)).toEqual([]);
    expect(bench.signaler.size).toBe(0);
    bench.signaler.join();
    expect(bench.send(wayTo(PEER, [BETWEEN]))).toEqual(['mesh']);
  });

  it('an attempt that is over sends nothing again, and a message that is no signal is not ours', () => {
    const bench = new Bench(2, true);
    const way = wayTo(PEER, [BETWEEN]);
    bench.send(way);
    way.over = true;
    expect(bench.settle(false)).toEqual([]);
    expect(bench.signaler.settle('00'.repeat(16), true, [])).toBe(false);
  });
});

describe('the content of an envelope', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.constantFrom('offer', 'answer', 'ice-candidate', 'signal'), fc.object(), (type, object) => {
        const data = JSON.parse(JSON.stringify(object)) as object;
        expect(decodeSignal(encodeSignal({ type, data }))).toEqual({ type, data });
      }),
    );
  });

  it('S99: anything else is a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeSignal(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
    const spoilt = encodeSignal(SIGNAL);
    spoilt[spoilt.length - 1] = 0x20;
    expect(() => decodeSignal(spoilt)).toThrow(DecodeError);
  });
});

it.each<[links: number, online: boolean, expected: string[]]>([
  [0, true, ['server']],
  [2, true, []],
  [0, false, []],
])(
  'a copy of what was not answered goes over the server alone, which keeps no account: %i links, online %s',
  (links, online, expected) => {
    const bench = new Bench(links, online);
    const way = wayTo(PEER, [BETWEEN]);
    expect(bench.send(way, SIGNAL, true)).toEqual(expected);
    expect(bench.signaler.size).toBe(0);
  },
);
