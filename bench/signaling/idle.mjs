import { needFiles, startServer } from './processes.mjs';
import { crowd } from './raw-peer.mjs';
import { round } from './statistics.mjs';
import { unlimited } from './unlimited.mjs';

const LEAVING_MS = 20_000;
const KIB = 1024;

/** @param {import('./processes.mjs').Child} server @param {string} why */
async function deserted(server, why) {
  const until = performance.now() + LEAVING_MS;
  while ((await server.ask('stats')).connections > 0) {
    if (performance.now() > until) throw new Error(`${why}: connections are left after ${LEAVING_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @param {'peerpigeon' | 'bare'} kind @param {number} count @param {number} seed */
async function measure(kind, count, seed) {
  const server = await startServer(kind, kind === 'bare' ? {} : unlimited(count));
  const leave = async (peers, why) => {
    await Promise.all(peers.map((peer) => peer.close()));
    await deserted(server, why);
  };
  const enter = (number) => crowd(server.url, number, { seed, when: kind === 'bare' ? 'open' : 'announced' });
  const fresh = await server.ask('memory');
  // As many came and went before anything is measured, so that code and caches are there: what grows from then on is a leak.
  await leave(await enter(count), 'the warm-up');
  const empty = await server.ask('memory');
  const emptySizes = await server.ask('sizes');
  const peers = await enter(count);
  const full = await server.ask('memory');
  const fullSizes = await server.ask('sizes');
  await leave(peers, 'the leaving');
  const after = await server.ask('memory');
  const afterSizes = await server.ask('sizes');
  await server.stop();
  return { fresh, empty, full, after, emptySizes, fullSizes, afterSizes };
}

/**
 * Sockets that have announced themselves and are silent: memory beside that of a plain `ws` server with as many, and what is left
 * of it when all have gone.
 * @param {{ idle: number, seed?: number }} options
 */
export async function idle({ idle: count, seed = 1 }) {
  needFiles(count);
  const bare = await measure('bare', count, seed);
  const ours = await measure('peerpigeon', count, seed);
  const perSocket = ({ full, fresh }) => round((full.rss - fresh.rss) / count / KIB, 1);
  const leftovers = Object.entries(ours.afterSizes).filter(([path, size]) => size > (ours.emptySizes[path] ?? 0));
  return {
    sockets: count,
    oursRssMiB: round(ours.full.rss / KIB / KIB, 1),
    bareRssMiB: round(bare.full.rss / KIB / KIB, 1),
    ratio: round(ours.full.rss / bare.full.rss),
    oursPerSocketKiB: perSocket(ours),
    barePerSocketKiB: perSocket(bare),
    oursHeapPerSocketKiB: round((ours.full.heapUsed - ours.empty.heapUsed) / count / KIB, 1),
    entriesWhenFull: ours.fullSizes,
    entriesLeft: Object.fromEntries(leftovers),
    heapFreshMiB: round(ours.fresh.heapUsed / KIB / KIB),
    heapEmptyMiB: round(ours.empty.heapUsed / KIB / KIB),
    heapAfterMiB: round(ours.after.heapUsed / KIB / KIB),
    heapGrowth: round(ours.after.heapUsed / ours.empty.heapUsed - 1, 3),
    bareHeapGrowth: round(bare.after.heapUsed / bare.empty.heapUsed - 1, 3),
  };
}
