import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { PeerPigeonError } from '@peerpigeon/core';
import { PeerPigeonServer } from '@peerpigeon/server';
import { type CommandLine, explain, explainStart, readCommandLine } from './command-line.js';
import { checkHealth } from './health.js';
import { createLog, type Logger, logEvents } from './log.js';
import { configurationText, helpText } from './manual.js';
import { redisBackplane } from './redis.js';
import { serverOptions, type Settings } from './settings.js';

/** Ends the process with a sentence for a person. */
function fail(message: string): never {
  console.error(`peerpigeon: ${message}`);
  process.exit(1);
}

function readAll(args: readonly string[]): CommandLine {
  try {
    return readCommandLine(args, process.env);
  } catch (error) {
    return fail((error as Error).message);
  }
}

async function createServer(settings: Settings): Promise<PeerPigeonServer> {
  const options = serverOptions(settings);
  try {
    const server = new PeerPigeonServer(options);
    if (options.redisUrl === undefined) return server;
    const { redisUrl, redisPrefix, ...others } = options;
    return new PeerPigeonServer({ ...others, backplane: await redisBackplane(redisUrl, redisPrefix) });
  } catch (error) {
    return fail(explain(error as Error, settings));
  }
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

/**
 * SIGTERM drains, SIGINT stops; a second signal ends the process at once. Only SIGINT after SIGINT changes nothing: a terminal sends it
 * to everybody and npm passes it on, so that it often comes twice, and the stop is prompt.
 */
function endOnSignals(server: PeerPigeonServer, log: Logger): void {
  let first: NodeJS.Signals | undefined;
  const end = (signal: NodeJS.Signals): void => {
    if (first === 'SIGINT' && signal === 'SIGINT') return;
    if (first !== undefined) {
      log.warn({ signal }, 'ended at once');
      process.exit(128 + constants.signals[signal]);
    }
    first = signal;
    const { connections } = server.getStats();
    log.info({ signal, connections }, signal === 'SIGTERM' ? 'draining' : 'stopping');
    void (signal === 'SIGTERM' ? server.drain() : server.stop()).then(() => {
      log.info('stopped');
      process.exit(0);
    });
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

async function serve(settings: Settings): Promise<void> {
  const server = await createServer(settings);
  const log = createLog(settings);
  logEvents(server, log);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'bug');
    process.exit(1);
  });
  endOnSignals(server, log);
  try {
    const { url, host, port } = await server.start();
    log.info({ url, host, port, version: version(), node: process.version }, 'listening');
  } catch (error) {
    if (error instanceof PeerPigeonError && error.code === 'ADDRESS_IN_USE') {
      fail(`${error.message}. Set PORT to another one, or end what listens there.`);
    }
    fail(explainStart(error as NodeJS.ErrnoException, settings));
  }
}

/** The command: does what its arguments and the environment say. */
export async function run(args: readonly string[]): Promise<void> {
  const { command, settings } = readAll(args);
  switch (command) {
    case 'help':
      return console.log(helpText());
    case 'version':
      return console.log(version());
    case 'check':
      await createServer(settings);
      return console.log(configurationText(settings));
    case 'health':
      return checkHealth(settings).catch((error: unknown) => fail((error as Error).message));
    case 'start':
      return serve(settings);
  }
}
