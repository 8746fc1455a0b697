import { FILE_SUFFIX, type Setting, SETTINGS, type Settings, type Told } from './settings.js';

const INDENT = 6;
const WIDTH = 100;
const MASK = '********';

const INTRODUCTION = `The PeerPigeon signaling server: peers meet here, and make their first links through it.

  peerpigeon-signaling [--option value]…

Every option is a flag or a variable of the environment; of the two the flag counts. Those that are true or false need no value:
--require-origin, --no-metrics. What is a text may stand in a file: --jwt-secret-file PATH, or JWT_SECRET_FILE=PATH.

  -h, --help    this text
  --version     the version
  --check       prints the options in force, secrets masked, and ends: with 1 if one is wrong
  --health      asks the server that runs with these options how it is, and ends: with 1 unless it is well
`;

const SIGNALS = `
SIGTERM has every client reconnect elsewhere within DRAIN_TIME, then ends with 0; a second signal ends it at once. SIGINT closes all
connections and ends with 0 within about a second.`;

/** What `--help` prints. */
export function helpText(): string {
  return [INTRODUCTION, ...SETTINGS.map(entryOf), SIGNALS].join('\n');
}

function entryOf({ flag, variable, description, choices }: Setting): string {
  const { value, unit, text, range, secret } = description;
  const of = choices === undefined ? '' : ` (${choices.join(', ')})`;
  const from = range === undefined ? '' : `, ${range[0]} to ${range[1]}`;
  const preset = value === '' ? 'none' : `${String(value)}${unit === undefined ? '' : ` ${unit}`}`;
  const head = `  --${flag}  ${variable}${secret ? `, ${variable}${FILE_SUFFIX}` : ''}`;
  return [head, ...wrapped(`${text}${of}. Default: ${preset}${from}`)].join('\n');
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > WIDTH - INDENT) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => ' '.repeat(INDENT) + each);
}

/** What `--check` prints: the settings in force as a file of variables, each with where it comes from. */
export function configurationText(settings: Settings): string {
  const lines = SETTINGS.map((setting) => {
    const { value, from } = settings.get(setting.name) as Told;
    return [`${setting.variable}=${shown(setting, value)}`, from ?? 'default'] as const;
  });
  const column = Math.min(40, Math.max(...lines.map(([text]) => text.length)));
  return lines.map(([text, from]) => `${text.padEnd(column)}  # ${from}`).join('\n');
}

function shown({ description }: Setting, value: Told['value']): string {
  if (description.secret) return value === '' ? '' : MASK;
  const text = String(value);
  return /[\s#"']/.test(text) ? JSON.stringify(text) : text;
}
