/** What a server tells its operator. `totalConnections` counts open connections after the event. */
export type ServerEvents = {
  /** It listens (S142). */
  readonly started: { readonly host: string; readonly port: number };
  /** It does not listen any more (S143). */
  readonly stopped: undefined;
  /** A peer was accepted; once for each. A takeover of its own dead connection is not a new peer (S144). */
  readonly peerConnected: { readonly peerId: string; readonly totalConnections: number };
  /** An accepted peer is gone; exactly once for each (S145). */
  readonly peerDisconnected: { readonly peerId: string; readonly totalConnections: number };
  /** A peer became discoverable (S146). */
  readonly peerAnnounced: { readonly peerId: string };
  /** A peer said goodbye (S147). */
  readonly peerGoodbye: { readonly peerId: string };
  /** Something went wrong that the server lives with; `peerId` when a peer's doing (S148). */
  readonly error: { readonly error: Error; readonly peerId?: string };
};
