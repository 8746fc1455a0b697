import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CloseCode } from '../src/index.js';
import type { ClientMessage, ServerErrorCode, ServerMessage } from '../src/index.js';

/** The published protocol, from which third parties write clients and servers. */
const DOCUMENT = readFileSync(new URL('../../../docs/signaling-protocol.md', import.meta.url), 'utf8');

// The compiler asks for every name, and refuses any other.
const CLIENT: Record<ClientMessage['type'], true> = {
  announce: true,
  goodbye: true,
  offer: true,
  answer: true,
  'ice-candidate': true,
  signal: true,
  cleanup: true,
  ping: true,
};
const SERVER: Record<ServerMessage['type'], true> = {
  connected: true,
  peers: true,
  'peer-discovered': true,
  'peer-disconnected': true,
  offer: true,
  answer: true,
  'ice-candidate': true,
  signal: true,
  pong: true,
  drain: true,
  error: true,
};
const ERRORS: Record<ServerErrorCode, true> = {
  MALFORMED: true,
  TARGET_ABSENT: true,
  ID_MISMATCH: true,
  NETWORK_FIXED: true,
  RATE_LIMITED: true,
};

/** The first cells of a section's table, as code or plain. */
function firstCells(heading: string): string[] {
  const section = DOCUMENT.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const cells = [...section.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell]) => cell ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/[\w-]+/g)].map(([word]) => word)).filter((word) => word !== 'ext');
}

test('S127: the document lists every message of a client, and no other', () => {
  expect(new Set(firstCells('Client → server'))).toEqual(new Set(['type', ...Object.keys(CLIENT)]));
});

test('S127: the document lists every message and error of a server, and no other', () => {
  const expected = ['type', 'error', 'code', ...Object.keys(SERVER), ...Object.keys(ERRORS)];
  expect(new Set(firstCells('Server → client'))).toEqual(new Set(expected));
});

test('S127: the document lists every close code', () => {
  const listed = firstCells('Close codes').filter((word) => /^\d+$/.test(word));
  expect(new Set(listed.map(Number))).toEqual(new Set<number>(Object.values(CloseCode)));
});
