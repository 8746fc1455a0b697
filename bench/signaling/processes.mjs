import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('server-process.mjs', import.meta.url));
/** Files that Node itself has open, and some to spare. */
const SPARE_FILES = 100;

/**
 * @typedef {object} Answers What a server tells of itself.
 * @property {{ connections: number }} stats
 * @property {Record<string, number>} sizes
 * @property {NodeJS.CpuUsage} cpu
 * @property {{ rss: number, heapUsed: number }} memory
 */

/**
 * @typedef {object} Child A server in its own process.
 * @property {string} url
 * @property {number} pid
 * @property {<Question extends keyof Answers>(question: Question) => Promise<Answers[Question]>} ask
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a server of that kind.
 * @param {'peerpigeon' | 'bare'} kind
 * @param {object} [options] of PeerPigeonServer
 * @returns {Promise<Child>}
 */
export async function startServer(kind, options = {}) {
  const child = fork(SERVER, [kind, JSON.stringify(options)], { execArgv: ['--expose-gc'] });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const waiting = new Map();
  let asked = 0;
  const url = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const error = new Error(`the ${kind} server ended with ${code ?? signal}`);
      reject(error);
      for (const { reject: fail } of waiting.values()) fail(error);
    });
    child.on('message', (message) => {
      if ('url' in message) return resolve(message.url);
      waiting.get(message.id)?.resolve(message.answer);
      waiting.delete(message.id);
    });
  });
  const ask = (question) =>
    new Promise((resolve, reject) => {
      const id = asked++;
      waiting.set(id, { resolve, reject });
      child.send({ id, question });
    });
  return {
    url,
    pid: child.pid,
    ask,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await ask('stop');
      await ended;
      process.removeListener('exit', end);
    },
  };
}

/**
 * Node takes as many files as the hard limit allows; if that is not enough, no figure would be worth anything.
 * @param {number} sockets that one process is to have
 * @throws {Error} that says what to do
 */
export function needFiles(sockets) {
  let limit = Infinity;
  try {
    limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
  } catch {
    // Not Linux: the system will say so itself.
  }
  if (sockets + SPARE_FILES <= limit) return;
  throw new Error(
    `${sockets} sockets need more than the ${limit} open files allowed: raise it (ulimit -n), or ask for less`,
  );
}
