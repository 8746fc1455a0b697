/** `npm start`: the signaling server alone. PORT (3000), HOST (localhost) and its other options come from the environment. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isTaken, portFrom, takenMessage } from './ports.mjs';
import { ROOT, exitOnSignal, run } from './process.mjs';
import { build, installIfNeeded, nodeComplaint } from './workspace.mjs';

async function main() {
  const complaint = nodeComplaint();
  if (complaint !== undefined) throw new Error(complaint);
  const port = portFrom('PORT', 3000, 0);
  if (await isTaken(process.env['HOST'] ?? 'localhost', port)) throw new Error(takenMessage('PORT', port, 'npm start'));

  await installIfNeeded();
  const { code } = await build(['@peerpigeon/signaling-app']);
  const app = join(ROOT, 'apps', 'signaling', 'dist', 'main.js');
  if (code !== 0 || !existsSync(app)) throw new Error('Building the signaling server failed.');
  return (await run(process.execPath, [app])).code;
}

exitOnSignal(0);
main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
