import { DecodeError } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { describe, expect, test } from 'vitest';
import type { MeshSettings } from '../src/index.js';
import { World } from './world.js';

const id = (n: number): PeerId => (n * 0x0fff_ffff).toString(16).padStart(8, '0').repeat(5);

function world(peers: number, settings: Partial<MeshSettings> = {}, settleMs = 15_000): World {
  const made = new World();
  for (let i = 1; i <= peers; i++) {
    made.join(id(i), settings);
    made.run(200);
  }
  made.run(settleMs);
  return made;
}

describe('two peers', () => {
  test('S47: find each other through the server, and each is told once', () => {
    const made = world(2);
    expect(made.seen(id(1), 'peerConnected')).toEqual([{ type: 'peerConnected', peer: id(2) }]);
    expect(made.seen(id(2), 'peerConnected')).toEqual([{ type: 'peerConnected', peer: id(1) }]);
    expect(made.meshes.get(id(1))?.report.links()).toMatchObject([{ peer: id(2), kind: 'mesh', role: 'ring' }]);
  });

  test('S14, S20: broadcasts and direct messages both ways', () => {
    const made = world(2);
    const said = made.broadcast(id(1), 'hello');
    const whispered = made.direct(id(2), id(1));
    made.run(1_000);
    const heard = (peer: PeerId): unknown[] =>
      made.seen(peer, 'message').map(({ envelope, hops }) => [envelope.id, envelope.kind, hops]);
    expect(heard(id(1))).toEqual([
      [said, 'broadcast', 0],
      [whispered, 'direct', 1],
    ]);
    expect(heard(id(2))).toEqual([[said, 'broadcast', 1]]);
    expect(made.seen(id(2), 'messageDelivered')).toMatchObject([{ messageId: whispered, to: id(1), hops: 1 }]);
  });

  test('S48: a peer that leaves says so, and is forgotten', () => {
    const made = world(2);
    made.feed(id(2), { type: 'leave' });
    made.run(1_000);
    expect(made.seen(id(1), 'peerDisconnected')).toEqual([
      { type: 'peerDisconnected', peer: id(2), reason: 'left the mesh' },
    ]);
    expect(made.meshes.get(id(1))?.report.discovered()).toEqual([]);
    expect(made.meshes.get(id(2))?.report.links()).toEqual([]);
  });

  test('S11: after leaving the same machine joins again and works as new', () => {
    const made = world(2);
    made.feed(id(2), { type: 'leave' });
    made.run(90_000);
    made.feed(id(2), { type: 'join', url: 'ws://localhost/' });
    made.run(15_000);
    expect(made.meshes.get(id(1))?.report.peers()).toEqual([id(2)]);
    const said = made.broadcast(id(2), 'again');
    made.run(1_000);
    expect(made.seen(id(1), 'message').map(({ envelope }) => envelope.id)).toEqual([said]);
  });

  test('S82: a hung-up link heals, and both sides see the reason', () => {
    const made = world(2);
    made.feed(id(1), { type: 'hangup', peer: id(2), reason: 'testing' });
    made.run(10_000);
    expect(made.seen(id(1), 'peerDisconnected')).toMatchObject([{ reason: 'testing' }]);
    expect(made.seen(id(2), 'peerDisconnected')).toMatchObject([{ reason: 'testing' }]);
    expect(made.meshes.get(id(1))?.report.peers()).toEqual([id(2)]);
  });

  test('S181: a cut link is made again', () => {
    const made = world(2);
    made.cut(id(1), id(2));
    made.run(10_000);
    expect(made.seen(id(1), 'peerDisconnected').length).toBe(1);
    expect(made.meshes.get(id(2))?.report.peers()).toEqual([id(1)]);
  });

  test('a silent peer is degraded, then lost; a voice in between recovers it', () => {
    const made = world(2);
    made.drop = (from) => from === id(2);
    made.run(6_000);
    expect(made.seen(id(1), 'peerDegraded').length).toBe(1);
    made.drop = () => false;
    made.run(4_000);
    expect(made.seen(id(1), 'peerRecovered').length).toBe(1);
    expect(made.seen(id(1), 'peerDisconnected')).toEqual([]);
    // It answers signals, so that it lives, and no path leads to it.
    made.drop = (from) => from === id(2);
    made.run(40_000);
    expect(made.seen(id(1), 'peerDisconnected')).toMatchObject([{ reason: 'path-lost' }]);
  });

  test('a peer that is gone without a word is dead after 30 s', () => {
    const made = world(2);
    made.kill(id(2));
    made.run(27_000);
    expect(made.seen(id(1), 'peerDegraded').length).toBe(1);
    expect(made.seen(id(1), 'peerDisconnected')).toEqual([]);
    made.run(5_000);
    expect(made.seen(id(1), 'peerDisconnected')).toMatchObject([{ reason: 'timeout' }]);
  });
});

