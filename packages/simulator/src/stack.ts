import { Mesh, decodeFrame, encodeFrame } from '@peerpigeon/mesh';
import { Network } from './network.js';
import type { NetworkOptions, Stack } from './network-options.js';

/** The real thing: the machines and the codec that browsers run. */
export const PEERPIGEON: Stack = {
  createMesh: (config, rng) => new Mesh(config, rng),
  encodeFrame,
  decodeFrame,
};

/**
 * An in-memory network with a virtual clock, latency and loss, in which the real mesh machines run.
 *
 * @example
 * ```ts
 * const network = createNetwork({ seed: 7 });
 * const [alice] = [network.join(), network.join(), network.join()];
 * network.run(10_000);
 * alice.broadcast(new TextEncoder().encode('hello'));
 * network.run(1_000);
 * ```
 */
export function createNetwork(options: NetworkOptions = {}): Network {
  return new Network(PEERPIGEON, options);
}
