/** One server as a process of its own, from what was built: `node node-process.mjs {"url", "node", "prefix"?, "config"?, "options"?}`. */
import { PeerPigeonServer, RedisBackplane } from '@peerpigeon/server';

const { url, node, prefix, config, options } = JSON.parse(process.argv[2] ?? '{}');
const backplane = new RedisBackplane({ url, prefix, config });
const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', nodeId: node, backplane, ...options });

process.on('SIGTERM', () => {
  void server.drain().then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send?.({ stats: server.getStats() }));

const { url: address } = await server.start();
process.send?.({ address });
