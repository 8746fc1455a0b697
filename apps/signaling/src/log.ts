import type { PeerPigeonServer } from '@peerpigeon/server';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { build as prettyStream } from 'pino-pretty';
import { type Settings, textOf } from './settings.js';

export type { Logger } from 'pino';

/** A log as the settings ask for it, on standard output. Lines are written before the call returns, so that none is lost at the end. */
export function createLog(settings: Settings): Logger {
  const format = textOf(settings, 'logFormat');
  const isPretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY);
  const options = {
    level: textOf(settings, 'logLevel'),
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  return pino(
    options,
    isPretty ? prettyStream({ sync: true, colorize: process.stdout.isTTY }) : pino.destination({ sync: true }),
  );
}

/**
 * Logs what happens at a server. What clients do is told at `debug` alone: there ids are whole, and lines as many as clients like;
 * at `info` no id is logged at all. Figures are at `/metrics`.
 */
export function logEvents(server: PeerPigeonServer, log: Logger): void {
  for (const name of ['peerConnected', 'peerDisconnected', 'peerAnnounced', 'peerGoodbye'] as const) {
    server.on(name, (event) => log.debug(event, name));
  }
  server.on('error', ({ error, peerId }) => {
    const { message, name } = error;
    const code = 'code' in error ? error.code : undefined;
    // A client can cause as many of these as it likes.
    if (peerId !== undefined || isOfClient(code))
      return log.debug({ peerId, name, code, message }, 'client misbehaved');
    log.error({ err: error }, 'error');
  });
}

/** Whether an error came of what an unknown client sent, or of its network: its codes are those of `ws` and of sockets. */
function isOfClient(code: unknown): boolean {
  return typeof code === 'string' && /^(WS_ERR_|ECONNRESET$|EPIPE$|ETIMEDOUT$)/.test(code);
}
