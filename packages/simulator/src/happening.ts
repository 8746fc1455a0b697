import type { TransportEvent } from '@peerpigeon/link';
import type { Frame, Input } from '@peerpigeon/mesh';
import type { LinkEnd } from './link-end.js';
import type { SimulatedPeer } from './peer.js';

/** What waits on the virtual clock. */
export type Happening =
  /** A peer's machine is fed; dropped when the peer is down by then. */
  | { readonly type: 'input'; readonly to: SimulatedPeer; readonly input: Input }
  /** A frame arrives at one end of a link (bytes under `--wire`); dropped when that end is closed by then. */
  | { readonly type: 'frame'; readonly to: LinkEnd; readonly frame: Frame | Uint8Array }
  /** A transport tells its peer something; dropped when the transport is closed by then. */
  | { readonly type: 'transport'; readonly to: LinkEnd; readonly event: TransportEvent }
  /** Anything rarer. */
  | { readonly type: 'act'; readonly act: () => void };
