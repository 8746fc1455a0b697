export * from '@peerpigeon/client';
export { PeerPigeonServer } from '@peerpigeon/server';
export type { PeerInfo, ServerAddress, ServerEvents, ServerOptions, ServerStats } from '@peerpigeon/server';
