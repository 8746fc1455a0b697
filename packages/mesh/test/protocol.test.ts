import { DecodeError } from '@peerpigeon/core';
import type { FrameValue, Machine, PeerId } from '@peerpigeon/core';
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS, Mesh, decodeFrame } from '../src/index.js';
import type { MapSizes, Protocol, ProtocolInput, ProtocolOutput } from '../src/index.js';
import { World } from './world.js';

const [A, B, C] = ['1', '5', '9'].map((digit) => digit.repeat(40)) as [PeerId, PeerId, PeerId];

type Said = ProtocolInput<string, string> | { readonly type: 'say'; readonly output: ProtocolOutput<string, string> };

/** A protocol that says what it is told to say, and keeps what it hears. */
class Parrot implements Machine<Said, ProtocolOutput<string, string> | { readonly type: 'heard' }> {
  readonly heard: Said[] = [];

  get mapSizes(): MapSizes {
    return { parrotHeard: { size: this.heard.length, cap: 1_000 } };
  }

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

type Say = (from: PeerId, output: ProtocolOutput<string, string>) => void;

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

/** Eight peers, 10… to 80…, each with two links, so that they are a ring; all hold the protocol. */
function ring(): { world: World; peers: PeerId[]; parrots: Map<PeerId, Parrot>; say: Say } {
  const world = new World();
  const heard = new Map<PeerId, Parrot>();
  const peers = Array.from({ length: 8 }, (_, n) => `${n + 1}${'0'.repeat(39)}`);
  for (const peer of peers) {
    const parrot = new Parrot();
    heard.set(peer, parrot);
    world.join(peer, { maxPeers: 2 }, [parrots(parrot)]);
    world.run(2_000);
  }
  world.run(20_000);
  const say: Say = (from, output) =>
    world.feed(from, { type: 'protocol', name: 'parrot', input: { type: 'say', output } });
  return { world, peers, parrots: heard, say };
}

test('a parcel goes over the peers that a protocol names, and to whoever is nearest to a key', () => {
  const { world, peers, parrots: heard, say } = ring();
  const [p1, p2, p3, p4, p5, p6, p7, p8] = peers as [PeerId, PeerId, PeerId, PeerId, PeerId, PeerId, PeerId, PeerId];
  const paths = (peer: PeerId): unknown[] => (heard.get(peer) as Parrot).of('received').splice(0);
  for (const peer of peers) expect(world.meshes.get(peer)?.report.peers()).toHaveLength(2);

  // Greedily 2 and 3 are on the way; those named go round the other side.
  say(p1, { type: 'route', to: p4, message: 'short' });
  say(p1, { type: 'route', to: p4, message: 'round', via: [p8, p7, p6, p5] });
  say(p1, { type: 'route', to: p4, message: 'broken', via: [p8, p6] });
  const strangers = Array.from({ length: 40 }, (_, n) => `${n + 10}${'a'.repeat(38)}`);
  say(p1, { type: 'route', to: p4, message: 'too long', via: [p8, ...strangers] });
  world.run(1_000);
  const said = (message: string, path: PeerId[]): object => ({ type: 'received', from: p1, message, path });
  expect(paths(p4)).toEqual([
    said('short', [p1, p2, p3]),
    said('too long', [p1, p2, p3]),
    said('round', [p1, p8, p7, p6, p5]),
    said('broken', [p1, p8, p1, p2, p3]),
  ]);

  say(p1, { type: 'seek', key: `5${'1'.repeat(39)}`, message: 'who is there?' });
  say(p1, { type: 'seek', key: p5, over: p8, message: 'and over the other side?' });
  say(p1, { type: 'seek', key: p5, over: p5, message: 'without a link' });
  world.run(1_000);
  expect(paths(p5)).toHaveLength(2);
  // Its own id: the nearest other.
  say(p1, { type: 'seek', key: p1, message: 'and beside me?' });
  world.run(1_000);
  expect([...paths(p2), ...paths(p8)]).toMatchObject([{ message: 'and beside me?', path: [p1] }]);
});

test('a protocol is told who is next to it on the ring, from the join on, and that one of them fell silent', () => {
  const { world, peers, parrots: heard } = ring();
  const told = (peer: PeerId): Said[] => (heard.get(peer) as Parrot).of('leaves');
  const around = (peer: PeerId, members: PeerId[]): object => {
    const at = members.indexOf(peer);
    const after = [...members.slice(at + 1), ...members.slice(0, at)];
    return { type: 'leaves', after, before: [...after].reverse(), whole: true, member: true };
  };
  for (const peer of peers) {
    expect(told(peer)[0]).toEqual({ type: 'leaves', after: [], before: [], whole: true, member: true });
    expect(told(peer).at(-1)).toEqual(around(peer, peers));
  }
  const dead = peers[3] as PeerId;
  world.kill(dead);
  world.run(10_000);
  const living = peers.filter((peer) => peer !== dead);
  for (const peer of living) expect(told(peer).at(-1)).toEqual(around(peer, living));
});

test('a protocol hears that a parcel could go no further, from afar or at once', () => {
  const { world, peers, parrots: heard, say } = ring();
  const [p1] = peers as [PeerId];
  const bounced = (): Said[] => (heard.get(p1) as Parrot).of('bounced');
  const absent = `5${'1'.repeat(39)}`;
  say(p1, { type: 'route', to: absent, message: 'anybody?' });
  expect(bounced()).toEqual([]);
  world.run(1_000);
  expect(bounced()).toEqual([{ type: 'bounced', to: absent }]);
  say(p1, { type: 'route', to: p1, message: 'myself?' });
  expect(bounced()).toHaveLength(2);
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

test('S114: its bounded maps are among those of the mesh', () => {
  const { world, first } = linked();
  const sizes = (peer: PeerId): MapSizes => (world.meshes.get(peer) as Mesh).report.mapSizes();
  expect(sizes(A)).toMatchObject({ parrotHeard: { size: first.heard.length, cap: 1_000 }, links: { size: 2 } });
  expect(sizes(C)).not.toHaveProperty('parrotHeard');
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
