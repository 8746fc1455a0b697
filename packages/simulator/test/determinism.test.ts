import { expect, test } from 'vitest';
import type { NetworkOptions } from '../src/network-options.js';
import type { TimerThrottle } from '../src/peer.js';
import { createNetwork } from '../src/stack.js';

const ALL: NetworkOptions = {
  seed: 11,
  loss: 0.02,
  duplicate: 0.05,
  reorder: 0.05,
  delaySpike: { share: 0.02, ms: 400 },
  unreachable: 0.1,
  unreachablePeers: 0.1,
  clockSkewMs: 300_000,
};
const TIMERS: readonly TimerThrottle[] = ['prompt', 'second', 'minute'];

/** Every event of every peer, with its time, in a run in which all that can go wrong does. */
function everything(options: NetworkOptions): string[] {
  const network = createNetwork(options);
  const log: string[] = [];
  const join = (i: number): void => {
    const peer = network.join({
      timers: TIMERS[i % 7] ?? 'prompt',
      onEvent: (event, now) => log.push(JSON.stringify([now, peer.id, event.type, 'peer' in event ? event.peer : ''])),
    });
  };
  for (let i = 0; i < 24; i++) network.at(i * 100, () => join(i));
  network.run(10_000);
  const { up } = network;
  up[0]?.broadcast(new Uint8Array(1));
  network.kill(up.slice(1, 5));
  for (const peer of up.slice(5, 8)) network.freeze(peer);
  for (const peer of up.slice(8, 10)) network.restart(peer);
  network.run(6_000);
  for (const peer of up.slice(5, 8)) network.resume(peer);
  network.cut((peer) => peer.index % 2, { server: 0 });
  network.run(6_000);
  network.heal();
  for (const peer of network.up) {
    const partner = peer.ends().find(({ link }) => link?.state === 'open')?.remote?.owner;
    if (partner !== undefined && peer.index % 5 === 0) network.halfOpen(peer, partner);
  }
  network.run(8_000);
  log.push(`handled ${network.handled}, links ${JSON.stringify(network.links)}`);
  return log;
}

test.each(['full', 'modelled'] as const)(
  '%s: the same faults and calls give the same run to the last bit',
  (liveness) => {
    const first = everything({ ...ALL, liveness });
    expect(first.length).toBeGreaterThan(100);
    expect(everything({ ...ALL, liveness })).toEqual(first);
    expect(everything({ ...ALL, liveness, seed: 12 })).not.toEqual(first);
  },
);
