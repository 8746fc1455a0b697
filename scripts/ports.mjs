/** Ports from the environment, and who listens on them. */
import { connect } from 'node:net';

const PROBE_TIMEOUT_MS = 1_000;

/**
 * @param {string} variable Name of the environment variable.
 * @param {number} fallback
 * @param {number} [least] 0 where any free port will do.
 * @throws {Error} that names the variable, if its value is no port.
 */
export function portFrom(variable, fallback, least = 1) {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < least || port > 65_535) {
    throw new Error(`${variable} must be a port from ${least} to 65535, got ${JSON.stringify(text)}.`);
  }
  return port;
}

/** The host to connect to where something listens on `host`. @param {string} host */
export function reachable(host) {
  return host === '0.0.0.0' || host === '::' || host === '' ? 'localhost' : host;
}

/**
 * Does anything accept connections there? Both address families count: a server on ::1 takes `localhost` too.
 * @param {string} host
 * @param {number} port
 */
export async function isTaken(host, port) {
  const hosts = reachable(host) === 'localhost' ? ['127.0.0.1', '::1'] : [host];
  const answers = await Promise.all(
    hosts.map(
      (address) =>
        new Promise((resolve) => {
          const socket = connect({ host: address, port, timeout: PROBE_TIMEOUT_MS });
          /** @param {boolean} taken */
          const done = (taken) => {
            socket.destroy();
            resolve(taken);
          };
          socket.once('connect', () => done(true));
          socket.once('error', () => done(false));
          socket.once('timeout', () => done(false));
        }),
    ),
  );
  return answers.includes(true);
}

/**
 * Is it a PeerPigeon signaling server? Its GET /health says `"service": "peerpigeon"`.
 * @param {string} host
 * @param {number} port
 */
export async function isSignalingServer(host, port) {
  try {
    const signal = AbortSignal.timeout(2 * PROBE_TIMEOUT_MS);
    const response = await fetch(`http://${urlHost(host)}:${port}/health`, { signal });
    const health = await response.json();
    return health?.service === 'peerpigeon';
  } catch {
    return false;
  }
}

/** A host as it stands in a URL. @param {string} host */
export function urlHost(host) {
  const name = reachable(host);
  return name.includes(':') ? `[${name}]` : name;
}

/** @param {string} variable @param {number} port @param {string} command */
export function takenMessage(variable, port, command) {
  return `Port ${port} is taken. Set ${variable} to a free port, for example: ${variable}=${port + 1} ${command}`;
}
