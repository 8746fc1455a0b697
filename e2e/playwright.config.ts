import { defineConfig } from '@playwright/test';
import { findChromium } from '../scripts/chromium.mjs';

// Set here, the variable also reaches Playwright's workers, which load this file again.
process.env['PEERPIGEON_CHROMIUM'] ||= await findChromium();
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
