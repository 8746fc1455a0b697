import { signalingConformance } from '@peerpigeon/mesh/testing';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { WebSocketServer } from 'ws';
import { webSocket } from '../src/adapters/web-socket.js';
import { platform } from '../src/platform/node.js';
import { conform, turn } from './conform.js';

describe('webSocket over ws keeps the signaling port', () => {
  const servers: WebSocketServer[] = [];
  let signaling: ReturnType<typeof webSocket>;
  let deadUrl = '';

  beforeAll(async () => {
    signaling = webSocket((await platform.loadWebSocket())!);
    const echo = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
    const refusing = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    refusing.on('connection', (socket) => socket.close(4001, 'no'));
    servers.push(echo, refusing);
    deadUrl = `ws://127.0.0.1:${await closedPort()}`;
  });
  afterAll(() => {
    for (const server of servers) {
      // Every client has closed its end.
      expect([...server.clients].filter((socket) => socket.readyState === socket.OPEN)).toEqual([]);
      server.close();
    }
  });

  const url = (index: number): string => {
    const { port } = (servers[index] as WebSocketServer).address() as AddressInfo;
    return `ws://127.0.0.1:${port}`;
  };
  // The names of the cases are needed before the servers run.
  const make = () => ({ signaling, echoUrl: url(0), refusingUrl: url(1), deadUrl, turn });
  conform(signalingConformance(make));
});

/** A port on which nobody listens any more. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
