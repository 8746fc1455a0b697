import { WebSocket } from 'ws';
import { startServer } from './processes.mjs';
import { peerId } from './raw-peer.mjs';
import { median, round } from './statistics.mjs';
import { unlimited } from './unlimited.mjs';

const OFFER_BYTES = 500;
const PAIRS = 10;
/** Messages of a pair on their way at once: the server always has something to do, and nothing piles up. */
const WINDOW = 64;

/** An offer of 500 bytes in all. @param {string} to */
function offer(to) {
  const envelope = (sdp) =>
    JSON.stringify({ type: 'offer', data: { type: 'offer', sdp }, targetPeerId: to, timestamp: 1_767_225_600_000 });
  const head = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
  return envelope(head + 'a'.repeat(OFFER_BYTES - envelope(head).length));
}

class Pair {
  /** @param {string} url @param {string} from @param {string} to */
  constructor(url, from, to) {
    this.text = offer(to);
    this.received = 0;
    this.onArrival = () => {};
    this.sender = new WebSocket(`${url}/?peerId=${from}&to=${to}`, { perMessageDeflate: false });
    this.receiver = new WebSocket(`${url}/?peerId=${to}&to=${from}`, { perMessageDeflate: false });
    this.receiver.on('message', (data) => {
      // The longest answer of the server itself is shorter.
      if (data.length < OFFER_BYTES - 50) return;
      this.received++;
      this.onArrival();
    });
  }

  open() {
    const opened = (socket) =>
      new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
        socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
      });
    return Promise.all([opened(this.sender), opened(this.receiver)]);
  }

  /** Sends so many, a window of them at a time; resolves when all have arrived. @param {number} count */
  async pass(count) {
    let sent = 0;
    const end = this.received + count;
    await new Promise((resolve, reject) => {
      this.sender.once('close', (code) => reject(new Error(`the sender was closed with ${code}`)));
      const next = () => {
        sent++;
        this.sender.send(this.text);
      };
      this.onArrival = () => {
        if (this.received === end) resolve(undefined);
        else if (sent < count) next();
      };
      for (let i = 0; i < Math.min(WINDOW, count); i++) next();
    });
    this.sender.removeAllListeners('close');
  }
}

/**
 * Offers of 500 bytes from peer to peer: our server beside a plain `ws` one that relays without parsing, in turn, each in its
 * own process, the clients in a third. The share of processor time counts what the clients cost nothing of.
 * @param {{ relays: number, rounds?: number, seed?: number }} options
 */
export async function relays({ relays: count, rounds = 7, seed = 1 }) {
  const kinds = { bare: await startServer('bare'), ours: await startServer('peerpigeon', unlimited(2 * PAIRS)) };
  const lanes = {};
  for (const [kind, { url }] of Object.entries(kinds)) {
    lanes[kind] = Array.from({ length: PAIRS }, (_, i) => new Pair(url, peerId(seed, 2 * i), peerId(seed, 2 * i + 1)));
    await Promise.all(lanes[kind].map((pair) => pair.open()));
  }
  const each = Math.ceil(count / PAIRS);
  const results = { bare: [], ours: [] };
  for (let turn = -1; turn < rounds; turn++) {
    for (const kind of turn % 2 === 0 ? ['ours', 'bare'] : ['bare', 'ours']) {
      const before = await kinds[kind].ask('cpu');
      const began = performance.now();
      await Promise.all(lanes[kind].map((pair) => pair.pass(each)));
      const ms = performance.now() - began;
      const { user, system } = await kinds[kind].ask('cpu');
      const cpuMicros = (user + system - before.user - before.system) / (each * PAIRS);
      // The first turn is for the compilers.
      if (turn >= 0) results[kind].push({ perSecond: (1_000 * each * PAIRS) / ms, cpuMicros });
    }
  }
  for (const pair of Object.values(lanes).flat()) for (const socket of [pair.sender, pair.receiver]) socket.terminate();
  await Promise.all(Object.values(kinds).map((server) => server.stop()));
  const of = (kind, name) => median(results[kind].map((result) => result[name]));
  return {
    offerBytes: OFFER_BYTES,
    perRound: each * PAIRS,
    rounds,
    oursPerSecond: Math.round(of('ours', 'perSecond')),
    barePerSecond: Math.round(of('bare', 'perSecond')),
    ratio: round(of('ours', 'perSecond') / of('bare', 'perSecond')),
    oursCpuMicros: round(of('ours', 'cpuMicros'), 1),
    bareCpuMicros: round(of('bare', 'cpuMicros'), 1),
    cpuRatio: round(of('bare', 'cpuMicros') / of('ours', 'cpuMicros')),
  };
}
