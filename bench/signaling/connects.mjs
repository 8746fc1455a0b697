import { needFiles, startServer } from './processes.mjs';
import { peerId, RawPeer } from './raw-peer.mjs';
import { percentile, round } from './statistics.mjs';
import { unlimited } from './unlimited.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Clients a second: 2,000 within 10 s. */
const RATE = 200;

/**
 * Clients that come to one process, so many a second: from the opening of the TCP connection until the answer to their
 * announce.
 * @param {{ connects: number, seed?: number }} options
 */
export async function connects({ connects: count, seed = 1 }) {
  needFiles(count);
  const server = await startServer('peerpigeon', unlimited(count));
  const began = performance.now();
  const times = [];
  const errors = [];
  const peers = [];
  const come = async (index) => {
    const start = performance.now();
    const peer = new RawPeer(server.url, peerId(seed, index));
    peers.push(peer);
    try {
      await peer.ready();
      times.push(performance.now() - start);
    } catch (error) {
      errors.push(String(error));
    }
  };
  const coming = [];
  for (let index = 0; index < count; index++) {
    const wait = began + (1_000 * index) / RATE - performance.now();
    if (wait > 1) await pause(wait);
    coming.push(come(index));
  }
  await Promise.all(coming);
  const seconds = (performance.now() - began) / 1_000;
  const { peers: announced } = await server.ask('stats');
  for (const peer of peers) peer.socket.terminate();
  await server.stop();
  return {
    clients: count,
    announced: times.length,
    atServer: announced,
    seconds: round(seconds, 1),
    p50Ms: round(percentile(times, 0.5), 1),
    p95Ms: round(percentile(times, 0.95), 1),
    maxMs: round(percentile(times, 1), 1),
    errors: errors.length,
    firstError: errors[0] ?? null,
  };
}
