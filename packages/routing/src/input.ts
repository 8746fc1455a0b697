import type { Envelope, MessageId, Millis, PeerDown, PeerId, PeerUp, Received, TimerFired } from '@peerpigeon/core';
import type { Message } from './message.js';
import type { Timer } from './timer.js';

/** Where a parcel goes. */
export type Address =
  /**
   * To this peer: over `route` (the peers in between, our neighbour first; taken even if we have a link with the peer), else
   * greedily.
   */
  | { readonly type: 'peer'; readonly peer: PeerId; readonly route?: readonly PeerId[] }
  /**
   * To whoever is nearest to `key` on the ring, ourselves left out, as far as links and tunnels lead; first over the link `over`,
   * if given.
   */
  | { readonly type: 'key'; readonly key: PeerId; readonly over?: PeerId }
  /** To whoever is reached by so many steps (1 to 64) over links drawn at random. */
  | { readonly type: 'walk'; readonly steps: number };

/** What can happen to a router. */
export type Input =
  /**
   * Bring an envelope to its receiver. Exactly one `delivered` or `failed` follows (and, if its acknowledgement comes after
   * all, a `delivered` that is `late`). `route` are the peers between us and
   * the receiver, our neighbour first, as far as somebody knows them; without it, or when it is broken, the way is found
   * greedily. With `mostHops` one copy is sent, over so many links at most: whoever asks for it has another path besides.
   */
  | {
      readonly type: 'route';
      readonly envelope: Envelope;
      readonly route?: readonly PeerId[];
      readonly mostHops?: number;
      /** How long it may wait for its acknowledgement; by default as long as configured for its kind. */
      readonly timeoutMs?: Millis;
    }
  /** Give a message up: it is not sent again, and has failed. Without effect on what has ended, or never was. */
  | { readonly type: 'abort'; readonly messageId: MessageId }
  /** A peer said goodbye to the mesh. Nothing is awaited of it until a link with it is up again. */
  | { readonly type: 'departed'; readonly peer: PeerId }
  /**
   * Send a parcel: once, unacknowledged. One to a peer that cannot go on comes back as `bounced`, if that finds its way;
   * others, and encoded ones over `MAX_PARCEL_BYTES` (20 KiB), are dropped.
   */
  | { readonly type: 'parcel'; readonly address: Address; readonly body: unknown }
  /** Send a parcel that sought a key, and ended here, on to a peer that it may be for: as if its sender had. */
  | {
      readonly type: 'pass';
      readonly to: PeerId;
      readonly body: unknown;
      readonly path: readonly PeerId[];
      readonly ttl: number;
    }
  /** Another peer is reachable over `route` as if there were a link; without `route` it is so no more. */
  | { readonly type: 'tunnel'; readonly peer: PeerId; readonly route: readonly PeerId[] | undefined }
  /** A leaf (a peer with a single link) whose id is near ours is reached over `route`; without `route` no more. */
  | { readonly type: 'lodger'; readonly peer: PeerId; readonly route: readonly PeerId[] | undefined }
  /** Nothing is heard of a neighbour: others are preferred until it is `recovered` or down. */
  | { readonly type: 'suspect'; readonly peer: PeerId }
  | { readonly type: 'recovered'; readonly peer: PeerId }
  /** What is known of a neighbour: its row of the 2-hop table. Ignored unless there is a link with it. */
  | {
      readonly type: 'view';
      readonly peer: PeerId;
      /** Its neighbours on the ring. */
      readonly neighbours: readonly PeerId[];
      /** Those that have no other link; none unless said. */
      readonly leaves?: readonly PeerId[];
      /** It has no other link itself, so that no way leads over it; by default it has. */
      readonly leaf?: boolean;
    }
  /** This mesh leaves: what waits for an acknowledgement fails as disconnected, and everything but the counters is forgotten. */
  | { readonly type: 'leave' }
  | PeerUp
  | PeerDown
  | Received<Message>
  | TimerFired<Timer>;
