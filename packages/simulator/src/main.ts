import { closeSync, openSync, writeSync } from 'node:fs';
import { HELP, UsageError, parseCommand } from './arguments.js';
import type { Command } from './arguments.js';
import { dumpLines } from './dump.js';
import { report, table } from './report.js';
import { runScenario } from './scenario.js';
import { PEERPIGEON } from './stack.js';

/** What the command needs of its process. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  /** Real milliseconds, monotonic. */
  now(): number;
}

/** 0 done; 1 the dump cannot be written; 2 the command line is wrong. */
export type ExitCode = 0 | 1 | 2;

const CHUNK_LENGTH = 1 << 20;

/** Carries out a command line. */
export function main(args: readonly string[], terminal: Terminal): ExitCode {
  let command: Command;
  try {
    command = parseCommand(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.error(`sim: ${error.message}\nTry: pnpm -s sim --help\n`);
    return 2;
  }
  if (command.type === 'help') {
    terminal.out(HELP);
    return 0;
  }
  return command.dump === undefined ? run(command, terminal) : runWithDump(command, command.dump, terminal);
}

function run({ scenario, request, json }: Command & { type: 'run' }, terminal: Terminal, dump?: number): ExitCode {
  const started = terminal.now();
  const { run: finished, results } = runScenario(scenario, request, PEERPIGEON);
  const wallMs = Math.round(terminal.now() - started);
  const { peers, maxPeers, seed } = request;
  const shown = report({ scenario, peers, maxPeers, seed, wallMs }, results);
  if (dump !== undefined) writeDump(dump, dumpLines(finished.recorder.journal, finished.dht.journal));
  terminal.out(json ? `${JSON.stringify(shown)}\n` : table(shown));
  for (const [what, times] of finished.network.violations) terminal.error(`sim: ${times} × violation, ${what}\n`);
  return 0;
}

/** Opens the file first: a long run must not end in a path that cannot be written. */
function runWithDump(command: Command & { type: 'run' }, path: string, terminal: Terminal): ExitCode {
  let file: number;
  try {
    file = openSync(path, 'w');
  } catch (error) {
    terminal.error(`sim: --dump: ${(error as Error).message}\n`);
    return 1;
  }
  try {
    return run(command, terminal, file);
  } finally {
    closeSync(file);
  }
}

function writeDump(file: number, lines: Iterable<string>): void {
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK_LENGTH) continue;
    writeSync(file, chunk);
    chunk = '';
  }
  writeSync(file, chunk);
}
