import { assert } from '@peerpigeon/core';
import type { Signaling, SignalingChannel } from '../ports.js';
import { equal, quiet, until, type Conformance, type Turn } from './conformance.js';

/** A signaling port to judge, and servers for it. */
export interface SignalingFixture {
  readonly signaling: Signaling;
  /** A server that sends every text back. */
  readonly echoUrl: string;
  /** A server that closes at once with code 4001 and reason `no`. */
  readonly refusingUrl: string;
  /** An address where nobody listens. */
  readonly deadUrl: string;
  readonly turn: Turn;
}

/** What every {@link Signaling} keeps. */
export function signalingConformance(make: () => SignalingFixture): Conformance[] {
  return [
    {
      name: 'opens once, and not from within open()',
      run: async () => {
        const fixture = make();
        const tape = record(fixture.signaling, fixture.echoUrl);
        equal(tape.log, [], 'calls from within open()');
        await until(fixture.turn, () => tape.log.length > 0, 'opened');
        await quiet(fixture.turn);
        equal(tape.log, ['opened'], 'calls');
        tape.channel.close();
      },
    },
    {
      name: 'carries text both ways, whole and in order',
      run: async () => {
        const { signaling, echoUrl, turn } = make();
        const tape = record(signaling, echoUrl);
        await until(turn, () => tape.log.length > 0, 'opened');
        const texts = [
          '{"type":"ping"}',
          'ü 𝄞 \u0000',
          'x'.repeat(100_000),
          ...Array.from({ length: 50 }, (_, i) => `${i}`),
        ];
        for (const text of texts) tape.channel.send(text);
        await until(turn, () => tape.log.length > texts.length, 'the echoes');
        equal(
          tape.log.slice(1),
          texts.map((text) => `message ${text}`),
          'echoes',
        );
        tape.channel.close();
      },
    },
    {
      name: 'reports with which code and reason the server closed it, once',
      run: async () => {
        const { signaling, refusingUrl, turn } = make();
        const tape = record(signaling, refusingUrl);
        await until(turn, () => tape.log.includes('closed 4001 no'), 'closed 4001');
        await quiet(turn);
        equal(tape.log, ['opened', 'closed 4001 no'], 'calls');
      },
    },
    {
      name: 'reports a channel that never opened as closed with 1006',
      run: async () => {
        const { signaling, deadUrl, turn } = make();
        const tape = record(signaling, deadUrl);
        await until(turn, () => tape.log.length > 0, 'closed');
        assert((tape.log[0] as string).startsWith('closed 1006'), `expected closed 1006, got ${tape.log[0]}`);
      },
    },
    {
      name: 'tells nothing after close(), neither of an open channel nor of an opening one',
      run: async () => {
        const { signaling, echoUrl, turn } = make();
        const open = record(signaling, echoUrl);
        const opening = record(signaling, echoUrl);
        opening.channel.close();
        await until(turn, () => open.log.length > 0, 'opened');
        open.channel.send('echo me');
        open.channel.close();
        await quiet(turn);
        equal([open.log, opening.log], [['opened'], []], 'calls');
      },
    },
    {
      name: 'to close again, or to write to a closed channel, is harmless',
      run: async () => {
        const { signaling, echoUrl, turn } = make();
        const tape = record(signaling, echoUrl);
        await until(turn, () => tape.log.length > 0, 'opened');
        tape.channel.close();
        tape.channel.close();
        tape.channel.send('dropped');
        await quiet(turn);
        equal(tape.log, ['opened'], 'calls');
      },
    },
  ];
}

interface Tape {
  readonly channel: SignalingChannel;
  readonly log: string[];
}

function record(signaling: Signaling, url: string): Tape {
  const log: string[] = [];
  const channel = signaling.open(url, {
    opened: () => log.push('opened'),
    message: (text) => log.push(`message ${text}`),
    closed: (code, reason) => log.push(`closed ${code} ${reason}`),
  });
  return { channel, log };
}
