import type { PeerId } from '@peerpigeon/core';
import { compareDistance } from '@peerpigeon/xor';

const DIGITS = 40;
const LOWEST = '0'.repeat(DIGITS);
const HIGHEST = 'f'.repeat(DIGITS);

/** The id after (1) or before (−1) another one, whoever may have it. */
export function neighbourOf(id: PeerId, step: 1 | -1): PeerId {
  const [over, becomes] = step === 1 ? ['f', '0'] : ['0', 'f'];
  let at = DIGITS - 1;
  while (at >= 0 && id[at] === over) at--;
  const digits = at < 0 ? '' : id.slice(0, at) + (parseInt(id[at] as string, 16) + step).toString(16);
  return digits.padEnd(DIGITS, becomes);
}

/** The id nearest to `target` by XOR on the stretch of the ring from `from` clockwise to `to`, both included. */
export function minXorWithin(target: PeerId, from: PeerId, to: PeerId): PeerId {
  if (from <= to) return minXorBetween(target, from, to);
  const above = minXorBetween(target, from, HIGHEST);
  const below = minXorBetween(target, LOWEST, to);
  return compareDistance(target, above, below) <= 0 ? above : below;
}

/** The same for numbers. A higher digit outweighs all lower ones, so that each takes the best that its bounds allow. */
function minXorBetween(target: PeerId, low: PeerId, high: PeerId): PeerId {
  let result = '';
  let atLow = true;
  let atHigh = true;
  for (let i = 0; i < DIGITS; i++) {
    const wanted = parseInt(target[i] as string, 16);
    const least: number = atLow ? parseInt(low[i] as string, 16) : 0;
    const most: number = atHigh ? parseInt(high[i] as string, 16) : 15;
    let best: number = least;
    for (let digit = least; digit <= most; digit++) if ((digit ^ wanted) < (best ^ wanted)) best = digit;
    atLow &&= best === least;
    atHigh &&= best === most;
    if (!atLow && !atHigh) return result + best.toString(16) + target.slice(i + 1);
    result += best.toString(16);
  }
  return result;
}
