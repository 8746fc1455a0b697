import { startServer } from './processes.mjs';
import { crowd, RawPeer, peerId } from './raw-peer.mjs';
import { percentile, round } from './statistics.mjs';

/** Pairs that talk all the while, and how often each says something. Together with what the joins take they stay within limits. */
const PAIRS = 20;
const PERIOD_MS = 100;
const BEFORE_MS = 2_000;
/** From the burst on; the server's limits act within it. */
const AFTER_MS = 3_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends stamped signals from one to the other and notes how long each takes. */
class Conversation {
  constructor(from, to) {
    this.from = from;
    this.to = to;
    this.times = [];
    this.sent = 0;
    to.socket.on('message', (data) => {
      const { type, data: payload } = JSON.parse(data.toString());
      if (type === 'signal') this.times.push(performance.now() - payload.at);
    });
  }

  begin() {
    this.timer = setInterval(() => {
      this.sent++;
      this.from.signal('signal', this.to.id, { at: performance.now() });
    }, PERIOD_MS);
  }

  take() {
    return { sent: this.sent, times: this.times.splice(0) };
  }

  end() {
    clearInterval(this.timer);
  }
}

/**
 * One client sends a burst at once, under the limits that a server has by default; others talk meanwhile.
 * @param {{ burst: number, seed?: number }} options
 */
export async function burst({ burst: count, seed = 1 }) {
  const server = await startServer('peerpigeon', {});
  const peers = await crowd(server.url, 2 * PAIRS, { seed, parallel: 10 });
  const conversations = Array.from({ length: PAIRS }, (_, i) => new Conversation(peers[2 * i], peers[2 * i + 1]));
  const [sender, target] = await Promise.all(
    [2 * PAIRS, 2 * PAIRS + 1].map((index) => new RawPeer(server.url, peerId(seed, index)).ready()),
  );
  let relayed = 0;
  let complaints = 0;
  let closedWith = null;
  target.socket.on('message', (data) => {
    if (JSON.parse(data.toString()).type === 'offer') relayed++;
  });
  sender.socket.on('message', (data) => {
    if (JSON.parse(data.toString()).type === 'error') complaints++;
  });
  const onClose = (code) => (closedWith = code);
  sender.socket.once('close', onClose);

  for (const conversation of conversations) conversation.begin();
  await pause(BEFORE_MS);
  const before = conversations.flatMap((conversation) => conversation.take().times);
  const offer = { type: 'offer', sdp: 'a'.repeat(300) };
  for (let i = 0; i < count; i++) sender.signal('offer', target.id, offer);
  await pause(AFTER_MS);
  for (const conversation of conversations) conversation.end();
  await pause(2 * PERIOD_MS);
  const taken = conversations.map((conversation) => conversation.take());
  const during = taken.flatMap(({ times }) => times);
  const sent = taken.reduce((sum, each) => sum + each.sent, 0);
  sender.socket.off('close', onClose);
  for (const peer of [...peers, sender, target]) peer.socket.terminate();
  await server.stop();
  return {
    burst: count,
    relayed,
    complaints,
    closedWith,
    others: { sent, lost: sent - before.length - during.length },
    beforeP99Ms: round(percentile(before, 0.99), 1),
    duringP50Ms: round(percentile(during, 0.5), 1),
    duringP99Ms: round(percentile(during, 0.99), 1),
  };
}
