export * from '@peerpigeon/client';
export { PeerPigeonServer } from './absent-server.js';
