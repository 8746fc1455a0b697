import { RedisBackplane } from '@peerpigeon/server';

/**
 * The backplane at an address, redis: or valkey:. The server could load the client of Redis by itself, were it not for package managers that let a package
 * see its own dependencies alone: for the server it is an optional one, this command brings it.
 */
export async function redisBackplane(url: string, prefix: string | undefined): Promise<RedisBackplane> {
  const { createClient } = await import('@redis/client');
  return new RedisBackplane({
    client: createClient({ url: url.replace(/^valkey/, 'redis') }),
    ...(prefix !== undefined && { prefix }),
  });
}
