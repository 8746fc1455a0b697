/**
 * Child processes that never outlive us: each runs in its own process group with a time limit, and the whole group is
 * ended together.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const WINDOWS = process.platform === 'win32';
const GRACE_MS = 3_000;
const PARENT_CHECK_MS = 200;

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {{ code: number, output: string, timedOut: boolean }} Result `code` is 0 only if the child ended well. */
/**
 * @typedef {object} Options
 * @property {string} [cwd] The folder to run in; the repository's root by default.
 * @property {Record<string, string | undefined>} [env] Variables on top of our own.
 * @property {number} [timeoutMs] The child's group is ended after this time; no limit by default.
 * @property {boolean} [capture] Collect stdout and stderr instead of passing them through.
 */

/** @type {Set<ChildProcess>} */
const children = new Set();
let ending = false;

/**
 * Signals a child and everything it started.
 * @param {ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    if (WINDOWS) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

/**
 * Starts a program; stdin stays closed, since the child's group is never in the foreground.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {{ child: ChildProcess, ended: Promise<Result> }} `ended` never rejects (a missing program is code 127) and
 *   stays open once a signal ends us.
 */
export function start(command, args, { cwd = ROOT, env, timeoutMs, capture = false } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: capture ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    detached: !WINDOWS,
    shell: WINDOWS,
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text));

  let timedOut = false;
  /** @type {NodeJS.Timeout | undefined} */
  let killer;
  const limit =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          signalGroup(child, 'SIGTERM');
          killer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
        }, timeoutMs);

  /** @type {Promise<Result>} */
  const ended = new Promise((resolve) => {
    /** @param {number} code */
    const finish = (code) => {
      clearTimeout(limit);
      clearTimeout(killer);
      // What the child left running in its group has no owner any more.
      signalGroup(child, 'SIGKILL');
      children.delete(child);
      // Nobody shall report a child that ended because a signal ends us all.
      if (!ending) resolve({ code: timedOut ? 124 : code, output, timedOut });
    };
    child.once('error', (error) => {
      output += `${error.message}\n`;
      finish(127);
    });
    child.once(capture ? 'close' : 'exit', (code) => finish(code ?? 1));
  });
  return { child, ended };
}

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<Result>}
 */
export function run(command, args, options) {
  return start(command, args, options).ended;
}

/**
 * Ends every child: politely first, by force after some time.
 * @param {NodeJS.Signals} [signal]
 * @param {number} [graceMs]
 */
export async function endChildren(signal = 'SIGTERM', graceMs = GRACE_MS) {
  const all = [...children].filter((child) => child.exitCode === null && child.signalCode === null);
  const gone = Promise.all(all.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  for (const child of all) signalGroup(child, signal);
  const killer = setTimeout(() => all.forEach((child) => signalGroup(child, 'SIGKILL')), graceMs);
  await gone;
  clearTimeout(killer);
}

/**
 * On Ctrl-C, SIGTERM or a closed terminal: end the children, then exit. A second signal (npm forwards the terminal's)
 * changes nothing.
 * @param {number | ((signal: NodeJS.Signals) => number)} exitCode
 * @param {{ passOn?: boolean, graceMs?: number }} [how] `passOn`: children get the signal that we got, not SIGTERM; `graceMs`: so
 *   long they may take
 */
export function exitOnSignal(exitCode, { passOn = false, graceMs = GRACE_MS } = {}) {
  /** @param {NodeJS.Signals} signal */
  const end = (signal) => {
    if (ending) return;
    ending = true;
    void endChildren(passOn ? signal : 'SIGTERM', graceMs).then(() =>
      process.exit(typeof exitCode === 'number' ? exitCode : exitCode(signal)),
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('SIGHUP', end);
  process.on('exit', () => children.forEach((child) => signalGroup(child, 'SIGKILL')));

  // npm or its shell may die without passing a signal on.
  if (process.env['npm_lifecycle_event'] !== undefined) {
    const parent = process.ppid;
    setInterval(() => process.ppid === parent || end('SIGTERM'), PARENT_CHECK_MS).unref();
  }
}
