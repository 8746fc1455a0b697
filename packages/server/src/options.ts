/** How a server is made; every field has a default. */
export interface ServerOptions {
  /** TCP port, 0 to 65535; 0 takes a free one, which `start()` reports. Default 3000 (S131). */
  readonly port: number;
  /** Interface to listen on. Default `localhost`; `0.0.0.0` makes the server reachable from outside (S132). */
  readonly host: string;
  /** Connections at most; one more is closed with 4503. Default 1,000 (S133). */
  readonly maxConnections: number;
  /** How often silent connections are looked for, in ms. Default 60,000 (S134). */
  readonly cleanupInterval: number;
  /** A connection without a sign of life for this long, in ms, is closed with 4408. Default 300,000 (S135). */
  readonly peerTimeout: number;
  /**
   * `*` (default), or the origins that may use the server, separated by commas: HTTP answers allow these alone, and
   * WebSockets of pages from elsewhere are closed with 4403. Programs without an origin may always connect (S136).
   */
  readonly corsOrigin: string;
  /** Largest message in bytes; a larger one closes its connection with 1009. Default 1 MiB (S137). */
  readonly maxMessageSize: number;
}

/** The README's defaults. */
export const DEFAULT_OPTIONS: ServerOptions = {
  port: 3000,
  host: 'localhost',
  maxConnections: 1000,
  cleanupInterval: 60_000,
  peerTimeout: 300_000,
  corsOrigin: '*',
  maxMessageSize: 1024 * 1024,
};

/** Longest delay that a timer of the platform takes: 2³¹ − 1 ms. */
const MAX_DELAY_MS = 2_147_483_647;

/** Smallest and largest value of each number. An answer to `announce` alone takes some kilobytes. */
const RANGES = {
  port: [0, 65_535],
  maxConnections: [1, 10_000_000],
  cleanupInterval: [10, MAX_DELAY_MS],
  peerTimeout: [100, MAX_DELAY_MS],
  maxMessageSize: [1024, 512 * 1024 * 1024],
} as const satisfies Partial<Record<keyof ServerOptions, readonly [number, number]>>;

/** The names of the options, for those who read them from elsewhere. */
export const OPTION_NAMES = Object.keys(DEFAULT_OPTIONS) as readonly (keyof ServerOptions)[];

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
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value: unknown = checked[name as keyof typeof RANGES];
    if (typeof value !== 'number') throw new TypeError(`${name}: expected a number, got ${typeof value}`);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`${name}: expected an integer from ${min} to ${max}, got ${value}`);
    }
  }
  for (const name of ['host', 'corsOrigin'] as const) {
    const value: unknown = checked[name];
    if (typeof value !== 'string') throw new TypeError(`${name}: expected a string, got ${typeof value}`);
    if (value.trim() === '') throw new RangeError(`${name}: expected a name, got an empty string`);
  }
  allowedOrigins(checked.corsOrigin);
  return checked;
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
