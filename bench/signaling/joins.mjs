import { PeerPigeonMesh, webSocket } from '@peerpigeon/client';
import { decodeClientMessage, decodeServerMessage } from '@peerpigeon/signaling-protocol';
import { createNetwork, JoinCosts, Recorder } from '@peerpigeon/simulator';
import { WebSocket } from 'ws';
import { MemoryLinks } from './memory-links.mjs';
import { needFiles, startServer } from './processes.mjs';
import { peerId } from './raw-peer.mjs';
import { mean, percentile, round } from './statistics.mjs';
import { unlimited } from './unlimited.mjs';

const LATENCY_MS = [10, 100];
/** Of so many members one leaves at the end, one after the other; 20 at most. */
const LEAVERS = 20;
const MEMBERS_A_LEAVER = 5;
const LEAVE_MS = 100;
/** The smaller mesh has so many members at least. */
const LEAST = 5;
/** Whoever has so many links has come in; it is waited for so long. */
const LINKED = 2;
const LINKING_MS = 10_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The same for a pair in either order: uniform in the range. @param {string} a @param {string} b */
function latencyMs(a, b) {
  const words = [a, b].sort().join('').match(/.{8}/g) ?? [];
  const mixed = words.reduce((sum, word) => Math.imul(sum ^ Number.parseInt(word, 16), 0x9e3779b1), 7) >>> 0;
  const [least, most] = LATENCY_MS;
  return least + (mixed / 2 ** 32) * (most - least);
}

/** Meshes of ours at a real server, over real WebSockets; only the links between them stay within this process. */
class Population {
  constructor(url, { seed, maxPeers }) {
    this.url = url;
    this.seed = seed;
    this.maxPeers = maxPeers;
    this.costs = new JoinCosts();
    this.links = new MemoryLinks(latencyMs);
    this.meshes = new Map();
    /** What the server has told each peer of: ids. */
    this.known = new Map();
    /** Notices of a leave at those whom the server had never told of the peer, and at those who knew it in no way at all. */
    this.leaves = { notices: 0, untold: 0, strangers: 0 };
    this.messages = 0;
  }

  async join(index) {
    const id = peerId(this.seed, index);
    this.known.set(id, new Set());
    const mesh = new PeerPigeonMesh({
      peerId: id,
      maxPeers: this.maxPeers,
      enableWebDHT: false,
      transfer: false,
      ports: { links: this.links.of(id), signaling: this.signaling(id) },
    });
    this.meshes.set(id, mesh);
    mesh.on('peerConnected', () => {
      if (mesh.getConnectedPeerCount() >= Math.min(this.maxPeers, this.meshes.size - 1)) this.costs.linked(id);
    });
    await mesh.connect(this.url);
  }

  /** Some leave, one after the other, each with a goodbye. */
  async leave(count) {
    for (const [id, mesh] of [...this.meshes].slice(0, count)) {
      this.meshes.delete(id);
      mesh.disconnect();
      await pause(LEAVE_MS);
    }
  }

  close() {
    for (const mesh of this.meshes.values()) mesh.disconnect();
  }

  /** The port of one peer: WebSockets, with the latency of a network, and a count of what passes. */
  signaling(id) {
    const port = webSocket(
      class extends WebSocket {
        constructor(url) {
          super(url, { perMessageDeflate: false });
        }
      },
    );
    const delayMs = latencyMs(id, '0'.repeat(40));
    const later = (act) => void pause(delayMs).then(act);
    return {
      open: (url, handlers) => {
        const channel = port.open(url, {
          opened: () => {
            this.costs.opened(id, performance.now());
            later(handlers.opened);
          },
          message: (text) => {
            this.received(id, decodeServerMessage(text));
            later(() => handlers.message(text));
          },
          closed: (code, reason) => later(() => handlers.closed(code, reason)),
        });
        return {
          send: (text) => {
            this.sent(id, decodeClientMessage(text));
            later(() => channel.send(text));
          },
          close: () => later(() => channel.close()),
        };
      },
    };
  }

