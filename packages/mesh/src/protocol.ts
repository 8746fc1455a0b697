import type { FrameValue, Machine, Millis, PeerDown, PeerId, TimerFired, Violation } from '@peerpigeon/core';
import type { LeafSet } from '@peerpigeon/topology';
import type { Writable } from './backpressure.js';
import type { MapSizes } from './map-sizes.js';

/**
 * A protocol that a build may hold or not (transfer, the dht, media): `Config.protocols` lists those it does. All of them share a
 * mesh's links; none knows of another. What a peer says in a protocol that is not held here is ignored.
 *
 * Its methods are asked with what its own machine and codec made, and take no other.
 */
export interface Protocol {
  /** By which the interpreter feeds it, and knows its outputs; the source it is to the send scheduler. */
  readonly name: string;
  /** Its channel tag, {@link MIN_TAG} to {@link MAX_TAG}; on the wire, so never to be given again. */
  readonly tag: number;
  encode(message: unknown): FrameValue;
  /** @throws {DecodeError} and nothing else */
  decode(value: unknown): unknown;
  /** Bytes of content in a message: more than 0 is bulk, which waits for everything else; 0 keeps the protocol going. */
  contentBytes(message: unknown): number;
  /**
   * Takes {@link ProtocolInput} and what its interpreter says; puts {@link ProtocolOutput} and what its interpreter is to do. The maps
   * that it may show are named like no other's.
   */
  readonly machine: Machine<unknown, { readonly type: string }> & { readonly mapSizes?: MapSizes };
}

/** Lowest and highest channel tag of optional protocols: 5 transfer. */
export const MIN_TAG = 5;
export const MAX_TAG = 31;

/** What the mesh tells a protocol. */
export type ProtocolInput<Message = unknown, Timer = unknown> =
  /** A link is ready, for frames of so many bytes. */
  | { readonly type: 'peerUp'; readonly peer: PeerId; readonly maxFrameBytes: number }
  | PeerDown
  /**
   * Who is next to us on the ring, on either side; told once after the join, and whenever it has changed. `member`: we are on the
   * ring ourselves, which with `maxPeers` 1 we are not.
   */
  | (LeafSet & { readonly type: 'leaves'; readonly member: boolean })
  /** A link has been silent for some seconds, or is heard of again. */
  | { readonly type: 'suspect' | 'recovered'; readonly peer: PeerId }
  /** Told when a link is ready, when it takes more again, and after whatever the protocol has sent over it. */
  | Writable
  /**
   * `path`: ids that it passed, its sender first, our neighbour last; over a link the sender alone. Of what came over others neither
   * `from` nor the path is signed, and the path may hold loops; without its first, and turned round, it is a `via` for the answer.
   */
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Message; readonly path: readonly PeerId[] }
  /**
   * A parcel of ours to this peer, of this protocol or of another, could go no further. Who hears of no bounce knows nothing: neither
   * parcels nor bounces are acknowledged.
   */
  | { readonly type: 'bounced'; readonly to: PeerId }
  | TimerFired<Timer>
  /** This mesh leaves. What is sent now still leaves before the links go. */
  | { readonly type: 'leave' };

/** What the mesh does for a protocol. Every other output goes to the interpreter. */
export type ProtocolOutput<Message = unknown, Timer = unknown> =
  /** Over the link with the peer; dropped without one. */
  | { readonly type: 'send'; readonly to: PeerId; readonly message: Message }
  /**
   * Over other peers, once, unacknowledged: 20 KiB at most, encoded and with its head, else it is dropped. `via`: the peers in
   * between, our neighbour first, 40 at most; taken first, cut short where that can be. Without it, where it is longer, and from where
   * it is broken on, greedily.
   */
  | { readonly type: 'route'; readonly to: PeerId; readonly message: Message; readonly via?: readonly PeerId[] }
  /**
   * The same to whoever is nearest to `key` on the ring, ourselves left out; first over the link with `over`, if given. Never bounced:
   * without a link it is dropped. Where we are the nearest ourselves it may end at either of our ring neighbours.
   */
  | { readonly type: 'seek'; readonly key: PeerId; readonly message: Message; readonly over?: PeerId }
  /** Make a link with the peer beside those of the mesh; harmless when there is one. */
  | { readonly type: 'dial'; readonly peer: PeerId }
  /** Close that link, if it is one. */
  | { readonly type: 'release'; readonly peer: PeerId }
  | { readonly type: 'timer'; readonly at: Millis; readonly timer: Timer }
  | Violation;
