#!/usr/bin/env node
import { PeerPigeonError } from '@peerpigeon/core';
import { PeerPigeonServer } from '@peerpigeon/server';
import { explain, explainStart, optionsFrom } from './environment.js';

function fail(message: string): never {
  console.error(`peerpigeon: ${message}`);
  process.exit(1);
}

function createServer(): PeerPigeonServer {
  try {
    return new PeerPigeonServer(optionsFrom(process.env));
  } catch (error) {
    return fail(explain(error as Error));
  }
}

const server = createServer();
server.on('error', ({ error, peerId }) => {
  console.error(`peerpigeon: ${peerId === undefined ? '' : `${peerId.slice(0, 8)}: `}${error.message}`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void server.stop().then(() => process.exit(0));
  });
}

try {
  const { url } = await server.start();
  console.log(`PeerPigeon signaling on ${url}`);
} catch (error) {
  if (error instanceof PeerPigeonError && error.code === 'ADDRESS_IN_USE') {
    fail(`${error.message}. Set PORT to another one, or end what listens there.`);
  }
  fail(explainStart(error as NodeJS.ErrnoException));
}
