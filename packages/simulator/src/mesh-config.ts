import type { Millis, PeerId } from '@peerpigeon/core';
import { DEFAULT_NETWORK } from '@peerpigeon/mesh';
import type { Config, MeshSettings, Protocol } from '@peerpigeon/mesh';
import { linkConfig } from './liveness.js';
import type { Liveness } from './liveness.js';
import type { JoinOptions } from './network-options.js';

/** What the mesh of a simulated peer is made with. */
export function meshConfig(
  peerId: PeerId,
  epoch: Millis,
  settings: MeshSettings,
  liveness: Liveness,
  overrides: JoinOptions['config'] = {},
  dht?: Protocol,
): Config {
  const link = { ...linkConfig(liveness), ...overrides.link };
  const protocols = [...(overrides.protocols ?? []), ...(dht === undefined ? [] : [dht])];
  return { ...overrides, peerId, network: DEFAULT_NETWORK, epoch, settings, link, protocols };
}
