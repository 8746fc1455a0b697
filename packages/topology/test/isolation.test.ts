import { expect, test } from 'vitest';
import { isolationStep } from '../src/isolation.js';
import { Keeping, id } from './keeping.js';

test('S90, S91: isolated, those come first that it dials anyway, the XOR-closest of them', () => {
  const own = new Keeping(id('7'));
  own.know(id('8'), id('1'), id('3'), id('f'));
  expect(isolationStep(own.context, false, own.now).peer).toBe(id('3'));
});

test('S92: without any such peer the XOR-closest is dialled', () => {
  const own = new Keeping(id('4'));
  own.know(id('c'), id('7'), id('9'), id('f'));
  expect(isolationStep(own.context, false, own.now).peer).toBe(id('7'));
});

test('S92: one dial at a time, and a dead closest peer delays the next for a bounded time', () => {
  const own = new Keeping(id('7'));
  const { config, neighbourhood, knowledge, rng } = own.context;
  own.know(id('3'), id('1'));
  neighbourhood.pending.set(id('3'), { purpose: 'ring', ours: true, since: own.now });
  const waiting = isolationStep(own.context, false, own.now);
  expect(waiting.peer).toBeUndefined();
  expect(waiting.until).toBeLessThanOrEqual(own.now + config.slowDialMs);
  neighbourhood.pending.clear();
  knowledge.failed(id('3'), own.now, rng, 'silent', true);
  expect(isolationStep(own.context, false, own.now).peer).toBe(id('1'));
});

test('S90, S104: after a redirect the ring neighbours come first, who never refuse', () => {
  const own = new Keeping(id('7'));
  const { knowledge, rng } = own.context;
  own.know(id('3'), id('6'), id('2'), id('9'));
  expect(isolationStep(own.context, false, own.now).peer).toBe(id('6'));
  knowledge.hasNoRoom(id('6'), own.now, rng);
  expect(isolationStep(own.context, false, own.now).peer).toBe(id('9'));
});
