import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe } from 'vitest';
import { RedisBackplane } from '../../src/index.js';
import { backplaneContract } from './contract.js';
import { RedisProcess } from './redis-process.js';

let redis: RedisProcess;
let runs = 0;
const prefix = (): string => `test${runs++}:`;

beforeAll(async () => {
  redis = await RedisProcess.start();
});
afterAll(() => redis.stop());

describe('over Redis, by its URL', () => {
  backplaneContract(() => Promise.resolve(new RedisBackplane({ url: redis.url, prefix: prefix() })));
});

describe('over Redis, with a client that is given', () => {
  backplaneContract(() => {
    const client = createClient({ url: redis.url });
    return Promise.resolve(new RedisBackplane({ client, prefix: prefix() }));
  });
});
