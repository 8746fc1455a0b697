import { describe, expect, test } from 'vitest';
import { checkCounts, playwrightCounts, vitestCounts } from '../report.mjs';

const vitestReport = (fields: object): string =>
  JSON.stringify({
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...fields,
  });
const playwrightReport = (stats: object, errors: object[] = []): string =>
  JSON.stringify({ stats: { expected: 2, unexpected: 0, flaky: 0, skipped: 0, ...stats }, errors });

describe('S184: what did not run never looks like success', () => {
  test('all passed', () => {
    expect(vitestCounts(vitestReport({}), 0)).toEqual({ passed: 3, failed: 0, notes: [] });
    expect(playwrightCounts(playwrightReport({}), 0)).toEqual({ passed: 2, failed: 0, notes: [] });
    expect(checkCounts('{"passed":14,"failed":[]}', 0)).toEqual({ passed: 14, failed: 0, notes: [] });
  });

  test('failed, skipped, todo, flaky and errors outside tests all count as failed', () => {
    expect(vitestCounts(vitestReport({ numFailedTests: 1, numPendingTests: 1, numTodoTests: 1 }), 1)).toMatchObject({
      passed: 3,
      failed: 3,
    });
    const testResults = [
      { name: 'a.test.ts', status: 'failed', assertionResults: [] },
      { name: 'b.test.ts', status: 'failed', assertionResults: [{ status: 'failed' }] },
    ];
    expect(vitestCounts(vitestReport({ numFailedTests: 1, testResults }), 1)).toMatchObject({ failed: 2 });
    expect(playwrightCounts(playwrightReport({ unexpected: 1, flaky: 1, skipped: 2 }, [{}]), 1)).toMatchObject({
      passed: 2,
      failed: 5,
    });
    expect(checkCounts('{"passed":1,"failed":["lint"]}', 1)).toMatchObject({
      failed: 1,
      notes: ['check: lint failed'],
    });
  });

  test('no report, an unreadable one, no test at all, or a bad exit code: one failure, with the reason', () => {
    expect(vitestCounts(undefined, 1)).toMatchObject({ passed: 0, failed: 1 });
    expect(vitestCounts('{', 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(vitestCounts(vitestReport({ numPassedTests: 0 }), 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(vitestCounts(vitestReport({}), 1)).toMatchObject({ passed: 3, failed: 1 });
    expect(playwrightCounts(playwrightReport({ expected: 0 }), 1).notes).toEqual(['playwright ran no test']);
  });
});
