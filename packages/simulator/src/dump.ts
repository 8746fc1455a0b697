import type { DhtJournal } from './dht-journal.js';
import type { Journal } from './journal.js';

/**
 * What happened as JSON Lines, one object a line and without its line end: all peers, then all links, broadcasts and
 * direct messages, puts and gets, each in order of time. README.md tells the fields.
 */
export function* dumpLines(journal: Journal, dht?: DhtJournal): Generator<string> {
  for (const { id, maxPeers, upMs, downMs } of journal.peers) {
    yield JSON.stringify({ t: 'peer', id, maxPeers, upMs, downMs });
  }
  for (const { a, b, openMs, closedMs, kind } of journal.links) {
    yield JSON.stringify({ t: 'link', a, b, openMs, closedMs, kind });
  }
  for (const { id, from, sentMs, warmup, copies, deliveries } of journal.broadcasts) {
    const to = deliveries.peers.map((peer, i) => [journal.peers[peer]?.id, deliveries.atMs[i], deliveries.hops[i]]);
    yield JSON.stringify({ t: 'broadcast', id, from, atMs: sentMs, warmup, copies, deliveries: to });
  }
  for (const { id, from, to, sentMs, deliveredMs, hops } of journal.directs) {
    yield JSON.stringify({ t: 'direct', id, from, to, sentAtMs: sentMs, deliveredAtMs: deliveredMs, hops });
  }
  for (const { author, key, keyId, atMs, doneMs, record, hops, failed, holders } of dht?.puts ?? []) {
    const outcome = { stored: record !== null, version: record?.version ?? null, failed, hops, ms: took(atMs, doneMs) };
    yield JSON.stringify({ t: 'put', atMs, peer: author, key: key.name, keyId, ...outcome, holders });
  }
  for (const { peer, key, keyId, atMs, doneMs, verdict, version, hops, holders } of dht?.gets ?? []) {
    const outcome = { found: verdict === 'found', verdict, version, hops, ms: took(atMs, doneMs) };
    yield JSON.stringify({ t: 'get', atMs, peer, key: key.name, keyId, ...outcome, holders });
  }
}

function took(atMs: number, doneMs: number | null): number | null {
  return doneMs === null ? null : doneMs - atMs;
}
