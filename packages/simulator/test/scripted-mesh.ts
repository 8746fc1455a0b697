import { sealEnvelope } from '@peerpigeon/core';
import type { Envelope, Millis, PeerId } from '@peerpigeon/core';
import type { Config, Input, Output } from '@peerpigeon/mesh';
import { Network } from '../src/network.js';
import type { NetworkOptions } from '../src/network-options.js';
import type { MeshMachine, SimulatedPeer } from '../src/peer.js';

/** A machine that does what a test tells it, and remembers what it was fed. */
export class ScriptedMesh implements MeshMachine {
  readonly heard: { at: Millis; input: Input }[] = [];
  readonly ready: PeerId[] = [];
  readonly report = {
    peers: (): readonly PeerId[] => this.ready,
    links: (): readonly { peer: PeerId; kind: 'mesh' }[] => this.ready.map((peer) => ({ peer, kind: 'mesh' })),
  };
  private readonly config: Config;
  private script: Output[] = [];
  private seq = 0;

  constructor(config: Config) {
    this.config = config;
  }

  /** What it puts out at the next `configure`. */
  next(...outputs: Output[]): void {
    this.script = outputs;
  }

  compose(draft: Parameters<MeshMachine['compose']>[0]): Envelope {
    const { peerId, network, epoch } = this.config;
    return sealEnvelope({ ...draft, network, from: peerId, epoch, seq: ++this.seq });
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    this.heard.push({ at: now, input });
    if (input.type === 'configure') out.push(...this.script);
  }

  /** Transport events heard, in short, with their times. */
  transport(): { at: Millis; event: string }[] {
    return this.heard.flatMap(({ at, input }) => (input.type === 'transport' ? [{ at, event: input.event.type }] : []));
  }
}

/** A network of scripted machines. */
export function scriptedNetwork(options: NetworkOptions = {}): Network {
  const unused = (): never => {
    throw new Error('scripted networks have no wire');
  };
  const createMesh = (config: Config): ScriptedMesh => new ScriptedMesh(config);
  return new Network({ createMesh, encodeFrame: unused, decodeFrame: unused }, options);
}

/** The script of a peer. */
export function scriptOf(peer: SimulatedPeer): ScriptedMesh {
  if (!(peer.machine instanceof ScriptedMesh)) throw new Error('not a scripted peer');
  return peer.machine;
}

/** Has a peer's machine put out `outputs` now. */
export function act(network: Network, peer: SimulatedPeer, ...outputs: Output[]): void {
  scriptOf(peer).next(...outputs);
  peer.input({ type: 'configure', settings: {} });
  network.run(0);
}
