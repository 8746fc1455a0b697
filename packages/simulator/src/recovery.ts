import type { Millis } from '@peerpigeon/core';
import type { Detection } from './detection.js';
import type { LiveMesh } from './live-mesh.js';

/**
 * How a mesh comes together after something happened to it: a kill, a server's return, the healing of a cut. Somebody
 * looks at it now and then; a time is that of the first look at which something was so, null if there was none.
 */
export class Recovery {
  /** When it happened. */
  readonly sinceMs: Millis;
  /** Components at that very moment, before anyone can have noticed. */
  readonly before: { readonly components: number; readonly largestComponent: number; readonly alone: number };
  readonly detection: Detection | undefined;
  /** All that are up were one component. */
  oneComponentMs: Millis | null = null;
  /** The ring was right. */
  rightRingMs: Millis | null = null;
  /** Each component was a right ring of its own. */
  rightIslandRingsMs: Millis | null = null;
  private readonly mesh: LiveMesh;

  constructor(mesh: LiveMesh, sinceMs: Millis, detection?: Detection) {
    const { count, largest, alone } = mesh.components();
    this.mesh = mesh;
    this.sinceMs = sinceMs;
    this.before = { components: count, largestComponent: largest, alone };
    this.detection = detection;
    this.sample(sinceMs);
  }

  /** Whether there is nothing left to look for. */
  get isComplete(): boolean {
    return this.oneComponentMs !== null && this.rightRingMs !== null && this.detection?.atMs !== null;
  }

  /** Looks at the mesh, as far as anything is still to be seen. */
  sample(now: Millis): void {
    const { mesh } = this;
    this.detection?.sample(now);
    if (this.rightRingMs === null && mesh.ringErrors() === 0) this.rightRingMs = now;
    if (this.oneComponentMs !== null && this.rightIslandRingsMs !== null) return;
    const { count, labels } = mesh.components();
    if (count <= 1) this.oneComponentMs ??= now;
    if (mesh.ringErrors(labels) === 0) this.rightIslandRingsMs ??= now;
  }

  /** Seconds from when it happened until `at`, to the millisecond. */
  secondsUntil(at: Millis | null): number | null {
    return at === null ? null : Math.round(at - this.sinceMs) / 1_000;
  }
}
