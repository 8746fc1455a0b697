import { describe, expect, test } from 'vitest';
import { dumpLines } from '../src/dump.js';
import { PEERPIGEON } from '../src/stack.js';
import { runScenario } from '../src/scenario.js';
import type { RunRequest } from '../src/scenario.js';
import { mostLinksAtOnce } from './link-limit.js';

const SMALL: RunRequest = { peers: 20, maxPeers: 3, seed: 1, joinMs: 200, broadcasts: 10, warmup: 3 };

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

  test('every message encoded and decoded gives the same output as references do', () => {
    const mixed: RunRequest = { ...SMALL, loss: 0.02, directs: 20 };
    expect(textOf('broadcast', { ...mixed, wire: true })).toBe(textOf('broadcast', mixed));
  });
});
