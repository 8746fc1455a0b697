import { delimiter } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SYSTEM_PARTS, findOptionalPart, findSystemPart } from '../system-parts.mjs';

type Host = NonNullable<Parameters<typeof findSystemPart>[2]>;

/** A machine made of paths that run; what a command brings along appears when it is called. */
function machine(options: {
  programs?: string[];
  env?: Record<string, string>;
  playwright?: string;
  root?: boolean;
  brings?: Record<string, string>;
}) {
  const programs = new Set(options.programs);
  const calls: string[] = [];
  const host: Host = {
    env: { PATH: ['/usr/local/bin', '/usr/bin'].join(delimiter), ...options.env },
    debianRoot: options.root ?? false,
    executable: (path) => programs.has(path),
    succeeds: (command, args) => {
      if (args[0] === '--version') return Promise.resolve(programs.has(command));
      const call = [command.split('/').pop(), ...args].join(' ');
      calls.push(call);
      const brought = options.brings?.[call];
      if (brought !== undefined) programs.add(brought);
      return Promise.resolve(call === 'apt-get update' || brought !== undefined);
    },
    playwrightPath: () => Promise.resolve(options.playwright),
    withoutServices: async (act) => {
      calls.push('no services');
      const result = await act();
      calls.push('services');
      return result;
    },
    log: () => undefined,
  };
  return { calls, find: () => findSystemPart('Chromium', SYSTEM_PARTS.chromium, host) };
}

const APT = 'apt-get install -y --no-install-recommends chromium';

describe('S184: the tests find a Chromium, or say what to do', () => {
  test('the environment variable wins', async () => {
    const { find } = machine({
      env: { PEERPIGEON_CHROMIUM: '/opt/chrome' },
      programs: ['/opt/chrome', '/usr/bin/chromium'],
    });
    expect(await find()).toBe('/opt/chrome');
  });

  test('a wrong environment variable is an error, not a reason to look elsewhere', async () => {
    const { find } = machine({ env: { PEERPIGEON_CHROMIUM: '/opt/nothing' }, programs: ['/usr/bin/chromium'] });
    await expect(find()).rejects.toThrow(/PEERPIGEON_CHROMIUM is \/opt\/nothing/);
  });

  test('then Playwright’s own, then the PATH in the order of the names', async () => {
    const programs = ['/cache/chrome', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];
    expect(await machine({ programs, playwright: '/cache/chrome' }).find()).toBe('/cache/chrome');
    expect(await machine({ programs, playwright: '/cache/other' }).find()).toBe('/usr/bin/chromium-browser');
  });

  test('nothing there: Playwright’s download comes before apt-get', async () => {
    const { calls, find } = machine({
      playwright: '/cache/chrome',
      root: true,
      brings: { 'playwright install chromium': '/cache/chrome' },
    });
    expect(await find()).toBe('/cache/chrome');
    expect(calls).toEqual(['playwright install chromium']);
  });

  test('the download fails: root on Debian installs the package, which starts no service', async () => {
    const { calls, find } = machine({
      playwright: '/cache/chrome',
      root: true,
      brings: { [APT]: '/usr/bin/chromium' },
    });
    expect(await find()).toBe('/usr/bin/chromium');
    expect(calls).toEqual(['playwright install chromium', 'apt-get update', 'no services', APT, 'services']);
  });

  test('without root there is no apt-get, and the error says what to do', async () => {
    const { calls, find } = machine({});
    await expect(find()).rejects.toThrow(/apt-get install chromium.*PEERPIGEON_CHROMIUM/);
    expect(calls).toEqual(['playwright install chromium']);
  });

  test('a part that Playwright does not have follows the same rule', async () => {
    expect(await findSystemPart('coturn', SYSTEM_PARTS.coturn, bare({ programs: ['/usr/bin/turnserver'] }))).toBe(
      '/usr/bin/turnserver',
    );
  });
});

/** A machine with a PATH and nothing to install from. */
function bare({ programs = [], env = {} }: { programs?: string[]; env?: Record<string, string> }): Host {
  return {
    env: { PATH: '/usr/bin', ...env },
    debianRoot: false,
    executable: (path) => programs.includes(path),
    succeeds: () => Promise.resolve(true),
    playwrightPath: () => Promise.reject(new Error('not asked')),
    withoutServices: (act) => act(),
    log: () => undefined,
  };
}

describe('S184: tests without an optional part are left out, and it is said so', () => {
  const programs = ['/usr/bin/firefox'];

  test('there is one: its path', async () => {
    const found = await findOptionalPart('Firefox', SYSTEM_PARTS.firefox, bare({ programs }));
    expect(found).toEqual({ path: '/usr/bin/firefox' });
  });

  test('there is none: what is left out, and what to do', async () => {
    const { path, leftOut } = await findOptionalPart('Firefox', SYSTEM_PARTS.firefox, bare({}));
    expect(path).toBe('none');
    expect(leftOut).toMatch(/^LEFT OUT: the tests with Firefox\..*apt-get install firefox-esr.*PEERPIGEON_FIREFOX/);
  });

  test('nobody wants it: it is not looked for, and that is said too', async () => {
    const host = bare({ programs, env: { PEERPIGEON_FIREFOX: 'none' } });
    const { path, leftOut } = await findOptionalPart('Firefox', SYSTEM_PARTS.firefox, host);
    expect(path).toBe('none');
    expect(leftOut).toContain('PEERPIGEON_FIREFOX is none');
  });

  test('in CI nothing is left out', async () => {
    const missing = findOptionalPart('Firefox', SYSTEM_PARTS.firefox, bare({ env: { CI: 'true' } }));
    await expect(missing).rejects.toThrow(/No Firefox found/);
    const unwanted = bare({ programs, env: { CI: '1', PEERPIGEON_FIREFOX: 'none' } });
    await expect(findOptionalPart('Firefox', SYSTEM_PARTS.firefox, unwanted)).rejects.toThrow(/is none/);
  });
});
