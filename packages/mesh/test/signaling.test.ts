import { recordToJson } from '@peerpigeon/identity';
import { SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { isSignal } from '@peerpigeon/signaling-protocol';
import { describe, expect, test } from 'vitest';
import { Author } from '../src/author.js';
import { DEFAULT_SETTINGS, Mesh } from '../src/index.js';
import type { Frame, MeshSettings, Output } from '../src/index.js';
import { encodeSignal } from '../src/signal-content.js';
import { World } from './world.js';

const id = (n: number): PeerId => (n * 0x0fff_ffff).toString(16).padStart(8, '0').repeat(5);

function world(peers: number, settings: Partial<MeshSettings> = {}): World {
  const made = new World();
  for (let i = 1; i <= peers; i++) {
    made.join(id(i), settings);
    made.run(200);
  }
  made.run(20_000);
  return made;
}

const kindOf = (made: World, peer: PeerId, other: PeerId): string | undefined =>
  made.meshes
    .get(peer)
    ?.report.links()
    .find((link) => link.peer === other)?.kind;

/** A peer without a link with `peer`. */
function strangerOf(made: World, peer: PeerId): PeerId {
  const stranger = [...made.meshes.keys()].find((other) => other !== peer && kindOf(made, peer, other) === undefined);
  expect(stranger).toBeDefined();
  return stranger as PeerId;
}

const isRouted = (frame: Frame): boolean => frame.channel === 'routing';

describe('signals over the mesh', () => {
  test('a link is made without the server, and its signals never reach the application', () => {
    const made = world(10);
    made.stopServer();
    const other = strangerOf(made, id(1));
    made.feed(id(1), { type: 'dial', peer: other, kind: 'extra' });
    made.run(3_000);
    expect([kindOf(made, id(1), other), kindOf(made, other, id(1))]).toEqual(['extra', 'extra']);
    for (const peer of made.meshes.keys()) expect(made.seen(peer, 'message')).toEqual([]);
    expect(made.violations).toEqual([]);
  });

  test('a link beside the mesh links is not shown among them', () => {
    const made = world(10);
    const other = strangerOf(made, id(1));
    const before = made.seen(id(1), 'peerConnected').length;
    made.feed(id(1), { type: 'dial', peer: other, kind: 'extra' });
    made.run(3_000);
    const report = made.meshes.get(id(1))?.report;
    expect(kindOf(made, id(1), other)).toBe('extra');
    expect(report?.peers()).not.toContain(other);
    expect(report?.explain(other, made.now).code).toBe('extra');
    expect(made.seen(id(1), 'peerConnected').length).toBe(before);
    made.feed(id(1), { type: 'hangup', peer: other, reason: 'done' });
    made.run(1_000);
    expect(kindOf(made, other, id(1))).toBeUndefined();
    expect(made.seen(id(1), 'peerDisconnected').map(({ peer }) => peer)).not.toContain(other);
  });

  test.each([0, 20, 40, 60, 100])('the server dies %i ms after a dial: the link comes about all the same', (ms) => {
    const made = world(10);
    const other = strangerOf(made, id(1));
    made.feed(id(1), { type: 'dial', peer: other, kind: 'extra' });
    made.run(ms);
    made.stopServer();
    made.run(4_000);
    expect(kindOf(made, id(1), other)).toBe('extra');
  });

  test.each([0, 30, 60, 90, 150])('the mesh carries nothing any more %i ms after a dial: the server does', (ms) => {
    const made = world(10);
    const other = strangerOf(made, id(1));
    made.feed(id(1), { type: 'dial', peer: other, kind: 'extra' });
    made.run(ms);
    made.drop = (_from, _to, frame) => isRouted(frame);
    made.run(4_000);
    expect(kindOf(made, id(1), other)).toBe('extra');
  });

  test('S94: two that dial each other at once over both paths have one link, told of once', () => {
    const made = world(2, { autoDiscovery: false });
    for (const [from, to] of [
      [id(1), id(2)],
      [id(2), id(1)],
    ] as const) {
      made.feed(from, { type: 'dial', peer: to });
    }
    made.run(3_000);
    expect([made.seen(id(1), 'peerConnected'), made.seen(id(2), 'peerConnected')].map(({ length }) => length)).toEqual([
      1, 1,
    ]);
    expect(made.violations).toEqual([]);
  });

  test('S176: a signal that cannot be read is counted against whoever handed it to us', () => {
    const made = world(3);
    const author = new Author('test', id(3), 1);
    const signal = (content: Uint8Array): void => {
      const draft = { kind: 'signal', channel: '', to: id(1), content, timestamp: 0 } as const;
      const message = {
        type: 'data',
        envelope: author.seal(draft),
        ttl: 9,
        hops: 2,
        path: [id(3), id(2)],
        route: [],
        goal: null,
        mode: 0,
        attempt: 0,
      } as const;
      const frame: Frame = { channel: 'routing', message };
      made.inject(id(2), id(1), (session) => ({ type: 'frame', peer: id(2), session, frame }));
    };
    signal(new Uint8Array([1, 2, 3]));
    signal(encodeSignal({ type: 'offer', data: { type: 'offer', sdp: 7 } }));
    made.run(100);
    expect(made.violations).toMatchObject([
      { peer: id(2), code: 'malformed' },
      { peer: id(2), code: 'malformed' },
    ]);
  });
});

test('an accept of an attempt that is over is answered by a cancel, so that the other side waits for nothing', () => {
  const mesh = new Mesh({ peerId: id(1), network: 'test', epoch: 1, settings: DEFAULT_SETTINGS }, new SeededRng(1));
  const out: Output[] = [];
  const signaling = (event: Extract<Parameters<Mesh['handle']>[0], { type: 'signaling' }>['event']): void =>
    mesh.handle({ type: 'signaling', event }, 0, out);
  mesh.handle({ type: 'join', url: 'ws://localhost/' }, 0, out);
  signaling({ type: 'opened' });
  signaling({ type: 'message', message: { type: 'connected', peerId: id(1), protocol: 1 } });
  out.length = 0;
  for (const data of [
    { kind: 'accept', session: 'gone', seq: 0 },
    { kind: 'cancel', session: 'gone', seq: 1, reason: 'x' },
  ]) {
    signaling({ type: 'message', message: { type: 'signal', from: id(2), data } });
  }
  const written = out.flatMap((output) =>
    output.type === 'signaling' && output.command.type === 'write' && isSignal(output.command.message)
      ? [output.command.message]
      : [],
  );
  expect(written).toMatchObject([{ to: id(2), data: { kind: 'cancel', session: 'gone' } }]);
});

test('S101: a late copy of an offer whose attempt is over does not lead the next attempt astray', () => {
  const mesh = new Mesh({ peerId: id(1), network: 'test', epoch: 1, settings: DEFAULT_SETTINGS }, new SeededRng(1));
  const out: Output[] = [];
  const hear = (type: 'signal' | 'offer', data: object): void =>
    mesh.handle({ type: 'signaling', event: { type: 'message', message: { type, from: id(2), data } } }, 100, out);
  const record = { id: id(2), epoch: 1, caps: { maxPeers: 3 }, expires: 9e15 };
  const request = (session: string): object => ({
    kind: 'request',
    session,
    seq: 0,
    purpose: 'ring',
    isolated: false,
    record: recordToJson(record),
  });
  const opened = (): string[] =>
    out.flatMap((output) => (output.type === 'transport' && output.command.type === 'open' ? [output.session] : []));
  mesh.handle({ type: 'join', url: 'ws://localhost/' }, 0, out);
  mesh.handle({ type: 'signaling', event: { type: 'opened' } }, 0, out);
  const connected = { type: 'connected', peerId: id(1), protocol: 1 } as const;
  mesh.handle({ type: 'signaling', event: { type: 'message', message: connected } }, 0, out);
  hear('signal', request('former'));
  hear('signal', { kind: 'cancel', session: 'former', seq: 9, reason: 'x' });
  hear('signal', request('present'));
  hear('offer', { type: 'offer', sdp: 'late', session: 'former', seq: 1 });
  expect(opened()).toEqual([]);
  hear('offer', { type: 'offer', sdp: 'v=0', session: 'present', seq: 1 });
  expect(opened()).toEqual(['present']);
});

describe('reports', () => {
  test('health says how the ring, the links and signaling stand, and survives JSON', () => {
    const made = world(10);
    for (const [peer, mesh] of made.meshes) {
      const health = mesh.report.health(made.now);
      expect(JSON.parse(JSON.stringify(health))).toEqual(health);
      expect(health).toMatchObject({
        peerId: peer,
        sizeEstimate: 10,
        ring: { state: 'right' },
        partitionSuspected: false,
        signaling: 'connected',
        known: 9,
        tunnels: [],
      });
      const order = [...made.meshes.keys()].sort();
      const at = order.indexOf(peer);
      expect([health.ring.predecessor, health.ring.successor]).toEqual([order[(at + 9) % 10], order[(at + 1) % 10]]);
      expect(health.links.filter(({ role }) => role === 'ring').length).toBe(2);
      for (const { rttMs, theirRole } of health.links) {
        // One end of an idle link pings, the other need not.
        expect([40, null]).toContain(rttMs);
        expect(theirRole).not.toBeNull();
      }
    }
  });

  test('a peer that hears nobody suspects a partition', () => {
    const made = world(4);
    made.stopServer();
    made.drop = (from, to) => from === id(1) || to === id(1);
    made.run(8_000);
    const health = made.meshes.get(id(1))?.report.health(made.now);
    expect(health?.partitionSuspected).toBe(true);
    expect(health?.links.every(({ degraded }) => degraded)).toBe(true);
  });

  test('explain has a code for each case', () => {
    const made = world(8);
    const report = made.meshes.get(id(1))?.report;
    const explain = (peer: PeerId): string | undefined => report?.explain(peer, made.now).code;
    expect(explain(id(1))).toBe('self');
    expect(explain('f'.repeat(40))).toBe('unknown');
    for (const peer of report?.peers() ?? []) expect(explain(peer)).toBe('linked');
    const stranger = strangerOf(made, id(1));
    expect(['full', 'refused']).toContain(explain(stranger));
    made.feed(id(1), { type: 'configure', settings: { autoDiscovery: false } });
    expect(['auto-discovery-off', 'refused']).toContain(explain(stranger));
    made.feed(id(1), { type: 'dial', peer: stranger, kind: 'extra' });
    expect(explain(stranger)).toBe('connecting');
    made.stopServer();
    made.drop = () => true;
    made.run(40_000);
    expect(['backing-off', 'unreachable', 'unknown', 'auto-discovery-off']).toContain(explain(stranger));
  });

  test('S114: every map is within its cap, also after a hundred links that came and went', () => {
    const made = world(12);
    for (let round = 0; round < 100; round++) {
      const peer = id(1 + (round % 12));
      made.feed(peer, { type: 'dial', peer: strangerOf(made, peer), kind: 'extra' });
      made.run(1_000);
      for (const link of made.meshes.get(peer)?.report.links() ?? []) {
        if (link.kind === 'extra') made.feed(peer, { type: 'hangup', peer: link.peer, reason: 'done' });
      }
    }
    made.run(5_000);
    for (const mesh of made.meshes.values()) {
      const sizes = mesh.report.mapSizes();
      expect(Object.keys(sizes).length).toBeGreaterThan(8);
      expect(Object.entries(sizes).filter(([, { size, cap }]) => size > cap)).toEqual([]);
      expect(sizes['signals']?.size).toBe(0);
      expect(mesh.report.health(made.now).connecting).toEqual([]);
    }
  });

  test('S107: an evaluation of a settled mesh has nothing to find, one of a lonely peer has', () => {
    const settled = world(10);
    expect(settled.meshes.get(id(3))?.report.evaluate(settled.now)).toMatchObject({ ok: true, findings: [] });
    const alone = world(1);
    const evaluation = alone.meshes.get(id(1))?.report.evaluate(alone.now);
    expect(evaluation?.findings.map(({ code }) => code)).toContain('isolated');
  });
});
