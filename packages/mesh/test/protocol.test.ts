import { DecodeError } from '@peerpigeon/core';
import type { FrameValue, Machine, PeerId } from '@peerpigeon/core';
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS, Mesh, decodeFrame } from '../src/index.js';
import type { Protocol, ProtocolInput, ProtocolOutput } from '../src/index.js';
import { World } from './world.js';

const [A, B, C] = ['1', '5', '9'].map((digit) => digit.repeat(40)) as [PeerId, PeerId, PeerId];

type Said = ProtocolInput<string, string> | { readonly type: 'say'; readonly output: ProtocolOutput<string, string> };

/** A protocol that says what it is told to say, and keeps what it hears. */
class Parrot implements Machine<Said, ProtocolOutput<string, string> | { readonly type: 'heard' }> {
  readonly heard: Said[] = [];

  handle(input: Said, _now: number, out: (ProtocolOutput<string, string> | { readonly type: 'heard' })[]): void {
    if (input.type === 'say') out.push(input.output);
    else this.heard.push(input);
    if (input.type === 'received') out.push({ type: 'heard' });
  }

  of(type: Said['type']): Said[] {
    return this.heard.filter((input) => input.type === type);
  }
}

function parrots(parrot: Parrot): Protocol {
  return {
    name: 'parrot',
    tag: 30,
    encode: (message) => message as string,
    decode: (value) => {
      if (typeof value !== 'string') throw new DecodeError('UNEXPECTED', 'no text');
      return value;
    },
    contentBytes: (message) => (message as string).length,
    machine: parrot,
  };
}

/** Three peers in a row of ids, the outer two without a link with each other; the last holds no such protocol. */
function linked(): {
  world: World;
  first: Parrot;
  second: Parrot;
  say: (output: ProtocolOutput<string, string>) => void;
} {
  const world = new World();
  const [first, second] = [new Parrot(), new Parrot()];
  world.join(A, {}, [parrots(first)]);
  world.run(1_000);
  world.join(B, {}, [parrots(second)]);
  world.join(C);
  world.run(5_000);
  const say = (output: ProtocolOutput<string, string>): void =>
    world.feed(A, { type: 'protocol', name: 'parrot', input: { type: 'say', output } });
  return { world, first, second, say };
}

test('an optional protocol hears of links, of room on them, and of what its other end says, over a link or over others', () => {
  const { world, first, second, say } = linked();
  expect(first.of('peerUp')).toContainEqual({ type: 'peerUp', peer: B, maxFrameBytes: 65_536 });
  expect(first.of('writable')).toContainEqual({ type: 'writable', peer: B, bytes: expect.any(Number) as number });
  say({ type: 'send', to: B, message: 'hello' });
  say({ type: 'route', to: B, message: 'hello again' });
  world.run(1_000);
  expect(second.of('received')).toEqual([
    { type: 'received', from: A, message: 'hello', path: [A] },
    { type: 'received', from: A, message: 'hello again', path: [A] },
  ]);
  expect(world.protocolOutputs.filter(({ id }) => id === B)).toHaveLength(2);
  world.cut(A, B);
  world.run(100);
  expect(second.of('peerDown')).toEqual([{ type: 'peerDown', peer: A }]);
  world.feed(A, { type: 'leave' });
  expect(first.of('leave')).toHaveLength(1);
});

test('its timers come back to it, its violations count, and its links beside the mesh go when it releases them', () => {
  const { world, first, say } = linked();
  say({ type: 'timer', at: world.now + 50, timer: 'ring' });
  say({ type: 'violation', peer: B, code: 'rate', detail: 'too chatty' });
  world.run(100);
  expect(first.of('timer')).toEqual([{ type: 'timer', timer: 'ring' }]);
  expect(world.violations).toMatchObject([{ peer: B, code: 'rate' }]);
  say({ type: 'release', peer: B });
  expect(world.meshes.get(A)?.report.peers()).toContain(B);
});

test('what a peer says in a protocol that is not held is ignored; what is no message of one that is counts', () => {
  const { world, second, say } = linked();
  say({ type: 'send', to: C, message: 'anybody?' });
  world.run(1_000);
  expect(world.violations).toEqual([]);
  const frame = { channel: 'protocol', tag: 30, message: 7 as FrameValue } as const;
  world.inject(A, B, (session) => ({ type: 'frame', peer: A, session, frame }));
  expect(world.violations).toMatchObject([{ peer: A, code: 'malformed', detail: 'parrot: no text' }]);
  expect(second.of('received')).toEqual([]);
});

test('names and tags are used once, and tags are in range', () => {
  const config = { peerId: A, network: 'n', epoch: 1, settings: DEFAULT_SETTINGS };
  const rng = { uint32: () => 1 };
  const parrot = parrots(new Parrot());
  expect(() => new Mesh({ ...config, protocols: [parrot, { ...parrot, name: 'other' }] }, rng)).toThrow(
    'a name and a tag',
  );
  expect(() => new Mesh({ ...config, protocols: [{ ...parrot, tag: 4 }] }, rng)).toThrow('a tag from 5 to 31');
  expect(() => decodeFrame(Uint8Array.of(117, 2, 125, 32, 126))).toThrow(DecodeError);
});
