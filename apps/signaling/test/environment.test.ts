import { PeerPigeonServer } from '@peerpigeon/server';
import { describe, expect, test } from 'vitest';
import { explain, optionsFrom } from '../src/environment.js';

describe('S152, S153: options from the environment', () => {
  test('each variable sets its option; unset and empty ones leave the default', () => {
    expect(
      optionsFrom({
        PORT: '8080',
        HOST: '0.0.0.0',
        MAX_CONNECTIONS: '5',
        CLEANUP_INTERVAL: '1000',
        PEER_TIMEOUT: ' 2000 ',
        CORS_ORIGIN: 'https://example.org',
        MAX_MESSAGE_SIZE: '4096',
        PATH: '/bin',
      }),
    ).toEqual({
      port: 8080,
      host: '0.0.0.0',
      maxConnections: 5,
      cleanupInterval: 1000,
      peerTimeout: 2000,
      corsOrigin: 'https://example.org',
      maxMessageSize: 4096,
    });
    expect(optionsFrom({ PORT: '', HOST: undefined })).toEqual({});
  });

  test.each([
    [{ PORT: 'abc' }, 'PORT is wrong: port: expected a whole number, got "abc"'],
    [{ PORT: '-1' }, 'PORT is wrong: port: expected a whole number, got "-1"'],
    [{ PORT: '65536' }, 'PORT is wrong: port: expected an integer from 0 to 65535, got 65536'],
    [{ PEER_TIMEOUT: '1e5' }, 'PEER_TIMEOUT is wrong: peerTimeout: expected a whole number, got "1e5"'],
    [{ CORS_ORIGIN: 'example.org' }, 'CORS_ORIGIN is wrong: corsOrigin: expected * or origins'],
  ])('%j: the message names the variable', (environment, text) => {
    const refusals: string[] = [];
    try {
      new PeerPigeonServer(optionsFrom(environment)).getStats();
    } catch (error) {
      refusals.push(explain(error as Error));
    }
    expect(refusals).toEqual([expect.stringContaining(text)]);
  });
});
