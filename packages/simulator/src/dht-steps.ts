import { below, sample } from '@peerpigeon/core';
import { keyId } from '@peerpigeon/dht';
import type { Key } from '@peerpigeon/dht';
import { DHT_DONE_MS, DHT_IDLE_MS, DHT_LOOK_MS, RECOVERY_MS, RECOVERY_SAMPLE_MS } from './config.js';
import type { Phase } from './dht-journal.js';
import type { DhtPeer } from './dht-workload.js';
import type { Run } from './run.js';
import { churn, half } from './upheavals.js';

/** Share of the time of churn in which puts are made. */
const CHURN_PUTS_SHARE = 1 / 12;

/** The key of the n-th put. */
export function keyOf(index: number): Key {
  return { space: 'value', name: `key ${index}` };
}

/** Step: each put of a key of its own by a random peer. */
export function dhtPuts(run: Run): void {
  const { dht, options } = run;
  const { puts, intervalMs } = options;
  each(run, puts, intervalMs, (i) => {
    const peer = dht.someone();
    if (peer !== undefined) dht.put(peer, keyOf(i));
  });
  dht.window('puts', puts * intervalMs);
  run.network.run(DHT_LOOK_MS);
}

/** Step: nothing is asked of the dht for some time. */
export function dhtIdle(run: Run): void {
  run.dht.window('idle', DHT_IDLE_MS);
}

/** Step: each get of a random key by a random peer that has not put it. */
export function dhtGets(run: Run): void {
  const { options, dht } = run;
  const { gets, intervalMs } = options;
  scheduleGets(run, gets, 'calm');
  dht.window('gets', gets * intervalMs);
}

/** Step: with `kill`, that share dies silently at one instant. All keys are asked for from then on, and again a minute later. */
export function dhtKill(run: Run): void {
  const { network, options, dht, rng, samples } = run;
  const { up } = network;
  const doomed = sample(rng, up, Math.round(options.kill * up.length));
  if (doomed.length === 0) return;
  samples.disturb();
  network.kill(doomed);
  const keys = dht.journal.keys();
  const kept = keys.filter((key) => dht.holders(key).length > 0);
  const lost = keys.filter((key) => !kept.includes(key)).map(keyId);
  const kill = { killed: doomed.length, lost, complete: null as number | null, exact: null as number | null };
  dht.journal.kill = kill;
  scheduleGets(run, keys.length, 'upheaval');
  network.run(Math.max(RECOVERY_MS, keys.length * options.intervalMs + DHT_DONE_MS));
  kill.complete = kept.filter((key) => dht.isComplete(key)).length;
  kill.exact = kept.filter((key) => dht.isExact(key)).length;
  scheduleGets(run, keys.length, 'after');
  network.run(keys.length * options.intervalMs);
  dht.finish();
}

/** Step: churn, as it is elsewhere; puts in its first twelfth, gets from then on. */
export function dhtChurn(run: Run): void {
  const { network, options, dht, rng } = run;
  const { puts, gets, minutes } = options;
  const [startMs, durationMs] = [network.now, minutes * 60_000];
  const putsMs = durationMs * CHURN_PUTS_SHARE;
  each(run, puts, putsMs / puts, (i) => {
    const peer = linked(run);
    if (peer !== undefined) dht.put(peer, keyOf(i), 'upheaval');
  });
  const getsMs = durationMs - putsMs - DHT_DONE_MS;
  for (let i = 0; i < gets; i++) {
    network.at(startMs + putsMs + ((i + 0.5) * getsMs) / gets, () => {
      const keys = dht.journal.keys();
      const peer = linked(run);
      if (peer !== undefined && keys.length > 0) dht.get(peer, keys[below(rng, keys.length)] as Key, 'upheaval');
    });
  }
  churn(run);
  dht.finish();
}

/**
 * Step: the network is cut into random halves for a time and healed; halfway through each key is written on both sides. When it
 * has been whole for a minute, every peer asks for a key, and all keys are asked for.
 */
export function dhtCut(run: Run): void {
  const { network, options, dht, recorder, samples } = run;
  const { seed, cutMs, intervalMs } = options;
  const side = ({ id }: { readonly id: string }): number => half(seed, id);
  samples.disturb();
  network.cut(side);
  recorder.mesh.severed = (a, b) => side(a) !== side(b);
  const keys = dht.journal.keys();
  network.at(network.now + cutMs / 2, () =>
    each(run, keys.length, Math.min(intervalMs, cutMs / 4 / keys.length), (i) => {
      for (const group of [0, 1]) {
        const peer = dht.oneOf((one) => side(one) === group);
        if (peer !== undefined) dht.put(peer, keys[i] as Key, 'upheaval');
      }
    }),
  );
  network.run(cutMs);
  network.heal();
  recorder.mesh.severed = undefined;
  const heal = { sinceMs: network.now, agreedMs: null as number | null, staleElsewhere: 0 };
  dht.journal.heal = heal;
  while (network.now < heal.sinceMs + RECOVERY_MS) {
    if (heal.agreedMs === null && keys.every((key) => dht.isAgreed(key))) heal.agreedMs = network.now;
    network.run(RECOVERY_SAMPLE_MS);
  }
  heal.staleElsewhere = keys.filter((key) => dht.stale(key) > 0).length;
  const askers = sample(run.rng, dht.up, dht.up.length);
  const gets = Math.max(askers.length, keys.length);
  each(run, gets, intervalMs, (i) => {
    dht.get(askers[i % askers.length] as DhtPeer, keys[i % keys.length] as Key, 'after');
  });
  network.run(gets * intervalMs);
  dht.finish();
}

/** Gets of the stored keys in a random order, over and over. */
function scheduleGets(run: Run, count: number, phase: Phase): void {
  const { dht, options, rng } = run;
  const stored = dht.journal.keys();
  const keys = sample(rng, stored, stored.length);
  if (keys.length === 0) return;
  each(run, count, options.intervalMs, (i) => {
    const key = keys[i % keys.length] as Key;
    const peer = dht.someone(dht.journal.authorOf(key));
    if (peer !== undefined) dht.get(peer, key, phase);
  });
}

/** One that has a link by now. */
function linked({ dht }: Run): DhtPeer | undefined {
  return dht.oneOf((peer) => peer.peers.length > 0);
}

/** Plans `count` acts from now on. */
export function each({ network }: Run, count: number, betweenMs: number, act: (index: number) => void): void {
  for (let i = 0; i < count; i++) network.at(network.now + i * betweenMs, () => act(i));
}
