import { afterAll, beforeAll, describe } from 'vitest';
import { MemoryBackplane, PeerPigeonServer, type PeerPigeonServerOptions, RedisBackplane } from '../../src/index.js';
import { signalingConformance } from '../conformance.js';
import { RedisProcess } from './redis-process.js';

/** Two servers, to which clients come by turns. */
function turns(options: () => PeerPigeonServerOptions): () => string {
  const servers: PeerPigeonServer[] = [];
  const urls: string[] = [];
  let next = 0;
  beforeAll(async () => {
    for (const nodeId of ['a', 'b']) {
      const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', nodeId, handshakeBurst: 1_000, ...options() });
      servers.push(server);
      urls.push((await server.start()).url);
    }
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
  });
  return () => urls[next++ % urls.length] as string;
}

describe('S128: what README clients rely on, from two nodes in one process', () => {
  const backplane = new MemoryBackplane();
  signalingConformance(turns(() => ({ backplane })));
});

describe('S128: the same from two nodes on one Redis', () => {
  let redis: RedisProcess;
  beforeAll(async () => {
    redis = await RedisProcess.start();
  });
  afterAll(() => redis.stop());
  signalingConformance(turns(() => ({ backplane: new RedisBackplane({ url: redis.url }) })));
});
