import { defineConfig } from '@playwright/test';
import { findE2eParts } from '../scripts/e2e-parts.mjs';

const PARTS = ['PEERPIGEON_CHROMIUM', 'PEERPIGEON_FIREFOX', 'PEERPIGEON_TURNSERVER'];
if (PARTS.some((variable) => !process.env[variable])) {
  const { env, leftOut } = await findE2eParts();
  // Set here, they also reach Playwright's workers, which load this file again.
  Object.assign(process.env, env);
  for (const line of leftOut) console.log(line);
}
// Tests say by a tag which part they need beside Chromium.
const missing = [
  ...(process.env['PEERPIGEON_FIREFOX'] === 'none' ? [/@firefox/] : []),
  ...(process.env['PEERPIGEON_TURNSERVER'] === 'none' ? [/@turn/] : []),
];
const long = process.env['PEERPIGEON_TIER'] === 'long';

export default defineConfig({
  testDir: 'specs',
  testMatch: '**/*.spec.ts',
  testIgnore: long ? [] : '**/*.long.spec.ts',
  outputDir: 'test-results',
  timeout: long ? 600_000 : 60_000,
  // Generous: a loaded machine must not decide. Figures are printed, not asserted.
  expect: { timeout: 20_000 },
  forbidOnly: true,
  grepInvert: missing,
  // Every test opens several tabs of its own: more workers would only measure how busy the machine is.
  workers: 1,
  retries: 0,
  reporter: 'list',
  use: {
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env['PEERPIGEON_CHROMIUM'],
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // Nothing leaves the machine.
        '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
        // Links between tabs of one host, also where there is no other network than loopback.
        '--allow-loopback-in-peer-connection',
      ],
    },
  },
});
