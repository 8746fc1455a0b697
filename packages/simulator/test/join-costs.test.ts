import { expect, test } from 'vitest';
import { JoinCosts } from '../src/join-costs.js';

test('counts what passes for a joiner: at its socket, and at others from, to or about it; never pings', () => {
  const costs = new JoinCosts();
  costs.opened('old', 0);
  costs.linked('old');
  costs.opened('new', 100);
  costs.passed('new', { type: 'announce' }, 110);
  costs.passed('new', { type: 'connected' }, 110);
  costs.passed('old', { type: 'peer-discovered', peerId: 'new' }, 120);
  costs.passed('old', { type: 'signal', to: 'new', data: 1 }, 130);
  costs.passed('new', { type: 'signal', from: 'old', data: 1 }, 130);
  costs.passed('new', { type: 'ping' }, 140);
  costs.passed('new', { type: 'pong' }, 140);
  costs.passed('old', { type: 'signal', to: 'third', data: 1 }, 150);
  expect(costs.costs()).toEqual([0, 5]);
});

test('ends with the last wanted link, or 10 s after the socket opened; a second socket is no join', () => {
  const costs = new JoinCosts();
  costs.opened('a', 0);
  costs.opened('b', 0);
  costs.linked('a');
  costs.opened('a', 1);
  costs.passed('a', { type: 'announce' }, 2);
  costs.passed('b', { type: 'announce' }, 10_000);
  costs.passed('b', { type: 'announce' }, 10_001);
  costs.passed('b', { type: 'announce' }, 10_002);
  expect(costs.costs()).toEqual([0, 1]);
});
