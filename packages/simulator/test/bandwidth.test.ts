import type { Millis } from '@peerpigeon/core';
import { Mesh, encodeFrame } from '@peerpigeon/mesh';
import type { Event, Frame, LinkHealth, Output } from '@peerpigeon/mesh';
import { describe, expect, test } from 'vitest';
import { Recorder, createNetwork } from '../src/index.js';
import { Network } from '../src/network.js';
import type { JoinOptions } from '../src/index.js';
import type { SimulatedPeer } from '../src/peer.js';
import { FIXED, command, negotiate } from './scripted-links.js';
import { ScriptedMesh, act, scriptOf } from './scripted-mesh.js';

const KIB = 1_024;
const LATENCY_MS = 40;

/** How long control frames to one peer took, from machine to machine. */
class ControlDelays extends Recorder {
  readonly ms: Millis[] = [];
  to: SimulatedPeer | undefined;
  private readonly sentAt = new Map<Frame, Millis>();

  constructor() {
    super((frame) => encodeFrame(frame).length);
  }

  override frameSent(from: SimulatedPeer, frame: Frame, now: Millis): void {
    super.frameSent(from, frame, now);
    if (frame.channel === 'datagram' || frame.channel === 'protocol') return;
    if (!('envelope' in frame.message)) this.sentAt.set(frame, now);
  }

  override frameReceived(to: SimulatedPeer, frame: Frame, now: Millis): void {
    super.frameReceived(to, frame, now);
    const at = this.sentAt.get(frame);
    this.sentAt.delete(frame);
    if (at !== undefined && to === this.to) this.ms.push(now - at);
  }

  percentile(share: number): Millis {
    return this.ms.sort((a, b) => a - b)[Math.ceil(this.ms.length * share) - 1] as Millis;
  }
}

function linkWith(peer: SimulatedPeer, other: SimulatedPeer, now: Millis): LinkHealth | undefined {
  if (!(peer.machine instanceof Mesh)) throw new Error('no real mesh');
  return peer.machine.report.health(now).links.find((link) => link.peer === other.id);
}

/** Two peers, the second on a line of 1 Mb/s, to which the first one sends 1.4 Mb/s, a message of 16 KiB in each tenth of a second. */
function overload(seconds: number, link: JoinOptions['config'] = {}) {
  const delays = new ControlDelays();
  const network = createNetwork({ seed: 3, observer: delays });
  const silent: Event['type'][] = [];
  const got = new Set<string>();
  const onEvent = (event: Event): void => {
    if (event.type === 'peerDegraded' || event.type === 'peerDisconnected') silent.push(event.type);
  };
  const sender = network.join({ onEvent, config: link });
  const slow = network.join({
    bandwidthKbps: 1_000,
    onEvent: (event) => {
      onEvent(event);
      if (event.type === 'message') got.add(event.envelope.id);
    },
  });
  network.run(10_000);
  delays.to = slow;
  const sent: string[] = [];
  let mostWaiting = 0;
  for (let i = 0; i < 10 * seconds; i++) {
    for (const bytes of [16 * KIB, KIB]) sent.push(sender.broadcast(new Uint8Array(bytes)));
    network.run(100);
    mostWaiting = Math.max(mostWaiting, linkWith(sender, slow, network.now)?.waitingBytes ?? 0);
  }
  return { network, sender, slow, delays, silent, got, sent, mostWaiting };
}

describe('a receiver on a line of 1 Mb/s that is sent more than that for a minute', () => {
  test('gets control messages within 500 ms (p95), is thought dead by nobody, and gets everything in the end', () => {
    const { network, sender, slow, delays, silent, got, sent, mostWaiting } = overload(60);
    expect(delays.ms.length).toBeGreaterThan(50);
    expect(delays.percentile(0.95)).toBeLessThan(500);
    expect(mostWaiting).toBeGreaterThan(2_000_000);
    expect(mostWaiting).toBeLessThan(4_000_000);
    // Small ones are never late, and of the others the line has carried what it could.
    expect(got.size).toBeGreaterThan(600 + 0.9 * ((60 * 125_000 - 600 * KIB) / (16 * KIB)));
    network.run(60_000);
    expect(silent).toEqual([]);
    expect(sent.filter((id) => !got.has(id))).toEqual([]);
    expect(linkWith(sender, slow, network.now)).toMatchObject({ waitingBytes: 0, dropped: 0 });
  });

  test('of more than may wait the oldest is dropped and counted, and comes by anti-entropy', () => {
    const { network, sender, slow, silent, got, sent, mostWaiting } = overload(20, {
      link: { maxBulkBytes: 128 * KIB },
    });
    expect(mostWaiting).toBeLessThan(160 * KIB);
    const dropped = linkWith(sender, slow, network.now)?.dropped ?? 0;
    expect(dropped).toBeGreaterThan(10);
    network.run(60_000);
    expect(sent.filter((id) => !got.has(id))).toEqual([]);
    expect(silent).toEqual([]);
  });
});

