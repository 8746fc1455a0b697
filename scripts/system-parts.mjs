/**
 * Programs the tests need that no package registry of ours installs. Every part is looked for in the same order: the
 * environment variable, Playwright's own copy, the PATH, Playwright's download, Debian's package (as root). A part that
 * cannot be had is an error that says what to do, never a silent skip. Without an optional one the tests that need it are
 * left out, which the end of the run says again; in CI it is an error like any other.
 */
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT, run } from './process.mjs';

const CHECK_TIMEOUT_MS = 20_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;
const APT_TIMEOUT_MS = 300_000;

/**
 * @typedef {object} SystemPart
 * @property {string} variable Environment variable that holds the program's path; it wins.
 * @property {string[]} commands Names to look for on the PATH.
 * @property {string[]} versionArgs Arguments with which the program says its version and ends.
 * @property {'chromium'} [playwright] Its name at Playwright, if Playwright has it.
 * @property {string} [debian] Its Debian package.
 */

/** @satisfies {Record<string, SystemPart>} */
export const SYSTEM_PARTS = {
  chromium: {
    variable: 'PEERPIGEON_CHROMIUM',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    versionArgs: ['--version'],
    playwright: 'chromium',
    debian: 'chromium',
  },
  firefox: {
    variable: 'PEERPIGEON_FIREFOX',
    commands: ['firefox-esr', 'firefox'],
    versionArgs: ['--version'],
    debian: 'firefox-esr',
  },
  coturn: {
    variable: 'PEERPIGEON_TURNSERVER',
    commands: ['turnserver'],
    versionArgs: ['--version'],
    debian: 'coturn',
  },
  redis: {
    variable: 'PEERPIGEON_REDIS',
    commands: ['redis-server', 'valkey-server'],
    versionArgs: ['--version'],
    debian: 'redis-server',
  },
};

/** The value of a part's variable that says: leave out what needs it. */
const NONE = 'none';

/**
 * What the finder needs of the machine.
 * @typedef {object} Host
 * @property {Record<string, string | undefined>} env
 * @property {boolean} debianRoot Root on a Debian-like system: apt-get may be used.
 * @property {(path: string) => boolean} executable
 * @property {(command: string, args: string[], timeoutMs: number) => Promise<boolean>} succeeds
 * @property {(name: 'chromium') => Promise<string | undefined>} playwrightPath
 * @property {<Result>(act: () => Promise<Result>) => Promise<Result>} withoutServices Does something while no package that
 *   is installed may start a service: the tests start their own.
 * @property {(text: string) => void} log
 */

/** Asked by Debian's packages before they start a service; 101: they may not. */
const POLICY = '/usr/sbin/policy-rc.d';

/** @type {Host} */
const thisMachine = {
  env: process.env,
  debianRoot: process.getuid?.() === 0 && existsSync('/etc/debian_version'),
  executable(path) {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  async succeeds(command, args, timeoutMs) {
    const { code } = await run(command, args, {
      timeoutMs,
      capture: true,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
    return code === 0;
  },
  async playwrightPath(name) {
    // Not at the top: this file also loads before anything is installed.
    const playwright = await import('@playwright/test');
    return playwright[name].executablePath();
  },
  async withoutServices(act) {
    // Whoever has a policy of his own keeps it.
    if (existsSync(POLICY)) return act();
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    try {
      return await act();
    } finally {
      rmSync(POLICY, { force: true });
    }
  },
  log: (text) => console.log(text),
};

/**
 * Finds a part, or gets it.
 * @param {string} name For messages.
 * @param {SystemPart} part
 * @param {Host} [host]
 * @returns {Promise<string>} The program's path.
 * @throws {Error} that says what to do, if the part cannot be had.
 */
export async function findSystemPart(name, part, host = thisMachine) {
  /** @param {string} path */
  const works = async (path) => host.executable(path) && host.succeeds(path, part.versionArgs, CHECK_TIMEOUT_MS);

  const given = host.env[part.variable];
  if (given !== undefined && given !== '') {
    if (await works(given)) return given;
    throw new Error(`${part.variable} is ${given}, which does not run as ${name}. Correct it or unset it.`);
  }

  const fromPlaywright = async () => {
    if (part.playwright === undefined) return undefined;
    const path = await host.playwrightPath(part.playwright);
    return path !== undefined && (await works(path)) ? path : undefined;
  };
  const fromPath = async () => {
    for (const command of part.commands) {
      for (const folder of (host.env['PATH'] ?? '').split(delimiter)) {
        const path = join(folder, command);
        if (folder !== '' && (await works(path))) return path;
      }
    }
    return undefined;
  };

  const present = (await fromPlaywright()) ?? (await fromPath());
  if (present !== undefined) return present;

  if (part.playwright !== undefined) {
    host.log(`No ${name} found; trying Playwright's download.`);
    const playwright = join(ROOT, 'node_modules', '.bin', 'playwright');
    await host.succeeds(playwright, ['install', part.playwright], DOWNLOAD_TIMEOUT_MS);
    const downloaded = await fromPlaywright();
    if (downloaded !== undefined) return downloaded;
  }
  if (part.debian !== undefined && host.debianRoot) {
    host.log(`No ${name} found; trying apt-get install ${part.debian}.`);
    const install = ['install', '-y', '--no-install-recommends', part.debian];
    const installed =
      (await host.succeeds('apt-get', ['update'], APT_TIMEOUT_MS)) &&
      (await host.withoutServices(() => host.succeeds('apt-get', install, APT_TIMEOUT_MS)));
    const path = installed ? await fromPath() : undefined;
    if (path !== undefined) return path;
  }
  throw new Error(
    `No ${name} found, and none could be installed. Install one (on Debian: apt-get install ${part.debian ?? name}) so ` +
      `that one of ${part.commands.join(', ')} is on the PATH, or set ${part.variable} to its path.`,
  );
}

/**
 * Finds a part without which only some tests are left out, or gets it.
 * @param {string} name For messages.
 * @param {SystemPart} part
 * @param {Host} [host]
 * @returns {Promise<{ path: string, leftOut?: string }>} The program's path, or `none` and what to tell a person.
 * @throws {Error} in CI, where nothing is left out, if the part cannot be had.
 */
export async function findOptionalPart(name, part, host = thisMachine) {
  const strict = (host.env['CI'] ?? '') !== '' && host.env['CI'] !== 'false';
  const wanted = host.env[part.variable] !== NONE;
  try {
    if (!wanted) throw new Error(`${part.variable} is ${NONE}.`);
    return { path: await findSystemPart(name, part, host) };
  } catch (error) {
    if (strict) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return { path: NONE, leftOut: `LEFT OUT: the tests with ${name}. ${why}` };
  }
}
