import type { Conformance, Turn } from '@peerpigeon/mesh/testing';
import { expect, it } from 'vitest';

/** Real time goes on for five milliseconds. */
export const turn: Turn = () => new Promise((resolve) => setTimeout(resolve, 5));

/** One test for each promise of a port. */
export function conform(suite: readonly Conformance[]): void {
  for (const { name, run } of suite) {
    it(name, async () => {
      await expect(run()).resolves.toBeUndefined();
    });
  }
}
