import { OPTION_TABLE, type OptionDescription } from './option-table.js';

/** The type of an option whose default is a `Value`. */
type TypeOf<Value> = Value extends number ? number : Value extends boolean ? boolean : string;

/** How a server is made, as flat values; each has a default. {@link OPTION_DESCRIPTIONS} says what each does. */
export type ServerOptions = {
  readonly [Name in keyof typeof OPTION_TABLE]: TypeOf<(typeof OPTION_TABLE)[Name]['value']>;
};

/** What each option does, its default, unit and range. */
export const OPTION_DESCRIPTIONS: Readonly<Record<keyof ServerOptions, OptionDescription>> = OPTION_TABLE;

/** The names of the options, for those who read them from elsewhere. */
export const OPTION_NAMES = Object.keys(OPTION_TABLE) as readonly (keyof ServerOptions)[];

/** The README's defaults, and ours. */
export const DEFAULT_OPTIONS = Object.fromEntries(
  Object.entries(OPTION_TABLE).map(([name, { value }]) => [name, value]),
) as ServerOptions;

/**
 * Fills in defaults, and checks.
 * @throws {TypeError} for a value of the wrong type, or an option that does not exist
 * @throws {RangeError} for a value out of range; both say what was expected and what was got
 */
export function checkOptions(options: Partial<ServerOptions> = {}): ServerOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options: expected an object, got ${options === null ? 'null' : typeof options}`);
  }
  for (const name of Object.keys(options)) {
    if (!(OPTION_NAMES as readonly string[]).includes(name)) {
      throw new TypeError(`options: expected one of ${OPTION_NAMES.join(', ')}, got ${name}`);
    }
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const checked: ServerOptions = { ...DEFAULT_OPTIONS, ...given };
  for (const name of OPTION_NAMES) checkOption(name, OPTION_DESCRIPTIONS[name], checked[name]);
  for (const name of ['host', 'corsOrigin'] as const) {
    if (checked[name].trim() === '') throw new RangeError(`${name}: expected a name, got an empty string`);
  }
  allowedOrigins(checked.corsOrigin);
  return checked;
}

function checkOption(name: string, { value, range, fractional }: OptionDescription, given: unknown): void {
  if (typeof given !== typeof value) {
    throw new TypeError(`${name}: expected a ${typeof value}, got ${given === null ? 'null' : typeof given}`);
  }
  if (typeof given !== 'number' || range === undefined) return;
  const [min, max] = range;
  if ((fractional || Number.isInteger(given)) && given >= min && given <= max) return;
  throw new RangeError(
    `${name}: expected ${fractional ? 'a number' : 'an integer'} from ${min} to ${max}, got ${given}`,
  );
}

/** The entries of a list that is given as one text. */
export function listed(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/**
 * The origins that `corsOrigin` lists, or `*`.
 * @throws {RangeError} when one is not an origin
 */
export function allowedOrigins(corsOrigin: string): '*' | readonly string[] {
  if (corsOrigin.trim() === '*') return '*';
  return corsOrigin.split(',').map((part) => {
    const origin = part.trim();
    // A scheme, a host and perhaps a port, as browsers send it (RFC 6454 §6.2).
    if (!/^[a-z][a-z0-9+.-]*:\/\/[^/\s?#@]+$/i.test(origin)) {
      throw new RangeError(
        `corsOrigin: expected * or origins such as https://example.org, got ${JSON.stringify(origin)}`,
      );
    }
    return origin.toLowerCase();
  });
}
