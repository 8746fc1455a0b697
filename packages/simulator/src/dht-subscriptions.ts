import { below, sample } from '@peerpigeon/core';
import { DEFAULTS, keyId } from '@peerpigeon/dht';
import type { Key } from '@peerpigeon/dht';
import { DHT_DONE_MS, RECOVERY_MS } from './config.js';
import type { SubscriptionEntry } from './dht-journal.js';
import { each } from './dht-steps.js';
import type { DhtPeer } from './dht-workload.js';
import type { Run } from './run.js';

/** Direct messages whose latency is the measure of a round trip, and the time between two. */
const YARDSTICKS = 200;
const YARDSTICK_MS = 50;
/** How long after an update its holders die: while it is on its way. */
const IN_FLIGHT_MS = 100;

/** Step: direct messages between random peers, as a measure of what crossing the mesh takes. */
export function yardstick(run: Run): void {
  each(run, YARDSTICKS, YARDSTICK_MS, () => run.direct(run.rng));
  run.network.run(YARDSTICKS * YARDSTICK_MS + DHT_DONE_MS);
}

/** Step: random peers subscribe to each key. */
export function dhtSubscribe(run: Run): void {
  const { dht, options, network, rng } = run;
  for (const key of dht.journal.keys()) {
    for (const peer of sample(rng, dht.up, options.subscribers)) subscribe(run, peer, key);
  }
  network.run(DHT_DONE_MS);
}

/**
 * Step: updates at intervals, each of a random key by a random peer. Halfway through, while an update is on its way, the share
 * `kill` of the holders of every key dies silently, subscribers apart.
 */
export function dhtUpdates(run: Run): void {
  const { dht, options, network, rng } = run;
  const { updates, intervalMs } = options;
  const keys = dht.journal.keys();
  if (keys.length === 0) return;
  each(run, updates, intervalMs, () => {
    const peer = dht.someone();
    if (peer !== undefined) dht.put(peer, keys[below(rng, keys.length)] as Key, 'upheaval');
  });
  network.at(network.now + Math.floor(updates / 2) * intervalMs + IN_FLIGHT_MS, () => killHolders(run, keys));
  network.run(updates * intervalMs);
  dht.finish();
  network.run(RECOVERY_MS);
  for (const entry of dht.journal.subscriptions) entry.stays = network.peer(entry.peer)?.state === 'up';
}

/** Step: half of the subscribers unsubscribe, the others die; then leases have the time to end. */
export function dhtLeases(run: Run): void {
  const { dht, network } = run;
  const leases = (): number => dht.up.reduce((sum, peer) => sum + peer.dht.machine.stats.leases, 0);
  const entry = { before: leases(), after: null as number | null };
  dht.journal.leases = entry;
  dht.journal.subscriptions.forEach(({ peer, key }, i) => {
    const node = network.peer(peer);
    if (node?.state !== 'up') return;
    if (i % 2 === 0) node.dht?.unsubscribe(key);
    else network.kill(node);
  });
  // What was renewed by a renewal under way lasts that much longer.
  network.run(2 * DEFAULTS.leaseMs);
  entry.after = leases();
}

function subscribe({ dht }: Run, peer: DhtPeer, key: Key): void {
  const entry: SubscriptionEntry = { key, keyId: keyId(key), peer: peer.id, doneMs: null, changes: [], stays: false };
  dht.journal.subscriptions.push(entry);
  const former = peer.dht.onEvent;
  peer.dht.onEvent = (event, now) => {
    former?.(event, now);
    if (event.type === 'changed' && keyId(event.key) === entry.keyId) {
      entry.changes.push({ version: event.version, atMs: now });
    }
  };
  peer.dht.subscribe(key, (outcome, now) => {
    if (outcome.type === 'found') entry.doneMs = now;
  });
}

function killHolders({ dht, network, options, rng, samples }: Run, keys: readonly Key[]): void {
  const spared = new Set(dht.journal.subscriptions.map(({ peer }) => peer));
  const doomed = new Set<DhtPeer>();
  for (const key of keys) {
    const holders = dht.holders(key);
    const mortal = holders.filter(({ id }) => !spared.has(id));
    for (const peer of sample(rng, mortal, Math.round(options.kill * holders.length))) doomed.add(peer);
  }
  if (doomed.size === 0) return;
  samples.disturb();
  network.kill([...doomed]);
  dht.journal.holdersKilled = { atMs: network.now, count: doomed.size };
}
