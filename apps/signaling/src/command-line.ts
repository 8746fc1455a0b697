import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FILE_SUFFIX, mayStandInFile, type Setting, SETTINGS, type Settings, type Told } from './settings.js';

/** What the process is to do. */
export type Command = 'start' | 'check' | 'health' | 'help' | 'version';

/** A command line and its environment, read. */
export interface CommandLine {
  readonly command: Command;
  readonly settings: Settings;
}

/** Variables by their name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const FILE_FLAG = '-file';
const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];

/**
 * Reads flags and variables; of the two the flag counts. An empty variable is none.
 * @throws {Error} that names the flag or variable that is wrong; secrets are not in it
 */
export function readCommandLine(args: readonly string[], environment: Environment): CommandLine {
  const flags = readFlags(args);
  const command = (['help', 'version', 'check', 'health'] as const).find((name) => flags.get(name) === true) ?? 'start';
  const settings = new Map<string, Told>();
  // Who asks for help may have told anything.
  if (command === 'help' || command === 'version') return { command, settings };
  for (const setting of SETTINGS) settings.set(setting.name, told(setting, flags, environment));
  return { command, settings };
}

type Flags = ReadonlyMap<string, string | boolean>;

function readFlags(args: readonly string[]): Flags {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
    check: { type: 'boolean' },
    health: { type: 'boolean' },
  };
  for (const setting of SETTINGS) {
    const { flag, description } = setting;
    options[flag] = { type: typeof description.value === 'boolean' ? 'boolean' : 'string' };
    if (mayStandInFile(setting)) options[flag + FILE_FLAG] = { type: 'string' };
  }
  try {
    const { values } = parseArgs({ args: [...args], options, allowNegative: true });
    return new Map(Object.entries(values as Record<string, string | boolean>));
  } catch (error) {
    // Node's sentences: which flag is unknown, wants a value, or has one too many. A hint about `--` may follow the first.
    const [sentence] = (error as Error).message.split(/[.'] (?=To specify)/, 1);
    throw new Error(`${sentence} (--help lists all)`, { cause: error });
  }
}

function told(setting: Setting, flags: Flags, environment: Environment): Told {
  const { variable, flag, description } = setting;
  const file = (name: string): string | undefined => (mayStandInFile(setting) ? environment[name]?.trim() : undefined);
  return (
    either(setting, `--${flag}`, flags.get(flag), flags.get(flag + FILE_FLAG), FILE_FLAG) ??
    either(setting, variable, environment[variable]?.trim(), file(variable + FILE_SUFFIX), FILE_SUFFIX) ?? {
      value: description.value,
      from: undefined,
    }
  );
}

/** A setting by its value or by the name of a file with it, of which one alone may be given; undefined if neither is. */
function either(
  setting: Setting,
  name: string,
  value: string | boolean | undefined,
  path: string | boolean | undefined,
  suffix: string,
): Told | undefined {
  const from = name + suffix;
  if (isGiven(value) && isGiven(path)) throw new Error(`${name} and ${from}: expected one of them`);
  if (typeof value === 'boolean') return { value, from: name };
  if (typeof value === 'string' && value !== '') return { value: parse(setting, value, name), from: name };
  if (typeof path === 'string' && path !== '') return { value: parse(setting, contentOf(from, path), from), from };
  return undefined;
}

function isGiven(text: string | boolean | undefined): boolean {
  return text !== undefined && text !== '';
}

function contentOf(from: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new Error(`${from} is wrong: ${(error as Error).message}`, { cause: error });
  }
}

function parse({ name, description, choices }: Setting, text: string, from: string): Told['value'] {
  const fail = (expected: string): never => {
    const got = description.secret ? '' : `, got ${JSON.stringify(text)}`;
    throw new Error(`${from} is wrong: ${name}: expected ${expected}${got}`);
  };
  if (choices !== undefined) return choices.includes(text) ? text : fail(`one of ${choices.join(', ')}`);
  switch (typeof description.value) {
    case 'number':
      if (description.fractional) return /^\d+(\.\d+)?$/.test(text) ? Number(text) : fail('a number');
      return /^\d+$/.test(text) ? Number(text) : fail('a whole number');
    case 'boolean':
      if (TRUE.includes(text.toLowerCase())) return true;
      return FALSE.includes(text.toLowerCase()) ? false : fail('true or false');
    default:
      return text;
  }
}

/** What to tell whoever told a setting that the server does not take: by which flag or variable. */
export function explain(error: Error, settings: Settings): string {
  const name = error.message.split(':', 1)[0] ?? '';
  const from = settings.get(name)?.from;
  return from === undefined ? error.message : `${from} is wrong: ${error.message}`;
}

/** Which variable to look at when the system does not let us listen, by the system's error code. */
const BLAME: Readonly<Record<string, string>> = {
  ENOTFOUND: 'host',
  EAI_AGAIN: 'host',
  EADDRNOTAVAIL: 'host',
  EACCES: 'port',
};

/** What to tell whoever started a server that could not listen. */
export function explainStart(
  { code, message }: { readonly code?: string | undefined; readonly message: string },
  settings: Settings,
): string {
  const blamed = SETTINGS.find(({ name }) => name === BLAME[code ?? '']);
  if (blamed === undefined) return message;
  return `${settings.get(blamed.name)?.from ?? blamed.variable} is wrong: ${message}`;
}
