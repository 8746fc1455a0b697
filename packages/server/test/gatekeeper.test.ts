import { expect, test } from 'vitest';
import type { Authorize, AuthRequest } from '../src/auth/authorize.js';
import { Gatekeeper } from '../src/auth/gatekeeper.js';
import { tokenOf } from '../src/auth/token.js';

const request: AuthRequest = {
  purpose: 'connect',
  token: undefined,
  peerId: undefined,
  network: 'global',
  origin: undefined,
  remoteAddress: '127.0.0.1',
  headers: {},
};

function keep(authorize: Authorize, maxPending = 10): { gatekeeper: Gatekeeper; errors: string[] } {
  const errors: string[] = [];
  const gatekeeper = new Gatekeeper(authorize, { timeoutMs: 50, maxPending }, ({ message }) => errors.push(message));
  return { gatekeeper, errors };
}

test('passes on what the hook decides, at once or later', async () => {
  expect(await keep(() => ({ subject: 'ann' })).gatekeeper.decide(request)).toEqual({ subject: 'ann' });
  const refusal = { refusal: 'forbidden', reason: 'not today' } as const;
  expect(await keep(async () => refusal).gatekeeper.decide(request)).toEqual(refusal);
});

test.each<[string, unknown, string]>([
  ['a throw', new Error('database away'), 'database away'],
  ['nothing', undefined, 'authorize: expected a grant or a refusal, got undefined'],
  ['true', true, 'authorize: expected a grant or a refusal, got true'],
  ['networks that are none', { networks: 'all' }, 'authorize: networks is no array'],
  ['maxPeers without a subject', { maxPeers: 3 }, 'authorize: maxPeers needs to be an integer, with a subject'],
])('%s lets nobody in, and is reported', async (_what, answer, error) => {
  const { gatekeeper, errors } = keep(() => {
    if (answer instanceof Error) throw answer;
    return answer as ReturnType<Authorize>;
  });
  expect(await gatekeeper.decide(request)).toEqual({ undecided: 'the decision failed' });
  expect(errors).toEqual([error]);
});

test('a hook that never answers is given up, and no more than so many are asked at once', async () => {
  const { gatekeeper, errors } = keep(() => new Promise(() => {}), 2);
  const decisions = await Promise.all([request, request, request].map((one) => gatekeeper.decide(one)));
  expect(decisions).toEqual([
    { undecided: 'the decision failed' },
    { undecided: 'the decision failed' },
    { undecided: 'too many decisions are pending' },
  ]);
  expect(errors).toEqual(['authorize: no answer in 50 ms', 'authorize: no answer in 50 ms']);
});

test('a token comes among the subprotocols or as Authorization, and in no other way', () => {
  const token = 'aaa.bbb.ccc';
  expect(tokenOf({ 'sec-websocket-protocol': `peerpigeon.v1, peerpigeon.jwt.${token}` })).toBe(token);
  expect(tokenOf({ authorization: `Bearer ${token}` })).toBe(token);
  expect(tokenOf({ authorization: `Basic ${token}` })).toBeUndefined();
  expect(tokenOf({ 'sec-websocket-protocol': 'peerpigeon.v1, peerpigeon.jwt.' })).toBeUndefined();
  expect(tokenOf({ authorization: `Bearer ${'x'.repeat(7_000)}` })).toBeUndefined();
  expect(tokenOf({})).toBeUndefined();
});
