import type { Carrier } from '@peerpigeon/link';
import { encodeFrame, type Frame, type Input, type LinkHandlers, type Output, type Ports } from '@peerpigeon/mesh';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../src/adapters/system-clock.js';
import { Runtime } from '../src/runtime.js';

const PEER = 'a'.repeat(40);
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const PING: Frame = { channel: 'link', message: { type: 'ping', nonce: 1 } };
const DATAGRAM: Extract<Frame, { channel: 'datagram' }> = {
  channel: 'datagram',
  message: { type: 'datagram', channel: 'game', content: new Uint8Array([1]) },
};

/** A runtime with one link, whose machine writes down what it is fed and puts out what it is told to. */
function withLink() {
  const inputs: Input[] = [];
  const outputs: Output[] = [{ type: 'transport', peer: PEER, session: 's', command: { type: 'open' } }];
  let handlers: LinkHandlers | undefined;
  const datagram = vi.fn();
  const links: Ports['links'] = {
    open: (_peer, given) => {
      handlers = given;
      return { maxMessageBytes: 65_536, command: () => {}, send: () => {}, datagram, close: () => {} };
    },
  };
  const runtime = new Runtime({
    machine: {
      handle: (input: Input, _now: number, out: Output[]) => {
        inputs.push(input);
        out.push(...outputs.splice(0));
      },
    },
    peerId: PEER,
    ports: { links, clock: systemClock() } as unknown as Ports,
    logger: SILENT,
    onEvent: () => {},
    onError: (error) => {
      throw error;
    },
  });
  runtime.feed({ type: 'join', url: 'ws://localhost/' });
  return {
    runtime,
    inputs,
    outputs,
    datagram,
    message: (on: Carrier, frame: Frame) => handlers?.message(on, encodeFrame(frame)),
  };
}

describe('the runtime', () => {
  it('takes datagrams from their channels alone, and nothing else from there', () => {
    const { inputs, message } = withLink();
    message('datagram', DATAGRAM);
    message('control', PING);
    message('bulk', DATAGRAM);
    message('datagram', PING);
    expect(inputs.slice(1).map((input) => (input.type === 'malformed' ? input.error.code : input.type))).toEqual([
      'frame',
      'frame',
      'UNEXPECTED',
      'UNEXPECTED',
    ]);
  });

  it('hands datagrams to the link they belong to', () => {
    const { runtime, outputs, datagram } = withLink();
    const output: Output = { type: 'datagram', peer: PEER, session: 's', maxRetransmits: 3, frame: DATAGRAM };
    outputs.push(output, { ...output, session: 'another' });
    runtime.feed({ type: 'join', url: 'ws://localhost/' });
    expect(datagram.mock.calls).toEqual([[3, encodeFrame(DATAGRAM)]]);
  });
});
