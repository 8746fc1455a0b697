/**
 * `npm run dev`: the signaling server on ws://localhost:3000 (PORT) and the demo on http://localhost:8080 (DEMO_PORT).
 * A signaling server that already listens on PORT is used instead of a second one.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSignalingServer, isTaken, portFrom, takenMessage, urlHost } from './ports.mjs';
import { ROOT, endChildren, exitOnSignal, start } from './process.mjs';
import { build, installIfNeeded, nodeComplaint } from './workspace.mjs';

const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 100;
const DEMO = join(ROOT, 'apps', 'demo');

/**
 * Waits until a started program answers.
 * @param {string} what
 * @param {Promise<import('./process.mjs').Result>} ended
 * @param {() => Promise<boolean>} answers
 */
async function ready(what, ended, answers) {
  let gone = false;
  void ended.then(() => (gone = true));
  const until = Date.now() + READY_TIMEOUT_MS;
  while (!(await answers())) {
    if (gone) throw new Error(`${what} ended before it was ready; its own message stands above.`);
    if (Date.now() > until) throw new Error(`${what} did not answer within ${READY_TIMEOUT_MS / 1000} s.`);
    await delay(POLL_MS);
  }
}

async function main() {
  const complaint = nodeComplaint();
  if (complaint !== undefined) throw new Error(complaint);
  const port = portFrom('PORT', 3000);
  const demoPort = portFrom('DEMO_PORT', 8080);
  const host = process.env['HOST'] ?? 'localhost';
  if (port === demoPort) throw new Error(`PORT and DEMO_PORT are both ${port}; set DEMO_PORT to another port.`);

  const taken = await isTaken(host, port);
  if (taken && !(await isSignalingServer(host, port))) {
    throw new Error(
      `${takenMessage('PORT', port, 'npm run dev')} (What listens there is no PeerPigeon signaling server.)`,
    );
  }
  if (await isTaken('localhost', demoPort)) throw new Error(takenMessage('DEMO_PORT', demoPort, 'npm run dev'));

  await installIfNeeded();
  const { code } = await build([...(taken ? [] : ['@peerpigeon/signaling']), '@peerpigeon/demo-app^...']);
  if (code !== 0) throw new Error('The build failed.');

  const running = [];
  if (!taken) {
    const app = join(ROOT, 'apps', 'signaling', 'dist', 'main.js');
    const { ended } = start(process.execPath, [app], { env: { PORT: String(port), HOST: host, DRAIN_TIME: '500' } });
    running.push(ended.then(() => 'The signaling server'));
    await ready('The signaling server', ended, () => isSignalingServer(host, port));
  }
  const signalingUrl = `ws://${urlHost(host)}:${port}`;
  const vite = join(DEMO, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite)) throw new Error(`Vite is not installed for the demo (${vite} is missing).`);
  const { ended } = start(
    process.execPath,
    [vite, '--host', 'localhost', '--port', String(demoPort), '--strictPort', '--logLevel', 'warn'],
    { cwd: DEMO, env: { VITE_SIGNALING_URL: signalingUrl } },
  );
  running.push(ended.then(() => 'The demo'));
  await ready('The demo', ended, () => isTaken('localhost', demoPort));

  console.log(`\n  Signaling  ${signalingUrl}${taken ? '  (was running already)' : ''}`);
  console.log(`  Demo       http://localhost:${demoPort}/\n\n  Ctrl-C ends both.\n`);

  const first = await Promise.race(running);
  throw new Error(`${first} ended.`);
}

exitOnSignal(0);
main().catch(async (error) => {
  console.error(error instanceof Error ? error.message : error);
  await endChildren();
  process.exit(1);
});
