import { randomInt } from 'node:crypto';
import { CloseCode } from '@peerpigeon/signaling-protocol';
import type { Switchboard } from './switchboard.js';

/** Clients leave over so much of the time given, … */
const SPREAD = 0.8;
/** … and over no more than this: what others take in may not come as a wave, and nobody waits for minutes. */
const MAX_SPREAD_MS = 20_000;
/** How long after its time a client that was told is waited for, as a part of the time given: its timers may be slow. */
const GRACE = 0.1;
/** How often it is looked who should be gone, as a part of the time given. */
const STEP = 1 / 50;

/**
 * Has every client come back elsewhere, each at a time of its own: those that understand it are told when, and leave without a gap
 * that anybody notices; the others are closed with 1012 then, and who was told and is still there a little later. Resolves when nobody
 * is left, after nine tenths of `withinMs` at the latest.
 */
export async function drain(board: Switchboard, withinMs: number): Promise<void> {
  const spreadMs = Math.round(Math.min(MAX_SPREAD_MS, withinMs * SPREAD));
  const began = performance.now();
  const leaveAt = new Map<number, number>();
  for (const line of board.openLines()) {
    const afterMs = randomInt(spreadMs + 1);
    if (line.speaksProtocol) board.send(line, { type: 'drain', afterMs });
    leaveAt.set(line.connection, began + afterMs + (line.speaksProtocol ? withinMs * GRACE : 0));
  }
  await new Promise<void>((resolve) => {
    const step = setInterval(
      () => {
        const now = performance.now();
        for (const line of board.openLines()) {
          if (now < (leaveAt.get(line.connection) ?? 0)) continue;
          board.cut(line, CloseCode.RESTART, 'the server stops; come back');
        }
        if (board.openLines().length > 0 && now - began < spreadMs + withinMs * GRACE) return;
        clearInterval(step);
        resolve();
      },
      Math.max(1, withinMs * STEP),
    );
  });
}
