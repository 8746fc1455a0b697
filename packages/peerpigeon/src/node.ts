export * from '@peerpigeon/client';
export { PeerPigeonServer } from '@peerpigeon/server';
export type {
  Authorize,
  AuthRequest,
  Grant,
  PeerInfo,
  PeerPigeonServerOptions,
  Refusal,
  ServerAddress,
  ServerEvents,
  ServerOptions,
  ServerStats,
} from '@peerpigeon/server';
