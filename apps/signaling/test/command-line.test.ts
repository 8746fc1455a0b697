import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_OPTIONS, OPTION_NAMES, PeerPigeonServer } from '@peerpigeon/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Environment, explain, readCommandLine } from '../src/command-line.js';
import { configurationText, helpText } from '../src/manual.js';
import { serverOptions, SETTINGS } from '../src/settings.js';

const SECRET = 'a secret that nobody but the operator may see';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerpigeon-signaling-'));
  writeFileSync(join(folder, 'secret'), `${SECRET}\n`);
});

afterAll(() => rmSync(folder, { recursive: true }));

function optionsFrom(args: readonly string[], environment: Environment = {}): object {
  return serverOptions(readCommandLine(args, environment).settings);
}

/** What the process says when it does not start. */
function complaint(args: readonly string[], environment: Environment = {}): string {
  try {
    const { settings } = readCommandLine(args, environment);
    try {
      new PeerPigeonServer(serverOptions(settings)).getStats();
    } catch (error) {
      return explain(error as Error, settings);
    }
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

describe('S152, S153: options from the environment and from flags', () => {
  test('each option has a variable and a flag of the same name', () => {
    const names = Object.fromEntries(SETTINGS.map(({ name, variable, flag }) => [name, [variable, flag]]));
    expect(names).toMatchObject({
      port: ['PORT', 'port'],
      host: ['HOST', 'host'],
      maxConnections: ['MAX_CONNECTIONS', 'max-connections'],
      cleanupInterval: ['CLEANUP_INTERVAL', 'cleanup-interval'],
      peerTimeout: ['PEER_TIMEOUT', 'peer-timeout'],
      corsOrigin: ['CORS_ORIGIN', 'cors-origin'],
      maxMessageSize: ['MAX_MESSAGE_SIZE', 'max-message-size'],
      jwksUrl: ['JWKS_URL', 'jwks-url'],
      logLevel: ['LOG_LEVEL', 'log-level'],
    });
    expect(Object.keys(names)).toEqual(expect.arrayContaining([...OPTION_NAMES]));
  });

  test('every option of the server is taken by its variable and by its flag, and the flag counts', () => {
    for (const { name, variable, flag, description } of SETTINGS) {
      if (!(OPTION_NAMES as readonly string[]).includes(name)) continue;
      const { value, range } = description;
      if (typeof value === 'boolean') {
        expect(optionsFrom([], { [variable]: String(!value) })).toEqual({ [name]: !value });
        expect(optionsFrom([`--${flag}`], { [variable]: 'false' })).toEqual({ [name]: true });
        expect(optionsFrom([`--no-${flag}`], { [variable]: 'true' })).toEqual({ [name]: false });
        continue;
      }
      const [one, other] = typeof value === 'number' ? [range?.[1] ?? 1, value] : ['https://one.example', 'other'];
      expect(optionsFrom([], { [variable]: ` ${one} ` })).toEqual({ [name]: one });
      expect(optionsFrom([`--${flag}`, String(other)], { [variable]: String(one) })).toEqual({ [name]: other });
      expect(optionsFrom([`--${flag}=${other}`])).toEqual({ [name]: other });
    }
  });

  test('what is unset or empty is left to the server', () => {
    expect(optionsFrom([], { PORT: '', HOST: undefined, PATH: '/bin' })).toEqual({});
    expect(readCommandLine([], {}).command).toBe('start');
  });

  test.each([
    [[], { PORT: 'abc' }, 'PORT is wrong: port: expected a whole number, got "abc"'],
    [[], { PORT: '-1' }, 'PORT is wrong: port: expected a whole number, got "-1"'],
    [[], { PORT: '65536' }, 'PORT is wrong: port: expected an integer from 0 to 65535, got 65536'],
    [['--port', '65536'], { PORT: '1' }, '--port is wrong: port: expected an integer from 0 to 65535, got 65536'],
    [[], { PEER_TIMEOUT: '1e5' }, 'PEER_TIMEOUT is wrong: peerTimeout: expected a whole number, got "1e5"'],
    [[], { MESSAGE_RATE: 'fast' }, 'MESSAGE_RATE is wrong: messageRate: expected a number, got "fast"'],
    [[], { CORS_ORIGIN: 'example.org' }, 'CORS_ORIGIN is wrong: corsOrigin: expected * or origins'],
    [[], { METRICS: 'perhaps' }, 'METRICS is wrong: metrics: expected true or false, got "perhaps"'],
    [['--log-level', 'loud'], {}, '--log-level is wrong: logLevel: expected one of fatal, error'],
    [['--max-connection', '7'], {}, "Unknown option '--max-connection' (--help lists all)"],
    [['7'], {}, "Unexpected argument '7'"],
    [['--port'], {}, "Option '--port <value>' argument missing"],
    [['--metrics=no'], {}, "Option '--metrics' does not take an argument"],
    [['--port-file', 'x'], {}, "Unknown option '--port-file'"],
  ])('%j %j: the message names what is wrong', (args, environment, text) => {
    expect(complaint(args, environment)).toContain(text);
  });
});

describe('secrets', () => {
  test('stand in files, named by a variable or a flag', () => {
    const file = join(folder, 'secret');
    expect(optionsFrom([], { JWT_SECRET_FILE: file })).toEqual({ jwtSecret: SECRET });
    expect(optionsFrom(['--jwt-secret-file', file], { JWT_SECRET: 'other' })).toEqual({ jwtSecret: SECRET });
    expect(optionsFrom([], { JWT_PUBLIC_KEY_FILE: file })).toEqual({ jwtPublicKey: SECRET });
  });

  test.each([
    [[], { TURN_SECRET: SECRET, TURN_SECRET_FILE: '/x' }, 'TURN_SECRET and TURN_SECRET_FILE: expected one of them'],
    [['--turn-secret', SECRET, '--turn-secret-file', '/x'], {}, '--turn-secret and --turn-secret-file: expected one'],
    [[], { TURN_SECRET_FILE: '/nowhere/at/all' }, 'TURN_SECRET_FILE is wrong: ENOENT'],
    [[], { JWT_SECRET: 'too short' }, 'JWT_SECRET is wrong: jwtSecret'],
  ])('%j %j: what is wrong with them is said without them', (args, environment, text) => {
    const said = complaint(args, environment);
    expect(said).toContain(text);
    expect(said).not.toContain(SECRET);
    expect(said).not.toContain('too short');
  });

  test('are masked in what --check prints', () => {
    const { command, settings } = readCommandLine(['--check', '--metrics-token', SECRET], {
      TURN_SECRET: SECRET,
      JWT_SECRET_FILE: join(folder, 'secret'),
    });
    const text = configurationText(settings);
    expect(command).toBe('check');
    expect(text).not.toContain(SECRET);
    expect(text).toMatch(/^METRICS_TOKEN=\*{8} +# --metrics-token$/m);
    expect(text).toMatch(/^TURN_SECRET=\*{8} +# TURN_SECRET$/m);
    expect(text).toMatch(/^JWT_SECRET=\*{8} +# JWT_SECRET_FILE$/m);
  });
});

describe('what it prints', () => {
  test('--help names every flag and variable, its default and unit, whatever else is told', () => {
    expect(readCommandLine(['--help'], { PORT: 'nonsense' }).command).toBe('help');
    expect(readCommandLine(['-h'], {}).command).toBe('help');
    const help = helpText();
    for (const { flag, variable } of SETTINGS) expect(help).toContain(`  --${flag}  ${variable}`);
    expect(help).toMatch(/--max-message-size {2}MAX_MESSAGE_SIZE\n.*\n? *.*Default: 1048576 bytes/);
    expect(help).toContain('JWT_SECRET_FILE');
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(140);
  });

  test('--check tells every value in force and where it comes from, as a file of variables', () => {
    const { settings } = readCommandLine(['--check', '--port=8080'], { HOST: '0.0.0.0', CORS_ORIGIN: 'https://a b' });
    const text = configurationText(settings);
    expect(text).toMatch(/^PORT=8080 +# --port$/m);
    expect(text).toMatch(/^HOST=0\.0\.0\.0 +# HOST$/m);
    expect(text).toMatch(/^CORS_ORIGIN="https:\/\/a b" +# CORS_ORIGIN$/m);
    expect(text).toMatch(new RegExp(`^PEER_TIMEOUT=${DEFAULT_OPTIONS.peerTimeout} +# default$`, 'm'));
    expect(text.split('\n')).toHaveLength(SETTINGS.length);
  });

  test('--version', () => {
    expect(readCommandLine(['--version', '--port', 'x'], {}).command).toBe('version');
  });
});
