#!/usr/bin/env node
import { closeSync, openSync, writeSync } from 'node:fs';
import { HELP, UsageError, parseCommand } from './arguments.js';
import type { Command } from './arguments.js';
import { dumpLines } from './dump.js';
import type { Journal } from './journal.js';
import { report, table } from './report.js';
import { runScenario } from './scenario.js';
import { PEERPIGEON } from './stack.js';

const CHUNK_LENGTH = 1 << 20;

/** Exit codes: 0 done, 1 failed, 2 the command line is wrong. */
function main(args: readonly string[]): number {
  let command: Command;
  try {
    command = parseCommand(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`sim: ${error.message}\nTry: pnpm -s sim --help\n`);
    return 2;
  }
  if (command.type === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const { scenario, request, json, dump } = command;
  const started = performance.now();
  const { run, results } = runScenario(scenario, request, PEERPIGEON);
  const wallMs = Math.round(performance.now() - started);
  const { peers, maxPeers, seed } = request;
  const shown = report({ scenario, peers, maxPeers, seed, wallMs }, results);
  if (dump !== undefined) writeDump(dump, run.recorder.journal);
  process.stdout.write(json ? `${JSON.stringify(shown)}\n` : table(shown));
  for (const [what, times] of run.network.violations) process.stderr.write(`sim: ${times} × violation, ${what}\n`);
  return 0;
}

function writeDump(path: string, journal: Journal): void {
  const file = openSync(path, 'w');
  let chunk = '';
  for (const line of dumpLines(journal)) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK_LENGTH) continue;
    writeSync(file, chunk);
    chunk = '';
  }
  writeSync(file, chunk);
  closeSync(file);
}

process.exitCode = main(process.argv.slice(2));
