import { describe, expect, test } from 'vitest';
import { HELP, UsageError, parseCommand } from '../src/arguments.js';
import { SCENARIOS } from '../src/scenario.js';

const LEAST = ['run', '--scenario', 'broadcast', '--peers', '20', '--max-peers', '3', '--seed', '1'];

const FLAGS =
  '--broadcasts 5 --directs 6 --payload 10 --interval-ms 50 --senders all --warmup 2 --loss 0.05 --join-ms 7 ' +
  '--minutes 1.5 --kill 0.3 --down-ms 5 --cut-ms 6 --session-minutes 9.5 --stayers 2 --ids clusters --policy nearest ' +
  '--unreachable 0.15 --unreachable-peers 0.2 --mixed-caps --clock-skew 300 --throttled ' +
  '--liveness modelled --wire --json --dump out.jsonl';

describe('the command line', () => {
  test('takes the four that must be said', () => {
    expect(parseCommand(LEAST)).toEqual({
      type: 'run',
      scenario: 'broadcast',
      request: { peers: 20, maxPeers: 3, seed: 1, mixedCaps: false, throttled: false, wire: false },
      json: false,
      dump: undefined,
    });
  });

  test('takes every flag of the contract', () => {
    expect(parseCommand([...LEAST, ...FLAGS.split(' ')])).toEqual({
      type: 'run',
      scenario: 'broadcast',
      request: {
        peers: 20,
        maxPeers: 3,
        seed: 1,
        broadcasts: 5,
        directs: 6,
        payload: 10,
        intervalMs: 50,
        senders: 'all',
        warmup: 2,
        loss: 0.05,
        joinMs: 7,
        minutes: 1.5,
        kill: 0.3,
        downMs: 5,
        cutMs: 6,
        sessionMinutes: 9.5,
        stayers: 2,
        ids: 'clusters',
        policy: 'nearest',
        unreachable: 0.15,
        unreachablePeers: 0.2,
        mixedCaps: true,
        clockSkew: 300,
        throttled: true,
        liveness: 'modelled',
        wire: true,
      },
      json: true,
      dump: 'out.jsonl',
    });
  });

  test('helps', () => {
    expect(parseCommand(['--help'])).toEqual({ type: 'help' });
    expect(parseCommand(['run', '--help'])).toEqual({ type: 'help' });
    for (const flag of FLAGS.match(/--[a-z-]+/g) ?? []) expect(HELP).toMatch(new RegExp(`^  ${flag} `, 'm'));
    for (const name of Object.keys(SCENARIOS)) expect(HELP).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  test.each([
    [[], 'expected the command run'],
    [['walk'], 'expected the command run, got walk'],
    [['run'], '--scenario is missing'],
    [LEAST.slice(0, 7), '--seed is missing'],
    [[...LEAST, '--speed', '9'], '--speed'],
    [[...LEAST, '--json=yes'], '--json'],
    [[...LEAST, '--peers', 'many'], "--peers: expected an integer in [1, 1000000], got 'many'"],
    [[...LEAST, '--peers', '0'], '--peers'],
    [[...LEAST, '--peers', '1.5'], '--peers'],
    [[...LEAST, '--seed', ''], '--seed'],
    [[...LEAST, '--loss', '5'], '--loss: expected a number in [0, 1]'],
    [[...LEAST, '--scenario', 'party'], '--scenario: expected one of broadcast, direct, join, '],
    [[...LEAST, '--senders', '2'], '--senders: expected one of 1, all'],
    [[...LEAST, '--liveness', 'half'], '--liveness'],
    [[...LEAST, '--kill', '30'], '--kill: expected a number in [0, 1]'],
    [[...LEAST, '--session-minutes', '0'], '--session-minutes'],
    [[...LEAST, '--ids', 'evil'], '--ids: expected one of uniform, prefix, clusters'],
    [[...LEAST, '--policy', 'farthest'], '--policy'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(UsageError);
    expect(() => parseCommand(args)).toThrow(message);
  });
});
