/** What is needed of a client of Redis or Valkey: that of node-redis, `redis` or `@redis/client`, from version 4 on has it. */
export interface RedisClient {
  readonly options?: { readonly socket?: object } | undefined;
  connect(): Promise<unknown>;
  /** Another client like this one, which is not connected. */
  duplicate(overrides?: object): RedisClient;
  sendCommand(args: string[]): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  on(event: string, listener: (error: Error) => void): unknown;
  /** Ends at once, whatever waits. Version 5 and later; … */
  destroy?(): unknown;
  /** … version 4. */
  disconnect?(): Promise<unknown>;
}
