/** Geometry of the ring on which PeerPigeon orders its peers. Angles in radians, clockwise, 0 at the top. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

const TURN = 2 * Math.PI;

/** Hex digits that fit a double exactly; a picture needs no more. */
const DIGITS = 13;

/** The place of an id on the ring: id / 2^160 of a turn. */
export function ringAngle(id: string): number {
  return (parseInt(id.slice(0, DIGITS), 16) / 16 ** DIGITS) * TURN;
}

export function ringPoint(angle: number, radius: number): Point {
  return { x: radius * Math.sin(angle), y: -radius * Math.cos(angle) };
}

/** The hue (0 to 359) that stands for an id everywhere in the demo: its place on the ring. */
export function ringHue(id: string): number {
  return Math.floor((ringAngle(id) / TURN) * 360);
}

/**
 * An arc between two points of the ring that bends toward the middle, so that neighbours' links are seen too; the nearer
 * the points, the less.
 */
export function chord(from: Point, to: Point): string {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const depth = Math.hypot(middle.x, middle.y);
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const left = depth === 0 ? 1 : 1 - Math.min(0.35, (0.5 * length) / depth);
  return `M${fixed(from.x)} ${fixed(from.y)} Q${fixed(middle.x * left)} ${fixed(middle.y * left)} ${fixed(to.x)} ${fixed(to.y)}`;
}

/**
 * Moves ascending angles apart until neighbours (wrapping) are at least `gap` from each other, each as little as it
 * can; the order stays. Dots and labels use it. Too many for the gap: spread evenly.
 */
export function spread(angles: readonly number[], gap: number): number[] {
  const count = angles.length;
  if (count < 2) return [...angles];
  if (count * gap >= TURN) return angles.map((_, index) => (angles[0] ?? 0) + (index * TURN) / count);
  const moved = [...angles];
  for (let round = 0; round < 200; round++) {
    let worst = 0;
    for (let i = 0; i < count; i++) {
      const next = (i + 1) % count;
      const there = (moved[next] as number) + (next === 0 ? TURN : 0);
      const lack = gap - (there - (moved[i] as number));
      if (lack <= 0) continue;
      worst = Math.max(worst, lack);
      moved[i] = (moved[i] as number) - lack / 2;
      moved[next] = (moved[next] as number) + lack / 2;
    }
    if (worst < gap / 100) break;
  }
  return moved;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
