import type { PeerId } from '@peerpigeon/core';
import type { Description, TransportCommand } from '@peerpigeon/link';
import type { Frame, Output } from '@peerpigeon/mesh';
import type { Network } from '../src/network.js';
import type { NetworkOptions } from '../src/network-options.js';
import type { SimulatedPeer } from '../src/peer.js';
import { act, scriptOf, scriptedNetwork } from './scripted-mesh.js';

/** Latency 40 ms, so that links of scripted machines open 260 ms after the descriptions. */
export const FIXED: NetworkOptions = { latencyMs: [40, 40], handshakeMs: [100, 100], candidatesPerEnd: 1 };

const FRAME: Frame = { channel: 'link', message: { type: 'ping', nonce: 1 } };

/** A command for the transport of session `s` with `to`. */
export const command = (to: PeerId, what: TransportCommand): Output => ({
  type: 'transport',
  peer: to,
  session: 's',
  command: what,
});

/** A frame to `to`. */
export const frame = (to: PeerId, session = 's'): Output => ({
  type: 'frame',
  peer: to,
  session,
  lane: 'control',
  frame: FRAME,
});

function described(peer: SimulatedPeer, type: Description['type']): Description {
  for (const { input } of scriptOf(peer).heard) {
    if (input.type !== 'transport' || input.event.type !== 'description') continue;
    if (input.event.description.type === type) return input.event.description;
  }
  throw new Error(`no ${type}`);
}

/** Has `a` offer. */
export function offer(network: Network, a: SimulatedPeer, b: SimulatedPeer): Description {
  act(network, a, command(b.id, { type: 'open' }), command(b.id, { type: 'offer' }));
  return described(a, 'offer');
}

/** Has `b` answer, with the transport it has, if any. */
export function answer(network: Network, b: SimulatedPeer, a: SimulatedPeer, description: Description): Description {
  const open = b.ends(a.id).length === 0 ? [command(a.id, { type: 'open' })] : [];
  act(network, b, ...open, command(a.id, { type: 'answer', description }));
  return described(b, 'answer');
}

export interface Pair {
  readonly network: Network;
  readonly a: SimulatedPeer;
  readonly b: SimulatedPeer;
}

/** Two scripted peers that have joined. */
export function pair(options: NetworkOptions = FIXED): Pair {
  const network = scriptedNetwork(options);
  const [a, b] = [network.join(), network.join()];
  network.run(0);
  return { network, a, b };
}

/** Has the two exchange descriptions, without the time that signaling takes. */
export function negotiate(network: Network, a: SimulatedPeer, b: SimulatedPeer): void {
  const description = answer(network, b, a, offer(network, a, b));
  act(network, a, command(b.id, { type: 'accept', description }));
}

/** Two scripted peers with an open link, one second after they joined. */
export function linked(options: NetworkOptions = FIXED): Pair {
  const made = pair(options);
  negotiate(made.network, made.a, made.b);
  made.network.run(1_000);
  return made;
}

/** When frames came. */
export const framesOf = (peer: SimulatedPeer): number[] =>
  scriptOf(peer).heard.flatMap(({ at, input }) => (input.type === 'frame' ? [at] : []));

/** The last thing its transports told a peer. */
export const last = (peer: SimulatedPeer): { at: number; event: string } | undefined =>
  scriptOf(peer).transport().at(-1);
