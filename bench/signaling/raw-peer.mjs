import { WebSocket } from 'ws';

/** A peer id from a seed and a number. @param {number} seed @param {number} index */
export function peerId(seed, index) {
  let text = '';
  // A multiplicative hash (Knuth) per 32 bits: spread over the ring, the same in every run.
  for (let word = 0; word < 5; word++) {
    const mixed =
      Math.imul((index + 1) ^ Math.imul(seed + word, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(index + word, 0xc2b2ae35);
    text += ((mixed ^ (mixed >>> 15)) >>> 0).toString(16).padStart(8, '0');
  }
  return text;
}

/** What an announce of ours says; see docs/signaling-protocol.md. @param {string} id */
export function announce(id) {
  const record = { id, epoch: 1, caps: { maxPeers: 3 }, expires: Number.MAX_SAFE_INTEGER };
  return JSON.stringify({
    type: 'announce',
    data: { peerId: id, protocol: 1, record, seeking: 1 },
    timestamp: Date.now(),
  });
}

/** A bare WebSocket that speaks JSON. It does not read what it is not asked to read. */
export class RawPeer {
  /** @param {string} url @param {string} id */
  constructor(url, id) {
    this.id = id;
    this.socket = new WebSocket(`${url}/?peerId=${id}`, { perMessageDeflate: false });
    this.closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(code)));
    this.socket.on('error', () => this.socket.terminate());
  }

  /**
   * Resolves when the server has accepted it; a plain server says nothing, so that an open socket must do.
   * @param {'announced' | 'connected' | 'open'} [when]
   */
  async ready(when = 'announced') {
    await new Promise((resolve, reject) => {
      void this.closed.then((code) => reject(new Error(`closed with ${code}`)));
      if (when === 'open') return void this.socket.once('open', resolve);
      const announced = when === 'announced';
      const onMessage = (data) => {
        const { type } = JSON.parse(data.toString());
        if (type === 'connected' && announced) this.socket.send(announce(this.id));
        if (type !== (announced ? 'peers' : 'connected')) return;
        this.socket.off('message', onMessage);
        resolve(undefined);
      };
      this.socket.on('message', onMessage);
    });
    return this;
  }

  /** @param {string} type @param {string} to @param {unknown} data */
  signal(type, to, data) {
    this.socket.send(JSON.stringify({ type, data, targetPeerId: to, timestamp: Date.now() }));
  }

  async close() {
    this.socket.close();
    await this.closed;
  }
}

/**
 * So many peers, some at a time.
 * @param {string} url @param {number} count @param {{ seed: number, parallel?: number, when?: 'announced' | 'connected' | 'open' }} options
 * @returns {Promise<RawPeer[]>}
 */
export async function crowd(url, count, { seed, parallel = 100, when = 'announced' }) {
  const peers = [];
  for (let from = 0; from < count; from += parallel) {
    const batch = Array.from(
      { length: Math.min(parallel, count - from) },
      (_, i) => new RawPeer(url, peerId(seed, from + i)),
    );
    peers.push(...(await Promise.all(batch.map((peer) => peer.ready(when)))));
  }
  return peers;
}
