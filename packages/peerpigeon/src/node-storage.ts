export { nodeStorage } from '@peerpigeon/client/storage/node';