describe('simulated lines', () => {
  /** Frames of 100 bytes: at 8 kb/s a line carries one byte a millisecond. */
  const sizes = new Map<Frame, number>();
  const frameOf = (bytes: number, nonce: number): Frame => {
    const frame: Frame = { channel: 'link', message: { type: 'ping', nonce } };
    sizes.set(frame, bytes);
    return frame;
  };
  const scripted = (): Network =>
    new Network(
      {
        createMesh: (config) => new ScriptedMesh(config),
        encodeFrame: (frame) => new Uint8Array(sizes.get(frame) ?? 0),
        decodeFrame: () => {
          throw new Error('no wire');
        },
      },
      FIXED,
    );
  const write = (to: SimulatedPeer, frame: Frame, lane: 'control' | 'bulk' = 'bulk'): Output => ({
    type: 'frame',
    peer: to.id,
    session: 's',
    lane,
    frame,
  });
  const pings = (peer: SimulatedPeer): [Millis, number][] =>
    scriptOf(peer).heard.flatMap(({ at, input }): [Millis, number][] =>
      input.type === 'frame' && input.frame.channel === 'link' && input.frame.message.type === 'ping'
        ? [[at, input.frame.message.nonce]]
        : [],
    );
  const join = (kbps: readonly (number | undefined)[]): { network: Network; peers: SimulatedPeer[] } => {
    const network = scripted();
    const peers = kbps.map((bandwidthKbps) => network.join(bandwidthKbps === undefined ? {} : { bandwidthKbps }));
    network.run(0);
    const [a, b, c] = peers as [SimulatedPeer, SimulatedPeer, SimulatedPeer | undefined];
    negotiate(network, a, b);
    if (c !== undefined) negotiate(network, c, a);
    network.run(1_000 - network.now);
    return { network, peers };
  };

  test('a frame takes its time on the slower of the two lines, then the latency', () => {
    for (const kbps of [
      [8, undefined],
      [undefined, 8],
      [80, 8],
    ]) {
      const { network, peers } = join(kbps);
      const [a, b] = peers as [SimulatedPeer, SimulatedPeer];
      act(network, a, write(b, frameOf(100, 1)), write(b, frameOf(50, 2)));
      network.run(1_000);
      expect(pings(b)).toEqual([
        [1_100 + LATENCY_MS, 1],
        [1_150 + LATENCY_MS, 2],
      ]);
    }
  });

  test('the channels of a transport take turns, message by message', () => {
    const { network, peers } = join([8, undefined]);
    const [a, b] = peers as [SimulatedPeer, SimulatedPeer];
    const bulk = [1, 2, 3].map((nonce) => write(b, frameOf(100, nonce)));
    act(network, a, ...bulk, write(b, frameOf(10, 9), 'control'));
    network.run(1_000);
    expect(pings(b).map(([, nonce]) => nonce)).toEqual([1, 9, 2, 3]);
  });

  test('links of one peer share its line, and a slow receiver does not hold up the others', () => {
    const { network, peers } = join([80, 8, undefined]);
    const [a, slow, fast] = peers as [SimulatedPeer, SimulatedPeer, SimulatedPeer];
    const toSlow = [1, 2].map((nonce) => write(slow, frameOf(100, nonce)));
    const toFast = [3, 4].map((nonce) => write(fast, frameOf(100, nonce)));
    act(network, a, ...toSlow, ...toFast);
    network.run(1_000);
    expect(pings(slow)).toEqual([
      [1_100 + LATENCY_MS, 1],
      [1_200 + LATENCY_MS, 2],
    ]);
    expect(pings(fast)).toEqual([
      [1_020 + LATENCY_MS, 3],
      [1_030 + LATENCY_MS, 4],
    ]);
  });

  test('a drain is told once no more waits than was asked for; at once where nothing does', () => {
    const { network, peers } = join([8, undefined]);
    const [a, b] = peers as [SimulatedPeer, SimulatedPeer];
    const drained = (): unknown[] =>
      scriptOf(a).heard.flatMap(({ at, input }) =>
        input.type === 'transport' && input.event.type === 'drained' ? [{ ...input.event, at }] : [],
      );
    act(network, a, command(b.id, { type: 'drain', below: 0 }));
    expect(drained()).toEqual([{ type: 'drained', bytes: 0, control: 0, from: 0, at: 1_000 }]);
    const frames = [1, 2, 3].map((nonce) => write(b, frameOf(100, nonce)));
    act(network, a, ...frames, command(b.id, { type: 'drain', below: 150 }));
    network.run(1_000);
    expect(drained().slice(1)).toEqual([{ type: 'drained', bytes: 100, control: 0, from: 300, at: 1_200 }]);
  });

  test('what has not left when its link closes is lost', () => {
    const { network, peers } = join([8, undefined]);
    const [a, b] = peers as [SimulatedPeer, SimulatedPeer];
    act(network, a, write(b, frameOf(100, 1)), write(b, frameOf(100, 2)));
    network.run(150);
    act(network, a, command(b.id, { type: 'close' }));
    network.run(1_000);
    expect(pings(b)).toEqual([[1_100 + LATENCY_MS, 1]]);
  });

  test('a bandwidth must be above 0', () => {
    expect(() => createNetwork({ bandwidthKbps: 0 })).toThrow(RangeError);
  });
});
