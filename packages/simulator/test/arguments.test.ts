import { describe, expect, test } from 'vitest';
import { HELP, UsageError, parseCommand } from '../src/arguments.js';

const LEAST = ['run', '--scenario', 'broadcast', '--peers', '20', '--max-peers', '3', '--seed', '1'];

describe('the command line', () => {
  test('takes the four that must be said', () => {
    expect(parseCommand(LEAST)).toEqual({
      type: 'run',
      scenario: 'broadcast',
      request: { peers: 20, maxPeers: 3, seed: 1, wire: false },
      json: false,
      dump: undefined,
    });
  });

  test('takes every flag of the contract', () => {
    const flags =
      '--broadcasts 5 --directs 6 --payload 10 --interval-ms 50 --senders all --warmup 2 --loss 0.05 --join-ms 7 ' +
      '--minutes 1.5 --liveness modelled --wire --json --dump out.jsonl';
    expect(parseCommand([...LEAST, ...flags.split(' ')])).toEqual({
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
    expect(HELP).toContain('--join-ms');
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
    [[...LEAST, '--scenario', 'party'], "--scenario: expected one of broadcast, direct, got 'party'"],
    [[...LEAST, '--senders', '2'], '--senders: expected one of 1, all'],
    [[...LEAST, '--liveness', 'half'], '--liveness'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(UsageError);
    expect(() => parseCommand(args)).toThrow(message);
  });
});
