import { between } from '@peerpigeon/core';
import type { Millis, Rng } from '@peerpigeon/core';
import { DEFAULT_CONFIG } from '@peerpigeon/link';
import type { Config } from '@peerpigeon/link';

/**
 * How peers notice that another died. `full`: by the link machine's pings, as in the field. `modelled`: no pings; a kill
 * closes each partner's transport after a delay drawn from what `full` shows, which spares large networks most of
 * their events.
 */
export type Liveness = 'full' | 'modelled';

/** Some 30 virtual years: the link machine wants its thresholds finite and in order. */
const NEVER_MS: Millis = 1e12;

/** What `liveness` changes in the link machine. */
export function linkConfig(liveness: Liveness): Partial<Config> {
  if (liveness === 'full') return {};
  return { pingAfterMs: NEVER_MS, suspectAfterMs: 2 * NEVER_MS, deadAfterMs: 3 * NEVER_MS };
}

/**
 * How long after a kill a partner declares the link dead: `deadAfterMs` after the last byte, and that came up to
 * `pingAfterMs` before the kill, uniformly.
 */
export function detectionDelayMs(rng: Rng): Millis {
  const { deadAfterMs, pingAfterMs } = DEFAULT_CONFIG;
  return between(rng, deadAfterMs - pingAfterMs, deadAfterMs);
}