describe('S117: the server goes away', () => {
  test('links stay, messages flow, and it is found again', () => {
    const made = world(3);
    made.stopServer();
    made.run(20_000);
    const said = made.broadcast(id(1), 'still here');
    made.run(1_000);
    expect(made.seen(id(3), 'message').map(({ envelope }) => envelope.id)).toEqual([said]);
    expect(made.seen(id(3), 'peerDisconnected')).toEqual([]);
    // S52: said once, however many attempts fail meanwhile.
    expect(made.seen(id(1), 'signalingDisconnected').length).toBeGreaterThan(2);
    expect(made.seen(id(1), 'warning')).toEqual([expect.objectContaining({ code: 'signaling-lost' })]);
    expect(made.meshes.get(id(1))?.report.signaling.name).not.toBe('connected');
    made.startServer();
    made.run(60_000);
    expect(made.meshes.get(id(1))?.report.signaling.name).toBe('connected');
    expect(made.seen(id(1), 'signalingConnected').length).toBe(2);
  });
});

describe('ten peers at maxPeers 3', () => {
  test('S29: everyone gets each broadcast once', () => {
    const made = world(10);
    const sent = [1, 4, 7].map((n) => made.broadcast(id(n), `from ${n}`));
    made.run(5_000);
    for (const peer of made.meshes.keys()) {
      const ids = made.seen(peer, 'message').map(({ envelope }) => envelope.id);
      expect(ids.sort()).toEqual([...sent].sort());
    }
  });

  test('S171: never more than maxPeers are shown, also while links are handed over', () => {
    const made = new World();
    const shown = new Map<PeerId, number>();
    for (let i = 1; i <= 12; i++) {
      made.join(id(i));
      for (let step = 0; step < 100; step++) {
        made.run(20);
        for (const [peer, mesh] of made.meshes) {
          shown.set(peer, Math.max(shown.get(peer) ?? 0, mesh.report.peers().length));
          expect(mesh.report.links().length).toBeLessThanOrEqual(4);
        }
      }
    }
    expect(Math.max(...shown.values())).toBe(3);
  });

  test('S48: connects and disconnects alternate for each peer', () => {
    const made = world(10);
    for (const events of made.events.values()) {
      const up = new Set<PeerId>();
      for (const event of events) {
        if (event.type === 'peerConnected') {
          expect(up.has(event.peer)).toBe(false);
          up.add(event.peer);
        } else if (event.type === 'peerDisconnected') expect(up.delete(event.peer)).toBe(true);
      }
    }
  });

  test('S14: every pair exchanges a direct message over the links there are', () => {
    const made = world(10);
    let sent = 0;
    for (const from of made.meshes.keys()) {
      for (const to of made.meshes.keys()) {
        if (from === to) continue;
        made.direct(from, to);
        sent++;
      }
    }
    made.run(20_000);
    const delivered = [...made.meshes.keys()].flatMap((peer) => made.seen(peer, 'messageDelivered'));
    expect(delivered.length).toBe(sent);
  });
});

describe('S176: a peer that misbehaves', () => {
  test('is counted, and loses its link in the end; the others do not notice', () => {
    const made = world(3);
    const error = new DecodeError('MALFORMED', 'no frame');
    const inject = (): void =>
      made.inject(id(2), id(1), (session) => ({ type: 'malformed', peer: id(2), session, error }));
    for (let i = 0; i < 31; i++) inject();
    made.run(100);
    expect(made.violations.length).toBe(31);
    expect(made.seen(id(1), 'peerDisconnected')).toEqual([]);
    inject();
    made.run(100);
    expect(made.seen(id(1), 'peerDisconnected')).toMatchObject([
      { peer: id(2), reason: 'too many protocol violations' },
    ]);
    expect(made.meshes.get(id(3))?.report.peers()).toContain(id(1));
  });

  test('malformed signals are counted and harmless', () => {
    const made = world(2);
    const message = { type: 'signal', from: id(2), data: { kind: 'request', session: 7 } } as const;
    made.feed(id(1), { type: 'signaling', event: { type: 'message', message } });
    expect(made.violations).toMatchObject([{ peer: id(2), code: 'malformed' }]);
    expect(made.meshes.get(id(1))?.report.peers()).toEqual([id(2)]);
  });
});

test('S84: the connectivity report says for each known peer why it is linked or not', () => {
  const made = world(8);
  const report = made.meshes.get(id(1))?.report.connectivity(made.now) ?? [];
  expect(report.length).toBe(7);
  for (const row of report) {
    expect(row.initiator).toBe(id(1) > row.peerId ? 'self' : 'peer');
    expect(row.why).not.toBe('');
  }
  expect(report.filter(({ state }) => state === 'connected').map(({ why }) => why)).toContain('linked as ring');
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('S56: lowering maxPeers closes surplus links, visible at once in the getters', () => {
  const made = world(8, { maxPeers: 6 });
  made.feed(id(1), { type: 'configure', settings: { maxPeers: 2, minPeers: 1 } });
  made.run(5_000);
  expect(made.meshes.get(id(1))?.report.peers().length).toBe(2);
  expect(made.seen(id(1), 'peerEvicted').length).toBeGreaterThan(0);
});
