/**
 * What several signaling nodes on one Redis cost: `node bench/nodes.mjs` (after `pnpm build`; needs `redis-server` on the PATH,
 * or PEERPIGEON_REDIS). Two attachments to a `RedisBackplane` in this process, a Redis of its own, processor time of both.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { RedisBackplane } from '@peerpigeon/server';

const RELAYS = 20_000;
const JOINS = 1_000;
const SIZES = [1_000, 5_000, 20_000];
/** Asked for at once, so that no queue overflows. */
const BATCH = 100;
/** What a hub asks of the index for one announce. */
const SEARCH = { around: 16, nearest: 16, random: 11, seeking: 1, also: [] };
/** Units of time in /proc. */
const TICKS_PER_SECOND = 100;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function startRedis() {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(process.env['PEERPIGEON_REDIS'] ?? 'redis-server', args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const text of child.stdout) if (/ready to accept connections/i.test(String(text))) break;
  const proc = (file) => readFileSync(`/proc/${child.pid}/${file}`, 'utf8');
  return {
    url: `redis://127.0.0.1:${port}`,
    micros: () => {
      const [user, system] = proc('stat').split(' ').slice(13, 15).map(Number);
      return ((user + system) * 1e6) / TICKS_PER_SECOND;
    },
    kilobytes: () => Number(/VmRSS:\s+(\d+)/.exec(proc('status'))[1]),
    stop: () => child.kill(),
  };
}

/** A node without sockets: counts what it is told, and keeps the last batch. */
async function attach(backplane, name) {
  const node = { inputs: [], count: 0, wake: () => undefined };
  const receive = (input) => {
    if (input.type !== 'delivered') node.inputs.push(input);
    node.count++;
    node.wake();
  };
  node.attachment = await backplane.attach(name, { receive, error: (error) => console.error(error.message) });
  node.until = async (count) => {
    while (node.count < count) await new Promise((resolve) => (node.wake = resolve));
  };
  node.ask = async (outputs) => {
    node.count = 0;
    for (const output of outputs) node.attachment.handle(output);
    await node.until(outputs.length);
    return node.inputs.splice(0);
  };
  return node;
}

async function join(node, count) {
  for (let from = 0; from < count; from += BATCH) {
    const claims = Array.from({ length: BATCH }, (_, connection) => {
      return { type: 'claim', connection, network: 'global', peerId: randomBytes(20).toString('hex') };
    });
    const claimed = await node.ask(claims);
    const announces = claimed.map(({ peerId, epoch, connection }) => {
      const record = { id: peerId, epoch: 1, caps: { maxPeers: 3 }, expires: 1e15 };
      const ticket = { connection, announce: { type: 'announce' }, isNews: true };
      const member = { record, isOurs: true };
      return { type: 'announce', network: 'global', peerId, epoch, member, search: SEARCH, ticket };
    });
    await node.ask(announces);
  }
}

const redis = await startRedis();
process.on('exit', () => redis.stop());
const empty = redis.kilobytes();
const backplane = new RedisBackplane({ url: redis.url });
const [a, b] = [await attach(backplane, 'a'), await attach(backplane, 'b')];

/** Processor time in µs for each of `count`, here and in Redis. */
async function cost(count, act) {
  const [own, theirs] = [process.cpuUsage(), redis.micros()];
  await act();
  const { user, system } = process.cpuUsage(own);
  return `${((user + system) / count).toFixed(0)} µs here, ${((redis.micros() - theirs) / count).toFixed(0)} µs in Redis`;
}

const target = 'b'.repeat(40);
await b.ask([{ type: 'claim', connection: 1, network: 'relays', peerId: target }]);
const message = { type: 'write', message: { type: 'offer', from: 'a'.repeat(40), data: 'x'.repeat(500) } };
for (const round of ['the first', 'further']) {
  const text = await cost(RELAYS, async () => {
    b.count = 0;
    for (let sent = 0; sent < RELAYS; sent += BATCH) {
      for (let i = 0; i < BATCH; i++) {
        a.attachment.handle({ type: 'forward', network: 'relays', to: [target], message, sender: 1 });
      }
      await b.until(sent + BATCH);
    }
  });
  console.log(`${RELAYS} offers of 500 bytes from node to node, ${round}: ${text} each, both nodes together`);
}
let members = 0;
for (const size of SIZES) {
  await join(a, size - members);
  const text = await cost(JOINS, () => join(a, JOINS));
  members = size + JOINS;
  console.log(`a join beside ${size} members: ${text}`);
}
console.log(`Redis: ${((redis.kilobytes() - empty) / members).toFixed(2)} kB for each of ${members} members`);
await Promise.all([a, b].map(({ attachment }) => attachment.detach()));
process.exit(0);
