import { between } from '@peerpigeon/core';
import type { Millis, Rng } from '@peerpigeon/core';
import type { Config } from '@peerpigeon/link';
import { NOTICE_QUANTILES_MS } from './config.js';

/**
 * How peers notice that another fell silent. `full`: by the link machine's pings, as in the field.
 *
 * `modelled`: no pings, which spares large networks most of their events. An end whose partner cannot be heard any more
 * (killed, frozen, half-open, cut off) has its transport closed when the link machine would have called the link suspect:
 * after a delay drawn from what `full` shows. A partner that is heard again before that was never missed.
 *
 * What `modelled` leaves out: a link goes at once where `full` keeps it as a suspect and closes it after 30 s, or has it
 * recover; so there are no `peerDegraded` and `peerRecovered`, and what a frozen or cut-off peer sent comes too late for a
 * link that is gone by then. The peer counts as lost, not as dead, and may be dialled again. Silence that is none, as of
 * timers throttled to once a minute at both ends, is not seen.
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
 * How long after a partner fell silent an end notices: drawn from {@link NOTICE_QUANTILES_MS}, between two of them
 * uniformly.
 */
export function noticeDelayMs(rng: Rng): Millis {
  const steps = NOTICE_QUANTILES_MS.length - 1;
  const place = between(rng, 0, steps);
  const below = Math.floor(place);
  const low = NOTICE_QUANTILES_MS[below] as Millis;
  const high = NOTICE_QUANTILES_MS[below + 1] as Millis;
  return low + (place - below) * (high - low);
}
