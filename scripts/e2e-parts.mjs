/** The programs that the e2e tests drive. */
import { SYSTEM_PARTS, findOptionalPart, findSystemPart } from './system-parts.mjs';

/**
 * Finds, or gets, all of them.
 * @returns {Promise<{ env: Record<string, string>, leftOut: string[] }>} `env` is for the tests: a path or `none` by each
 *   part's variable; `leftOut` says what a person must know.
 */
export async function findE2eParts() {
  const chromium = await findSystemPart('Chromium', SYSTEM_PARTS.chromium);
  const firefox = await findOptionalPart('Firefox', SYSTEM_PARTS.firefox);
  const coturn = await findOptionalPart('coturn', SYSTEM_PARTS.coturn);
  return {
    env: {
      [SYSTEM_PARTS.chromium.variable]: chromium,
      [SYSTEM_PARTS.firefox.variable]: firefox.path,
      [SYSTEM_PARTS.coturn.variable]: coturn.path,
    },
    leftOut: [firefox, coturn].flatMap(({ leftOut }) => leftOut ?? []),
  };
}
