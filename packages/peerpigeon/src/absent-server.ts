import { PeerPigeonError } from '@peerpigeon/client';

/**
 * Stands for `PeerPigeonServer` where there is no Node, so that `import { PeerPigeonMesh, PeerPigeonServer }` builds for
 * browsers too (S3). There is no server code in it.
 */
export class PeerPigeonServer {
  /** @throws {PeerPigeonError} `NOT_AVAILABLE`, always */
  constructor() {
    throw new PeerPigeonError('NOT_AVAILABLE', 'PeerPigeonServer runs in Node, not in a browser');
  }
}
