import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { chord, ringAngle, ringHue, ringPoint, spread } from '../src/ring.js';

const TURN = 2 * Math.PI;
const id = fc.stringMatching(/^[0-9a-f]{40}$/);

describe('ring', () => {
  it('puts an id at its share of a turn, clockwise from the top', () => {
    expect(ringAngle('0'.repeat(40))).toBe(0);
    expect(ringAngle(`4${'0'.repeat(39)}`)).toBeCloseTo(TURN / 4);
    expect(ringPoint(TURN / 4, 10)).toEqual({ x: 10, y: expect.closeTo(0) });
    expect(ringHue(`8${'0'.repeat(39)}`)).toBe(180);
  });

  test.prop([id, id])('keeps the order of ids', (a, b) => {
    if (a.slice(0, 13) === b.slice(0, 13)) expect(ringAngle(a)).toBe(ringAngle(b));
    else expect(ringAngle(a) < ringAngle(b)).toBe(a < b);
  });

  test.prop([fc.array(fc.double({ min: 0, max: TURN - 1e-6, noNaN: true }), { minLength: 2, maxLength: 40 })])(
    'spreads angles at least the gap apart, and keeps their order',
    (unsorted) => {
      const gap = 0.1;
      const spreadOut = spread(
        [...unsorted].sort((a, b) => a - b),
        gap,
      );
      const gaps = spreadOut.map((angle, i) =>
        i === 0 ? angle + TURN - (spreadOut.at(-1) ?? 0) : angle - (spreadOut[i - 1] ?? 0),
      );
      expect(Math.min(...gaps)).toBeGreaterThan(gap * 0.9);
    },
  );

  it('leaves angles alone that are apart, and spreads evenly what has no room', () => {
    expect(spread([0, 1, 2], 0.5)).toEqual([0, 1, 2]);
    expect(spread([0, 0, 0, 0], 3)).toEqual([0, TURN / 4, TURN / 2, (3 * TURN) / 4]);
    expect(spread([1], 3)).toEqual([1]);
  });

  it('bends links toward the middle, also that between opposite points', () => {
    expect(chord({ x: 0, y: -100 }, { x: 100, y: 0 })).toBe('M0.0 -100.0 Q32.5 -32.5 100.0 0.0');
    expect(chord({ x: 0, y: -100 }, { x: 0, y: 100 })).toBe('M0.0 -100.0 Q0.0 0.0 0.0 100.0');
  });
});
