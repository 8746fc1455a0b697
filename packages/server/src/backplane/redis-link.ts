import type { Millis } from '@peerpigeon/core';
import type { RedisClient } from './redis-client.js';
import { SCRIPTS, type ScriptName } from './redis-scripts.js';

/** What a link is made of. */
export interface RedisLinkOptions {
  /** Never connected itself; every connection is one like it. */
  readonly template: RedisClient;
  readonly channel: string;
  /** How long Redis may take to answer; then the connection counts as lost. */
  readonly answerMs: Millis;
  /** What is published to the channel. */
  message(text: string): void;
  /** The link is lost, once; whatever waits has failed. */
  lost(error: Error): void;
}

/** How often it is looked whether an answer is overdue, as a part of `answerMs`. */
const CHECKS = 4;

/**
 * Two connections to Redis, one of them for its channel, until one of them is lost or does not answer: then both are done with,
 * and whoever made the link makes another. Commands are sent and answered in order.
 */
export class RedisLink {
  private readonly options: RedisLinkOptions;
  private readonly commands: RedisClient;
  private readonly channel: RedisClient;
  private readonly hashes = new Map<ScriptName, string>();
  /** When the commands on their way were sent, the oldest first. */
  private readonly sent: Millis[] = [];
  private watch: NodeJS.Timeout | undefined;
  private state: 'opening' | 'open' | 'lost' = 'opening';

  constructor(options: RedisLinkOptions) {
    this.options = options;
    this.commands = this.client();
    this.channel = this.client();
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Commands on their way: whoever sends them bounds them. */
  get queue(): number {
    return this.sent.length;
  }

  /** Connects, loads the scripts and listens to the channel. Rejects, after `lost`, when that cannot be done. */
  async open(): Promise<void> {
    this.watch = setInterval(() => this.check(), this.options.answerMs / CHECKS);
    try {
      this.sent.push(performance.now());
      await Promise.all([this.commands.connect(), this.channel.connect()]);
      await this.channel.subscribe(this.options.channel, (message) => {
        if (this.state === 'open') this.options.message(message);
      });
      const names = Object.keys(SCRIPTS) as ScriptName[];
      const hashes = await Promise.all(
        names.map((name) => this.commands.sendCommand(['SCRIPT', 'LOAD', SCRIPTS[name]])),
      );
      for (const [index, name] of names.entries()) this.hashes.set(name, hashes[index] as string);
      this.sent.shift();
      if (this.state === 'opening') this.state = 'open';
    } catch (error) {
      this.close(error as Error);
    }
    if (this.state !== 'open') throw new Error('no connection to Redis');
  }

  /** Runs a script. Rejects when the link is lost, or the script fails. */
  run(script: ScriptName, args: readonly (string | number)[]): Promise<unknown> {
    return this.command(['EVALSHA', this.hashes.get(script) ?? '', '0', ...args.map(String)]);
  }

  /** Sends a command. Rejects when the link is lost. */
  async command(args: string[]): Promise<unknown> {
    if (this.state !== 'open') throw new Error('no connection to Redis');
    this.sent.push(performance.now());
    try {
      return await this.commands.sendCommand(args);
    } catch (error) {
      // The scripts are gone: somebody has flushed them.
      if (String(error).includes('NOSCRIPT')) this.close(error as Error);
      throw error;
    } finally {
      this.sent.shift();
    }
  }

  /** Ends both connections. Harmless when lost. */
  close(error: Error = new Error('closed')): void {
    if (this.state === 'lost') return;
    this.state = 'lost';
    clearInterval(this.watch);
    for (const client of [this.commands, this.channel]) destroy(client);
    this.options.lost(error);
  }

  private client(): RedisClient {
    const { template, answerMs } = this.options;
    const socket = { ...template.options?.socket, reconnectStrategy: false, connectTimeout: answerMs };
    const client = template.duplicate({ socket, disableOfflineQueue: true });
    client.on('error', (error) => this.close(error));
    client.on('end', () => this.close(new Error('Redis has closed the connection')));
    return client;
  }

  private check(): void {
    const isOverdue = (): boolean => performance.now() - (this.sent[0] ?? Infinity) > this.options.answerMs;
    if (!isOverdue()) return;
    // After a stall of the process the answer may wait to be read.
    setImmediate(() => {
      if (isOverdue()) this.close(new Error('Redis does not answer'));
    });
  }
}

function destroy(client: RedisClient): void {
  try {
    if (client.destroy !== undefined) client.destroy();
    else void client.disconnect?.().catch(() => undefined);
  } catch {
    // It was not open.
  }
}
