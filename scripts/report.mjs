/** Counts of a test run, read from what each runner reports. Anything that did not run counts as failed. */

/** @typedef {{ passed: number, failed: number, notes: string[] }} Counts `notes` says what failed besides plain tests. */

/**
 * Makes sure that a runner which crashed, was cut short or ran nothing cannot look like success.
 * @param {string} runner
 * @param {Counts} counts
 * @param {number} exitCode
 * @returns {Counts}
 */
function settle(runner, { passed, failed, notes }, exitCode) {
  if (failed === 0 && passed === 0) return { passed, failed: 1, notes: [...notes, `${runner} ran no test`] };
  if (failed === 0 && exitCode !== 0) {
    return { passed, failed: 1, notes: [...notes, `${runner} ended with exit code ${exitCode} without a failed test`] };
  }
  return { passed, failed, notes };
}

/**
 * @param {string} runner
 * @param {string | undefined} text
 * @param {(report: any) => Counts} read
 * @param {number} exitCode
 * @returns {Counts}
 */
function parse(runner, text, read, exitCode) {
  if (text === undefined) return { passed: 0, failed: 1, notes: [`${runner} wrote no report (exit code ${exitCode})`] };
  try {
    return settle(runner, read(JSON.parse(text)), exitCode);
  } catch (error) {
    return { passed: 0, failed: 1, notes: [`${runner} wrote a report that cannot be read: ${String(error)}`] };
  }
}

/**
 * Vitest's JSON reporter. Skipped and todo tests count as failed, and so does a file that could not be loaded.
 * @param {string | undefined} text
 * @param {number} exitCode
 */
export function vitestCounts(text, exitCode) {
  return parse(
    'vitest',
    text,
    (report) => {
      const notes = [];
      const skipped = report.numPendingTests + report.numTodoTests;
      if (skipped > 0) notes.push(`vitest: ${skipped} skipped`);
      let broken = 0;
      for (const file of report.testResults) {
        /** @type {{ status: string }[]} */
        const tests = file.assertionResults;
        if (file.status !== 'failed' || tests.some((test) => test.status === 'failed')) continue;
        broken += 1;
        notes.push(`vitest: ${file.name} failed outside its tests`);
      }
      return { passed: report.numPassedTests, failed: report.numFailedTests + skipped + broken, notes };
    },
    exitCode,
  );
}

/**
 * Playwright's JSON reporter. Skipped, flaky and not-run tests count as failed.
 * @param {string | undefined} text
 * @param {number} exitCode
 */
export function playwrightCounts(text, exitCode) {
  return parse(
    'playwright',
    text,
    ({ stats, errors }) => {
      const notes = [];
      if (stats.skipped > 0) notes.push(`playwright: ${stats.skipped} skipped or not run`);
      if (stats.flaky > 0) notes.push(`playwright: ${stats.flaky} flaky`);
      if (errors.length > 0) notes.push(`playwright: ${errors.length} errors outside tests`);
      return { passed: stats.expected, failed: stats.unexpected + stats.flaky + stats.skipped + errors.length, notes };
    },
    exitCode,
  );
}

/**
 * The report of scripts/check.mjs: one check per gate.
 * @param {string | undefined} text
 * @param {number} exitCode
 */
export function checkCounts(text, exitCode) {
  return parse(
    'check',
    text,
    ({ passed, failed }) => ({
      passed,
      failed: failed.length,
      notes: failed.map((/** @type {string} */ gate) => `check: ${gate} failed`),
    }),
    exitCode,
  );
}
