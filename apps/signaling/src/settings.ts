import { OPTION_DESCRIPTIONS, OPTION_NAMES, type OptionDescription, type ServerOptions } from '@peerpigeon/server';

/** One thing that the process can be told, by a flag or a variable of the environment. */
export interface Setting {
  /** In camel case, as options are named. */
  readonly name: string;
  /** `MAX_CONNECTIONS`. */
  readonly variable: string;
  /** `max-connections`. */
  readonly flag: string;
  readonly description: OptionDescription;
  /** The only values that it may have. */
  readonly choices?: readonly string[];
}

/** What has been told, and by what: a flag, a variable, or nothing, then its default. */
export interface Told {
  readonly value: number | string | boolean;
  /** `--port`, `PORT`, `JWT_SECRET_FILE`; undefined: the default. */
  readonly from: string | undefined;
}

/** By the name of the setting. */
export type Settings = ReadonlyMap<string, Told>;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;

/** What the process itself takes, beside the server's options. */
const OWN: readonly Setting[] = [
  setting('logLevel', { value: 'info', text: 'The least serious lines that are logged' }, LOG_LEVELS),
  setting(
    'logFormat',
    { value: 'auto', text: 'How they are written; auto: pretty on a terminal, else json' },
    LOG_FORMATS,
  ),
];

/** Everything that can be told, in the order of the help. */
export const SETTINGS: readonly Setting[] = [
  ...OPTION_NAMES.map((name) => setting(name, OPTION_DESCRIPTIONS[name])),
  ...OWN,
];

/** What tells a setting by the name of a file that holds its value. */
export const FILE_SUFFIX = '_FILE';

/** Whether a setting may stand in a file: texts may, since secrets and keys are kept so. */
export function mayStandInFile({ description }: Setting): boolean {
  return typeof description.value === 'string';
}

/** The options of the server among the settings; those that nobody told are left to its defaults. */
export function serverOptions(settings: Settings): Partial<ServerOptions> {
  const told = OPTION_NAMES.flatMap((name) => {
    const { value, from } = settings.get(name) ?? {};
    return from === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(told) as Partial<ServerOptions>;
}

/** A text that has been told, or the default of its setting. */
export function textOf(settings: Settings, name: string): string {
  return String(settings.get(name)?.value ?? '');
}

function setting(name: string, description: OptionDescription, choices?: readonly string[]): Setting {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  const flag = words.toLowerCase().replaceAll('_', '-');
  return { name, variable: words, flag, description, ...(choices && { choices }) };
}
