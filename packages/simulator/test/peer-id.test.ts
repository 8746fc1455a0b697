import { expect, test } from 'vitest';
import { drawId } from '../src/peer-id.js';

test('an id follows from seed and index; one that is taken is drawn again, and the prefix stays', () => {
  const free = drawId(1, 7, () => false);
  expect(free).toMatch(/^[0-9a-f]{40}$/);
  expect(drawId(1, 7, () => false)).toBe(free);
  const other = drawId(1, 7, (id) => id === free);
  expect(other).toMatch(/^[0-9a-f]{40}$/);
  expect(other).not.toBe(free);
  expect(drawId(1, 7, () => false, '5af')).toBe(`5af${free.slice(3)}`);
});
