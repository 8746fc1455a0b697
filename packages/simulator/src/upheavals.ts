import { SeededRng, below, sample } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { DIVIDED_BROADCASTS, OUTAGE_JOINERS_SHARE, OUTBREAK_DIRECTS, RECOVERY_MS } from './config.js';
import { Detection } from './detection.js';
import { hash } from './hash.js';
import { Outbreak } from './outbreak.js';
import type { Run } from './run.js';

/** What happened around an outage of the server. */
export interface Outage {
  /** Peers that came while it was down. */
  readonly joiners: number;
  /** Links that closed while it was down. */
  readonly linksClosed: number;
}

/** A share of the peers dies silently, all at one instant, at which survivors send: one broadcasts, some to each other. */
export function kill(run: Run): void {
  const { network, rng, options, recorder } = run;
  const { up } = network;
  const doomed = sample(rng, up, Math.round(options.kill * up.length));
  if (doomed.length === 0) return;
  run.samples.disturb();
  const detection = new Detection(recorder.mesh, doomed);
  network.kill(doomed);
  const survivors = network.up;
  const recovery = run.watch('kill', detection);
  const sender = survivors[below(rng, Math.max(1, survivors.length))];
  if (sender === undefined) return;
  run.outbreak = new Outbreak(recovery, run.broadcast(sender), sender, survivors);
  const pairs = new SeededRng(hash(options.seed, 'outbreak'));
  for (let i = 0; i < OUTBREAK_DIRECTS; i++) run.direct(pairs, true);
}

/** Time for the mesh to come together. */
export function recover(run: Run): void {
  run.network.run(RECOVERY_MS);
  run.outbreak?.end(run.recorder);
}

/** The server stops, whatever dies dies, peers come (if none died), and the server returns. */
export function outage(run: Run): void {
  const { network, options } = run;
  run.samples.disturb();
  const { closed } = network.links;
  network.server.stop();
  kill(run);
  const joiners = options.kill > 0 ? 0 : Math.max(1, Math.round(OUTAGE_JOINERS_SHARE * options.peers));
  for (let i = 0; i < joiners; i++) network.at(network.now + ((i + 0.5) * options.downMs) / joiners, () => run.join());
  network.run(options.downMs);
  run.outbreak?.end(run.recorder);
  run.outage = { joiners, linksClosed: network.links.closed - closed };
  network.server.start();
  run.watch('return');
  network.run(RECOVERY_MS);
}

/** On which side of a cut a peer is. */
export function half(seed: number, peer: PeerId): number {
  return hash(seed, 'half', peer) & 1;
}

/**
 * The network is cut into two halves, drawn at random, for a time, and healed. The server is up to both. Halfway through peers
 * send to each other, within the halves and across, and some broadcast: the other half gets that after the healing.
 */
export function cutAndHeal(run: Run): void {
  const { network, options, recorder } = run;
  run.samples.disturb();
  const side = ({ id }: { readonly id: PeerId }): number => half(options.seed, id);
  network.cut(side);
  recorder.mesh.severed = (a, b) => side(a) !== side(b);
  run.watch('cut');
  const pairs = new SeededRng(hash(options.seed, 'outbreak'));
  network.at(network.now + options.cutMs / 2, () => {
    for (let i = 0; i < OUTBREAK_DIRECTS; i++) run.direct(pairs, true);
    for (const peer of sample(pairs, network.up, DIVIDED_BROADCASTS)) run.divided.push(run.broadcast(peer, true));
  });
  network.run(options.cutMs);
  network.heal();
  recorder.mesh.severed = undefined;
  run.watch('heal');
  network.run(RECOVERY_MS);
}

/**
 * Churn for as many minutes as asked for: lives are exponentially distributed, so that nobody grows old; who dies is
 * replaced at once by a newcomer. The first to join may be asked to stay. Half of the deaths are silent, half are goodbyes. Messages are spread over the time.
 */
export function churn(run: Run): void {
  const { network, options, rng } = run;
  const durationMs = options.minutes * 60_000;
  const endMs = network.now + durationMs;
  const live = (peer: ReturnType<Run['join']>): void => {
    const life = -Math.log(1 - below(rng, 2 ** 32) / 2 ** 32) * options.sessionMinutes * 60_000;
    const diesMs = network.now + life;
    if (diesMs >= endMs) return;
    network.at(diesMs, () => {
      if (below(rng, 2) === 0) network.kill(peer);
      else peer.leave();
      live(run.join());
    });
  };
  for (const peer of network.up.slice(options.stayers)) live(peer);
  run.talk(durationMs / Math.max(1, options.broadcasts), durationMs / Math.max(1, options.directs));
  network.run(durationMs);
}
