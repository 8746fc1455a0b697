import { SeededRng, below } from '@peerpigeon/core';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { type Frame, RawClient } from './raw-client.js';
import { peerId, serve } from './serve.js';

// The battery, checks 10 and 11: one id, one holder; one network, one world.

const crowd = {
  handshakeBurst: 1e6,
  addressConnections: 1e6,
  maxConnections: 10_000,
  messageBurst: 1e6,
  byteBurst: 1e8,
  announceBurst: 1e6,
};

test('C8.10, S144: 1,000 races of a peer with its own former socket: the newest with its token wins, none is lost', async () => {
  const { server, url } = await serve(crowd);
  const rng = new SeededRng(10);
  const times: number[] = [];
  const witness = await RawClient.connect(url, peerId(1));
  const race = async (id: string, rounds: number): Promise<RawClient> => {
    let holder = new RawClient(`${url}/?peerId=${id}&protocol=1`);
    holder.socket.once('open', () => holder.send({ type: 'announce', data: { protocol: 1 } }));
    let resume = (await holder.next('connected')).data?.['resume'];
    for (let round = 0; round < rounds; round++) {
      const former = holder;
      // The former closes before, at the same time, late, or only when it is told to.
      const when = below(rng, 4);
      if (when === 0) former.socket.close();
      const began = performance.now();
      holder = new RawClient(`${url}/?peerId=${id}&protocol=1`);
      if (when === 1) former.socket.close();
      holder.socket.once('open', () => holder.send({ type: 'announce', data: { protocol: 1, resume } }));
      const greeting = await holder.next('connected');
      times.push(performance.now() - began);
      if (when === 2) former.socket.close();
      resume = greeting.data?.['resume'];
      await former.closed;
    }
    return holder;
  };
  const winners = await Promise.all(Array.from({ length: 4 }, (_, n) => race(peerId(100 + n), 250)));
  for (const [n, winner] of winners.entries()) {
    witness.send({ type: 'offer', targetPeerId: peerId(100 + n), data: n });
    expect(await winner.next('offer')).toMatchObject({ data: n, fromPeerId: peerId(1) });
  }
  expect(await witness.settled()).toEqual([]);
  expect(server.getStats()).toMatchObject({ connections: 5, peers: 5 });
  expect(server.getPeers()).toHaveLength(5);
  expect(server.getPeers().filter(({ announced }) => announced)).toHaveLength(4);
  times.sort((a, b) => a - b);
  expect(times).toHaveLength(1_000);
  const median = times[500] as number;
  console.log(`C8.10: the newest is in after ${median.toFixed(1)} ms (p50), ${times[999]?.toFixed(1)} ms at most`);
  expect(times[990]).toBeLessThan(Math.max(100, 5 * median));
});

test('C8.11: 10,000 random acts in 20 networks: nothing is ever heard in another', async () => {
  const { server, url } = await serve(crowd);
  const rng = new SeededRng(11);
  const [NETWORKS, PEERS, ACTS] = [20, 4, 10_000];
  const pick = (count: number): number => below(rng, count);
  /** Frames that name somebody of another network, or were sent in one. */
  const wrong: Frame[] = [];
  let heard = 0;
  const clients = new Map<string, WebSocket>();
  // The same four ids are in every network, and one of its own in each: what leaks names somebody who is not there, or the wrong one.
  const idOf = (network: number, peer: number): string => peerId(peer === 0 ? 1_000 + network : peer);
  const open = (network: number, peer: number): void => {
    const id = idOf(network, peer);
    const socket = new WebSocket(`${url}/?peerId=${id}&network=net${network}`, { perMessageDeflate: false });
    clients.set(`${network}/${peer}`, socket);
    socket.on('error', () => {});
    socket.on('message', (bytes) => {
      heard++;
      const frame = JSON.parse((bytes as Buffer).toString('utf8')) as Frame;
      const named = [frame.fromPeerId, frame.data?.['peerId']].filter(
        (each) => each !== undefined && each !== 'system',
      );
      const known = Array.from({ length: PEERS }, (_, other) => idOf(network, other));
      const isStranger = named.some((each) => !known.includes(each as string));
      if (isStranger || (frame.data?.['from'] !== undefined && frame.data['from'] !== network)) wrong.push(frame);
    });
  };
  const send = (socket: WebSocket | undefined, message: object): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  for (let act = 0; act < ACTS; act++) {
    const [network, peer] = [pick(NETWORKS), pick(PEERS)];
    const socket = clients.get(`${network}/${peer}`);
    if (socket?.readyState === WebSocket.CONNECTING)
      await new Promise((resolve) => socket.on('open', resolve).on('close', resolve));
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) open(network, peer);
    else if (act % 40 === 0) socket.close();
    else if (act % 41 === 0) socket.terminate();
    else {
      const target = idOf(pick(NETWORKS), pick(PEERS));
      const type = ['announce', 'announce', 'goodbye', 'ping', 'offer', 'offer', 'answer', 'ice-candidate'][pick(8)];
      // Now and then somebody tries to talk itself elsewhere.
      const elsewhere = { room: `net${pick(NETWORKS)}`, networkName: `net${pick(NETWORKS)}` };
      if (type === 'announce') send(socket, { type, data: { ...elsewhere, protocol: pick(2) || undefined } });
      else send(socket, { type, targetPeerId: target, data: { from: network, ...elsewhere } });
    }
    if (act % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(server.getStats().peers).toBe(server.getPeers().length);
  for (const socket of clients.values()) socket.terminate();
  expect(heard).toBeGreaterThan(ACTS / 4);
  expect(wrong).toEqual([]);
});
