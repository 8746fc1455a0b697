import { type Settings, textOf } from './settings.js';

/** Longer than a busy server takes; container engines give up after some seconds, too. */
const TIMEOUT_MS = 4_000;

/** Where a server that listens on every interface is reached from its own machine. */
const LOCAL: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Asks the server that runs with these settings on this machine, as a container's health check does without a shell.
 * @throws {Error} that says why it is not well
 */
export async function checkHealth(settings: Settings): Promise<void> {
  const host = textOf(settings, 'host');
  const address = LOCAL[host] ?? host;
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${textOf(settings, 'port')}/health`;
  let service: unknown;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    ({ service } = (await answer.json()) as { readonly service?: unknown });
  } catch (error) {
    const { cause, message } = error as Error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  }
  if (service !== 'peerpigeon') throw new Error(`${url}: another program answers there`);
}
