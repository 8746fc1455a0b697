import type { ServerOptions } from '@peerpigeon/server';

/** Which variable sets which option (S152, S153). */
export const VARIABLES = {
  PORT: 'port',
  HOST: 'host',
  MAX_CONNECTIONS: 'maxConnections',
  CLEANUP_INTERVAL: 'cleanupInterval',
  PEER_TIMEOUT: 'peerTimeout',
  CORS_ORIGIN: 'corsOrigin',
  MAX_MESSAGE_SIZE: 'maxMessageSize',
} as const satisfies Record<string, keyof ServerOptions>;

const TEXTS: readonly string[] = ['host', 'corsOrigin'];

/**
 * The options that the environment sets; an unset or empty variable leaves the default. The server checks ranges.
 * @throws {RangeError} when a variable that wants a number holds something else
 */
export function optionsFrom(environment: Readonly<Record<string, string | undefined>>): Partial<ServerOptions> {
  const options: Record<string, string | number> = {};
  for (const [variable, option] of Object.entries(VARIABLES)) {
    const text = environment[variable]?.trim();
    if (text === undefined || text === '') continue;
    if (TEXTS.includes(option)) options[option] = text;
    else if (/^\d+$/.test(text)) options[option] = Number(text);
    else throw new RangeError(`${option}: expected a whole number, got ${JSON.stringify(text)}`);
  }
  return options;
}

/** What to tell whoever set a wrong value: which variable to look at. */
export function explain(error: Error): string {
  const option = error.message.split(':', 1)[0];
  const variable = Object.entries(VARIABLES).find(([, name]) => name === option)?.[0];
  return variable === undefined ? error.message : `${variable} is wrong: ${error.message}`;
}

/** Which variable to look at when the system does not let us listen, by the system's error code. */
const BLAME: Readonly<Record<string, keyof typeof VARIABLES>> = {
  ENOTFOUND: 'HOST',
  EAI_AGAIN: 'HOST',
  EADDRNOTAVAIL: 'HOST',
  EACCES: 'PORT',
};

/** What to tell whoever started a server that could not listen. */
export function explainStart({
  code,
  message,
}: {
  readonly code?: string | undefined;
  readonly message: string;
}): string {
  const variable = BLAME[code ?? ''];
  return variable === undefined ? message : `${variable} is wrong: ${message}`;
}
