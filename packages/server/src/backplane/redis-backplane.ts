import type { NodeId } from '@peerpigeon/signaling-protocol';
import type { Attachment, Backplane, BackplaneHandlers } from './backplane.js';
import type { RedisClient } from './redis-client.js';
import { DEFAULT_REDIS_CONFIG, type RedisConfig } from './redis-config.js';
import { RedisNode } from './redis-node.js';

/** How a {@link RedisBackplane} is made. */
export interface RedisBackplaneOptions {
  /** Where Redis or Valkey is: `redis://[[user][:password]@]host[:port][/database]`, `rediss:` for TLS. Needs `@redis/client`. */
  readonly url?: string;
  /** A client of node-redis instead (`redis` or `@redis/client`): every connection is one like it; it is never connected itself. */
  readonly client?: RedisClient;
  /** What all keys and channels begin with. Default `pp:`. Servers with the same one are nodes of one deployment. */
  readonly prefix?: string;
  readonly config?: Partial<RedisConfig>;
}

/**
 * A backplane over Redis or Valkey. What Redis holds is a copy of what the nodes know of their own sockets: it may be lost at any
 * time, and is put right again. While Redis cannot be reached each node goes on alone.
 *
 * @example
 * const backplane = new RedisBackplane({ url: 'redis://localhost:6379' });
 * const server = new PeerPigeonServer({ backplane });
 */
export class RedisBackplane implements Backplane {
  private readonly options: RedisBackplaneOptions;

  /** @throws {TypeError} unless either `url` or `client` is given */
  constructor(options: RedisBackplaneOptions) {
    if ((options.url === undefined) === (options.client === undefined)) {
      throw new TypeError('RedisBackplane: expected either url or client');
    }
    this.options = options;
  }

  /** @throws {Error} when there is no `@redis/client`, or the URL is none */
  async attach(node: NodeId, handlers: BackplaneHandlers): Promise<Attachment> {
    const { url, client, prefix = 'pp:', config } = this.options;
    const template = client ?? (await clientFor(url as string));
    const attachment = new RedisNode({
      node,
      handlers,
      template,
      prefix,
      config: { ...DEFAULT_REDIS_CONFIG, ...config },
    });
    await attachment.begin();
    return attachment;
  }
}

async function clientFor(url: string): Promise<RedisClient> {
  let redis: { createClient(options: object): unknown };
  try {
    redis = await import('@redis/client');
  } catch (error) {
    throw new Error('a Redis URL needs the package @redis/client: npm install @redis/client', { cause: error });
  }
  return redis.createClient({ url }) as RedisClient;
}
