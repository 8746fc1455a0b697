/** The programs that tests drive. */
import { SYSTEM_PARTS, findOptionalPart, findSystemPart } from './system-parts.mjs';

/**
 * Finds, or gets, those of the unit tests.
 * @returns {Promise<{ env: Record<string, string>, leftOut: string[] }>} as `findE2eParts`
 */
export async function findUnitParts() {
  const redis = await findOptionalPart('Redis', SYSTEM_PARTS.redis);
  return {
    env: { [SYSTEM_PARTS.redis.variable]: redis.path },
    leftOut: [redis].flatMap(({ leftOut }) => leftOut ?? []),
  };
}

/**
 * Finds, or gets, those of the e2e tests.
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
