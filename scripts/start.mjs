/**
 * `npm start`: the signaling server alone. Its options come from the environment, PORT (3000) and HOST (localhost)
 * among them, or as flags: `npm start -- --max-connections 5000`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isTaken, portFrom, takenMessage } from './ports.mjs';
import { ROOT, exitOnSignal, run } from './process.mjs';
import { build, installIfNeeded, nodeComplaint } from './workspace.mjs';

/** DRAIN_TIME by default, which SIGTERM takes, and some. */
const STOP_MS = 30_000;

async function main() {
  const complaint = nodeComplaint();
  if (complaint !== undefined) throw new Error(complaint);
  const args = process.argv.slice(2);
  // Said before the build; flags may name another port, and then the server says it.
  const port = portFrom('PORT', 3000, 0);
  const isOurs = args.length === 0 && port !== 0;
  if (isOurs && (await isTaken(process.env['HOST'] ?? 'localhost', port))) {
    throw new Error(takenMessage('PORT', port, 'npm start'));
  }

  await installIfNeeded();
  const { code } = await build(['@peerpigeon/signaling']);
  const app = join(ROOT, 'apps', 'signaling', 'dist', 'main.js');
  if (code !== 0 || !existsSync(app)) throw new Error('Building the signaling server failed.');
  return (await run(process.execPath, [app, ...args])).code;
}

exitOnSignal(0, { passOn: true, graceMs: STOP_MS });
main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
