import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { main } from '../src/main.js';

const directory = mkdtempSync(join(tmpdir(), 'simulator-'));
afterAll(() => rmSync(directory, { recursive: true }));

const RUN =
  'run --scenario broadcast --peers 20 --max-peers 3 --seed 3 --broadcasts 4 --warmup 2 --directs 5 --join-ms 50'.split(
    ' ',
  );

/** What the command prints and returns; the clock shows 0, then 7, so that even `wallMs` is the same. */
function sim(...args: string[]): { code: number; out: string; error: string } {
  const shown = { out: '', error: '' };
  let reads = 0;
  const code = main(args, {
    out: (text) => (shown.out += text),
    error: (text) => (shown.error += text),
    now: () => 7 * reads++,
  });
  return { code, ...shown };
}

describe('the command', () => {
  test('--json prints one object with the fields of the contract, in order, and nothing else', () => {
    const { code, out, error } = sim(...RUN, '--json');
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out.endsWith('}\n')).toBe(true);
    const shown = JSON.parse(out) as { broadcast: object };
    expect(Object.keys(shown)).toEqual(
      (
        'scenario peers maxPeers seed components largestComponent eccentricity degree broadcast direct signaling ' +
        'serverMessagesPerPeerMinute links constructed linksPerPeerHour newLinksPerPeerMinute tunnels ringErrors afterJoin ' +
        'afterKill duringCut afterHeal afterReturn dht maxMapSizes handled wallMs'
      ).split(' '),
    );
    expect(Object.keys(shown.broadcast)).toEqual(
      'sent expected delivered duplicatesToApp rmr rmrWarm controlBytesPerDelivery lastHop latencyMs history ordering'.split(
        ' ',
      ),
    );
    expect(shown).toMatchObject({
      scenario: 'broadcast',
      peers: 20,
      maxPeers: 3,
      seed: 3,
      components: 1,
      broadcast: { sent: 4, expected: 80, delivered: 80 },
      direct: { sent: 5, delivered: 5 },
      wallMs: 7,
    });
  });

  test('prints a table for people, the same each time', () => {
    const { code, out } = sim(...RUN);
    expect(code).toBe(0);
    expect(out).toMatch(/^broadcast\.delivered +80$/m);
    expect(sim(...RUN).out).toBe(out);
  });

  test('--dump writes what the figures can be computed from again', () => {
    const file = join(directory, 'dump.jsonl');
    const shown = JSON.parse(sim(...RUN, '--json', '--dump', file).out) as {
      links: { opened: number; closed: number };
      broadcast: { rmrWarm: number };
      degree: { mean: number };
    };
    type Line = {
      t: string;
      warmup: boolean;
      copies: number;
      deliveries: [string, number, number][];
      closedMs: unknown;
    };
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const of = (t: string): Line[] => lines.filter((line) => line.t === t);
    expect([of('peer').length, of('broadcast').length, of('direct').length]).toEqual([20, 6, 5]);
    const warm = of('broadcast').filter(({ warmup }) => !warmup);
    const copies = warm.reduce((sum, line) => sum + line.copies, 0);
    const deliveries = warm.reduce((sum, line) => sum + line.deliveries.length - 1, 0);
    expect(copies / deliveries - 1).toBeCloseTo(shown.broadcast.rmrWarm, 5);
    const open = of('link').filter(({ closedMs }) => closedMs === null);
    expect((2 * open.length) / 20).toBeCloseTo(shown.degree.mean, 5);
    expect(open.length).toBe(shown.links.opened - shown.links.closed);
  });

  test('a wrong command line ends with 2 and says why, a file that cannot be written with 1', () => {
    expect(sim('run', '--fast')).toMatchObject({ code: 2, out: '' });
    expect(sim('run', '--fast').error).toContain("'--fast'");
    expect(sim(...RUN, '--dump', join(directory, 'no', 'file'))).toMatchObject({ code: 1, out: '' });
    expect(sim('--help')).toMatchObject({ code: 0, error: '' });
  });
});
