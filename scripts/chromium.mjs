/** The Chromium that the e2e tests drive. */
import { SYSTEM_PARTS, findSystemPart } from './system-parts.mjs';

/** Path of a Chromium that runs; gets one if there is none. */
export function findChromium() {
  return findSystemPart('Chromium', SYSTEM_PARTS.chromium);
}
