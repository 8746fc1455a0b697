/**
 * The server under load, a process of its own: `peerpigeon`, or `bare`, a plain `ws` server that relays what it gets to the
 * socket named in the sender's address and parses nothing. It answers questions of its parent.
 */
import { PeerPigeonServer } from '@peerpigeon/server';
import { WebSocketServer } from 'ws';
import { collectionSizes } from './collections.mjs';

const HOST = '127.0.0.1';

/** @param {object} options */
async function peerPigeon(options) {
  const server = new PeerPigeonServer({ port: 0, host: HOST, ...options });
  const { url } = await server.start();
  return { url, stats: () => server.getStats(), sizes: () => collectionSizes(server), stop: () => server.stop() };
}

async function bare() {
  const server = new WebSocketServer({ port: 0, host: HOST, perMessageDeflate: false, maxPayload: 1024 * 1024 });
  await new Promise((resolve) => server.once('listening', resolve));
  const sockets = new Map();
  server.on('connection', (socket, { url }) => {
    const query = new URL(url, 'ws://bare').searchParams;
    const [id, to] = [query.get('peerId'), query.get('to')];
    sockets.set(id, socket);
    socket.on('message', (data, isBinary) => sockets.get(to)?.send(data, { binary: isBinary }));
    socket.on('close', () => sockets.delete(id));
  });
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      for (const client of server.clients) client.terminate();
    });
  return {
    url: `ws://${HOST}:${server.address().port}`,
    stats: () => ({ connections: server.clients.size }),
    sizes: () => ({}),
    stop,
  };
}

/** Lets what has ended be collected; memory that only waits for the collector says nothing. */
async function collect() {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const [kind = 'peerpigeon', options = '{}'] = process.argv.slice(2);
const server = kind === 'bare' ? await bare() : await peerPigeon(JSON.parse(options));

const answers = {
  stats: () => server.stats(),
  sizes: () => server.sizes(),
  cpu: () => process.cpuUsage(),
  memory: async () => {
    await collect();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  },
  stop: () => server.stop(),
};

async function reply({ id, question }) {
  process.send({ id, answer: await answers[question]() });
  if (question === 'stop') process.disconnect();
}

process.on('message', (message) => void reply(message));
process.on('disconnect', () => process.exit(0));
process.send({ url: server.url });