  sent(id, message) {
    this.count(id, message);
    // An offer makes its sender known to its target, and the target was known to the sender.
    if ('to' in message) this.known.get(id)?.add(message.to);
  }

  received(id, message) {
    this.count(id, message);
    const known = this.known.get(id);
    if (message.type === 'peers')
      for (const record of [...message.peers, ...(message.seeking ?? [])]) known.add(record.id);
    if (message.type === 'peer-discovered') known.add(message.peerId);
    if ('from' in message) known.add(message.from);
    if (message.type !== 'peer-disconnected') return;
    this.leaves.notices++;
    if (known.has(message.peerId)) return;
    this.leaves.untold++;
    const discovered = this.meshes.get(id)?.getDiscoveredPeers() ?? [];
    if (!discovered.some((peer) => peer.peerId === message.peerId)) this.leaves.strangers++;
  }

  count(id, message) {
    if (message.type === 'ping' || message.type === 'pong') return;
    this.messages++;
    this.costs.passed(id, message, performance.now());
  }
}

/** A mesh that grows to so many members at the real server. */
async function grow(members, { joinMs, settleMs, seed, maxPeers }) {
  const server = await startServer('peerpigeon', unlimited(members));
  const population = new Population(server.url, { seed, maxPeers });
  const began = performance.now();
  const joining = [];
  for (let index = 0; index < members; index++) {
    const wait = began + index * joinMs - performance.now();
    if (wait > 0) await pause(wait);
    joining.push(population.join(index));
  }
  await Promise.all(joining);
  const linked = () =>
    [...population.meshes.values()].filter((mesh) => mesh.getConnectedPeerCount() >= Math.min(LINKED, members - 1));
  const until = performance.now() + LINKING_MS;
  while (linked().length < members && performance.now() < until) await pause(50);
  const linkedOnes = linked().length;
  await pause(settleMs);
  const costs = population.costs.costs();
  const leavers = Math.min(LEAVERS, Math.ceil(members / MEMBERS_A_LEAVER));
  await population.leave(leavers);
  population.close();
  await server.stop();
  return { ...summary(costs), linked: linkedOnes, leaves: { leavers, ...population.leaves } };
}

/** @param {readonly number[]} costs in the order of joining */
function summary(costs) {
  const last = costs.slice(-Math.min(100, costs.length >> 1));
  return {
    members: costs.length,
    mean: round(mean(costs), 1),
    last: last.length,
    lastMean: round(mean(last), 1),
    p50: percentile(costs, 0.5),
    p99: percentile(costs, 0.99),
    max: Math.max(...costs),
  };
}

/** The same joins in the simulator. */
function simulate(members, { joinMs, settleMs, seed, maxPeers }) {
  const recorder = new Recorder(() => 0);
  const network = createNetwork({ seed, observer: recorder, latencyMs: LATENCY_MS, liveness: 'modelled' });
  for (let index = 0; index < members; index++) {
    network.join({ id: peerId(seed, index), settings: { maxPeers } });
    network.run(joinMs);
  }
  network.run(settleMs);
  return summary(recorder.joins.costs());
}

/**
 * What a join costs the server in messages, received and sent, from the opening of the joiner's socket until it has the links it
 * wants: meshes of ours at a real server and the same joins in the simulator, with a tenth of the members and with all of them. And
 * who is told of a leave.
 * @param {{ joins: number, seed?: number, joinMs?: number, settleMs?: number, maxPeers?: number }} options `joinMs` lie between two joins; who has not
 *   linked after `settleMs` is counted no more
 */
export async function joins({ joins: members, seed = 1, joinMs = 100, settleMs = 10_000, maxPeers = 3 }) {
  needFiles(members);
  const how = { joinMs, settleMs, seed, maxPeers };
  const few = Math.max(LEAST, Math.round(members / 10));
  const small = await grow(few, how);
  const large = await grow(members, how);
  const simulated = { small: simulate(few, how), large: simulate(members, how) };
  return {
    joinMs,
    maxPeers,
    small,
    large,
    ratio: round(large.mean / small.mean),
    simulated: { ...simulated, ratio: round(simulated.large.mean / simulated.small.mean) },
  };
}
