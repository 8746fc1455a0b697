/**
 * A 32-bit hash of a seed and some strings (MurmurHash3 x86_32 over UTF-16 code units, Appleby, 2011). Draws that must
 * not depend on the order of events, such as a pair's latency, come from it.
 */
export function hash(seed: number, ...parts: readonly string[]): number {
  let h = seed | 0;
  let length = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) h = mix(h, part.charCodeAt(i));
    h = mix(h, 0x10000);
    length += part.length + 1;
  }
  h ^= length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in [`min`, `max`), uniform over the seed and the strings. */
export function hashBetween(range: readonly [number, number], seed: number, ...parts: readonly string[]): number {
  return range[0] + (hash(seed, ...parts) / 4294967296) * (range[1] - range[0]);
}

function mix(state: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = state ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}
