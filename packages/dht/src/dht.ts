import type { Machine, Millis } from '@peerpigeon/core';
import { DEFAULTS } from './config.js';
import type { Config, Options } from './config.js';
import type { Input } from './input.js';
import type { Output } from './output.js';
import type { DhtRecord, Key } from './record.js';

/** What a node holds and has under way. */
export interface Stats {
  /** Keys held for the mesh, and bytes of their values. */
  readonly keys: number;
  readonly bytes: number;
  /** Leases of subscribers held here. */
  readonly leases: number;
  /** Own subscriptions, and own records that are renewed. */
  readonly subscriptions: number;
  readonly published: number;
  /** Own operations under way, and those for others. */
  readonly operations: number;
  readonly jobs: number;
}

/** One node; one per mesh. */
export class Dht implements Machine<Input, Output> {
  private readonly config: Config;

  constructor(options: Options) {
    this.config = { ...DEFAULTS, ...options };
  }

  get stats(): Stats {
    void this.config;
    return { keys: 0, bytes: 0, leases: 0, subscriptions: 0, published: 0, operations: 0, jobs: 0 };
  }

  /** The records held of a key, in no order; for tools and tests. */
  held(_key: Key): readonly DhtRecord[] {
    return [];
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    return {};
  }

  handle(_input: Input, _now: Millis, _out: Output[]): void {}
}
