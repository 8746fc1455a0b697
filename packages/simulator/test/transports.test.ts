import type { PeerId } from '@peerpigeon/core';
import type { Description, TransportCommand } from '@peerpigeon/link';
import type { Frame, Output } from '@peerpigeon/mesh';
import { describe, expect, test } from 'vitest';
import type { Network } from '../src/network.js';
import type { NetworkOptions } from '../src/network-options.js';
import type { SimulatedPeer } from '../src/peer.js';
import { act, scriptOf, scriptedNetwork } from './scripted-mesh.js';

const FIXED: NetworkOptions = { latencyMs: [40, 40], handshakeMs: [100, 100], candidatesPerEnd: 1 };
const FRAME: Frame = { channel: 'link', message: { type: 'ping', nonce: 1 } };

const command = (peer: SimulatedPeer, to: PeerId, what: TransportCommand): Output => ({
  type: 'transport',
  peer: to,
  session: 's',
  command: what,
});
const frame = (to: PeerId, session = 's'): Output => ({
  type: 'frame',
  peer: to,
  session,
  lane: 'control',
  frame: FRAME,
});

function described(peer: SimulatedPeer, type: Description['type']): Description {
  for (const { input } of scriptOf(peer).heard) {
    if (input.type !== 'transport' || input.event.type !== 'description') continue;
    if (input.event.description.type === type) return input.event.description;
  }
  throw new Error(`no ${type}`);
}

function pair(options: NetworkOptions = FIXED): { network: Network; a: SimulatedPeer; b: SimulatedPeer } {
  const network = scriptedNetwork(options);
  const [a, b] = [network.join(), network.join()];
  network.run(0);
  return { network, a, b };
}

/** Has the two exchange descriptions, without the time that signaling takes. */
function negotiate(network: Network, a: SimulatedPeer, b: SimulatedPeer): void {
  act(network, a, command(a, b.id, { type: 'open' }), command(a, b.id, { type: 'offer' }));
  const offer = described(a, 'offer');
  act(network, b, command(b, a.id, { type: 'open' }), command(b, a.id, { type: 'answer', description: offer }));
  act(network, a, command(a, b.id, { type: 'accept', description: described(b, 'answer') }));
}

function linked(options: NetworkOptions = FIXED): { network: Network; a: SimulatedPeer; b: SimulatedPeer } {
  const made = pair(options);
  negotiate(made.network, made.a, made.b);
  made.network.run(1_000);
  return made;
}

const framesOf = (peer: SimulatedPeer): number[] =>
  scriptOf(peer).heard.flatMap(({ at, input }) => (input.type === 'frame' ? [at] : []));
const last = (peer: SimulatedPeer): { at: number; event: string } | undefined => scriptOf(peer).transport().at(-1);

describe('a simulated transport', () => {
  test('opens at both ends two round trips and some work after both descriptions are set', () => {
    const { network, a, b } = linked();
    for (const peer of [a, b]) {
      expect(scriptOf(peer).transport()).toEqual([
        { at: 0, event: 'description' },
        { at: 0, event: 'candidate' },
        { at: 260, event: 'opened' },
      ]);
    }
    expect(network.links).toEqual({ opened: 1, closed: 0 });
  });

  test('carries frames after one latency, in order, to the session they belong to', () => {
    const { network, a, b } = linked();
    act(network, a, frame(b.id), frame(b.id), frame(b.id, 'other'));
    network.run(1_000);
    expect(framesOf(b)).toEqual([1_040, 1_040]);
  });

  test('drops frames before it is open', () => {
    const { network, a, b } = pair();
    negotiate(network, a, b);
    act(network, a, frame(b.id));
    network.run(1_000);
    expect(framesOf(b)).toEqual([]);
  });

  test('tells the other end of a close after one latency, after the frames before it', () => {
    const { network, a, b } = linked();
    act(network, a, frame(b.id), command(a, b.id, { type: 'close' }), frame(b.id));
    network.run(1_000);
    expect(framesOf(b)).toEqual([1_040]);
    expect(last(b)).toEqual({ at: 1_040, event: 'closed' });
    expect(last(a)?.event).toBe('opened');
    expect(network.links).toEqual({ opened: 1, closed: 1 });
  });

  test('swallows frames once the partner is killed, and says nothing of it', () => {
    const { network, a, b } = linked();
    network.kill(b);
    act(network, a, frame(b.id));
    network.run(60_000);
    expect(framesOf(b)).toEqual([]);
    expect(last(a)).toEqual({ at: 260, event: 'opened' });
    expect(network.links.closed).toBe(1);
  });

  test('a modelled death is heard when liveness would have noticed it', () => {
    const { network, a, b } = linked({ ...FIXED, liveness: 'modelled' });
    network.kill(b);
    network.run(60_000);
    expect(last(a)?.event).toBe('closed');
    expect(last(a)?.at).toBeGreaterThanOrEqual(1_000 + 29_000);
    expect(last(a)?.at).toBeLessThan(1_000 + 30_000);
  });

  test('fails when nobody answers', () => {
    const { network, a, b } = pair();
    act(network, a, command(a, b.id, { type: 'open' }), command(a, b.id, { type: 'offer' }));
    const offer = described(a, 'offer');
    act(network, a, command(a, b.id, { type: 'close' }));
    act(network, b, command(b, a.id, { type: 'open' }), command(b, a.id, { type: 'answer', description: offer }));
    network.run(60_000);
    expect(last(b)).toEqual({ at: 15_800, event: 'closed' });
    expect(network.links.opened).toBe(0);
  });

  test('refuses commands that its state or the description does not allow', () => {
    const { network, a, b } = pair();
    const bad: Description = { type: 'answer', sdp: 'v=0' };
    act(network, a, command(a, b.id, { type: 'open' }), command(a, b.id, { type: 'accept', description: bad }));
    network.run(0);
    expect(scriptOf(a).transport()).toEqual([{ at: 0, event: 'failed' }]);
  });

  test('glare: an end that has offered may answer instead', () => {
    const { network, a, b } = pair();
    act(network, a, command(a, b.id, { type: 'open' }), command(a, b.id, { type: 'offer' }));
    act(network, b, command(b, a.id, { type: 'open' }), command(b, a.id, { type: 'offer' }));
    const offer = described(a, 'offer');
    act(network, b, command(b, a.id, { type: 'answer', description: offer }));
    act(network, a, command(a, b.id, { type: 'accept', description: described(b, 'answer') }));
    network.run(1_000);
    expect(network.links.opened).toBe(1);
    expect(last(a)?.event).toBe('opened');
    expect(last(b)?.event).toBe('opened');
  });

  test('loss: a frame resets its link with a hundredth of the share, and both ends hear of it', () => {
    let resets = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const { network, a, b } = linked({ ...FIXED, seed, loss: 1 });
      for (let i = 0; i < 100 && network.links.closed === 0; i++) act(network, a, frame(b.id));
      network.run(1_000);
      if (network.links.closed === 0) continue;
      resets++;
      expect(last(a)?.event).toBe('closed');
      expect(last(b)?.event).toBe('closed');
    }
    // 100 frames at 1 % each: a link survives them with 0.99^100 = 37 %; 20 links all, or none, with less than 10⁻⁴.
    expect(resets).toBeGreaterThan(0);
    expect(resets).toBeLessThan(20);
  });
});
