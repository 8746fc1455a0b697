import { decode } from '@peerpigeon/core';
import { decodeFrame, encodeFrame } from '@peerpigeon/mesh';
import type { Frame } from '@peerpigeon/mesh';
import { decodeMessage as decodeTopology } from '@peerpigeon/topology';
import { describe, expect, test } from 'vitest';
import { dumpLines } from '../src/dump.js';
import type { SimulatedPeer } from '../src/peer.js';
import { Recorder } from '../src/recorder.js';
import { PEERPIGEON, createNetwork } from '../src/stack.js';
import { runScenario } from '../src/scenario.js';
import type { RunRequest } from '../src/options.js';
import { mostLinksAtOnce } from './link-limit.js';

const SMALL: RunRequest = { peers: 20, maxPeers: 3, seed: 1, joinMs: 200, broadcasts: 10, warmup: 3 };

/** A message of topology on its way over peers. */
function isParcel(
  frame: Frame,
): frame is { readonly channel: 'routing'; readonly message: Extract<Frame['message'], { type: 'parcel' }> } {
  return frame.channel === 'routing' && frame.message.type === 'parcel';
}

/** Everything a run leaves behind, as text. */
function textOf(name: 'broadcast' | 'direct', request: RunRequest): string {
  const { run, results } = runScenario(name, request, PEERPIGEON);
  expect(run.network.malformed).toBe(0);
  expect([...run.network.violations]).toEqual([]);
  return [JSON.stringify(results), ...dumpLines(run.recorder.journal)].join('\n');
}

describe('a scenario with the real mesh', () => {
  test('S29: 20 peers at maxPeers 3: one component, every broadcast once at every peer', () => {
    const { run, results } = runScenario('broadcast', SMALL, PEERPIGEON);
    expect(results).toMatchObject({
      components: 1,
      largestComponent: 20,
      degree: { max: 3 },
      broadcast: { sent: 10, expected: 200, delivered: 200, duplicatesToApp: 0 },
      direct: { sent: 0 },
    });
    expect(run.recorder.journal.broadcasts.filter(({ warmup }) => warmup)).toHaveLength(3);
    expect(results.links.opened - results.links.closed).toBeGreaterThanOrEqual(20);
  });

  test('S14: direct messages between random pairs all arrive', () => {
    const { results } = runScenario('direct', { ...SMALL, broadcasts: 0, directs: 100 }, PEERPIGEON);
    expect(results.direct).toMatchObject({ sent: 100, delivered: 100, failed: 0 });
    expect(results.broadcast.sent).toBe(0);
  });

  test('S171: no peer ever has more mesh links than maxPeers, nor more than one link above in handover', () => {
    const { run } = runScenario('broadcast', { ...SMALL, joinMs: 50 }, PEERPIGEON);
    expect(mostLinksAtOnce(run.recorder.journal, ['mesh'])).toBeLessThanOrEqual(3);
    expect(mostLinksAtOnce(run.recorder.journal, ['mesh', 'handover'])).toBeLessThanOrEqual(4);
  });

  test('the same arguments give the same output, byte for byte', () => {
    const lossy: RunRequest = { ...SMALL, loss: 0.05, senders: 'all', directs: 20 };
    expect(textOf('broadcast', lossy)).toBe(textOf('broadcast', lossy));
    expect(textOf('broadcast', lossy)).not.toBe(textOf('broadcast', { ...lossy, seed: 2 }));
  });

  test('every frame that peers send is, field for field, what the other end decodes of it', () => {
    const kinds = new Set<string>();
    class RoundTrips extends Recorder {
      override frameSent(_from: SimulatedPeer, frame: Frame): void {
        // No peer here has a protocol of its own.
        if (frame.channel === 'protocol') return;
        const { channel, message } = frame;
        kinds.add(`${channel} ${'kind' in message ? message.kind : message.type}`);
        if (channel === 'link') return;
        const decoded = decodeFrame(encodeFrame(frame));
        // A parcel's body stays encoded until it arrives.
        if (isParcel(frame) && isParcel(decoded)) {
          const [, said] = decode(decoded.message.body as Uint8Array) as [number, unknown];
          const body = decodeTopology(said);
          expect({ ...decoded.message, body }).toEqual(frame.message);
        } else expect(decoded).toEqual(frame);
      }
    }
    const network = createNetwork({ seed: 4, observer: new RoundTrips(() => 0) });
    for (let i = 0; i < 24; i++) network.at(i * 250, () => network.join());
    network.run(20_000);
    const [first, last] = [network.peers[0], network.peers[23]];
    first?.broadcast(new Uint8Array(100));
    first?.sendDirect(last?.id ?? '', new Uint8Array(100));
    network.run(2_000);
    expect([...kinds]).toEqual(expect.arrayContaining(['link hello', 'topology neighbours', 'gossip payload']));
  });

  test('every message encoded and decoded gives the same output as references do', () => {
    const mixed: RunRequest = { ...SMALL, loss: 0.02, directs: 20 };
    expect(textOf('broadcast', { ...mixed, wire: true })).toBe(textOf('broadcast', mixed));
  });
});
