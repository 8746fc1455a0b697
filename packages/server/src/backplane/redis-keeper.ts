import { randomBytes } from 'node:crypto';
import { jitter } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { Epoch, NodeId, Registry } from '@peerpigeon/signaling-protocol';
import { encodeMember } from './node-codec.js';
import type { RedisConfig } from './redis-config.js';
import type { RedisLink } from './redis-link.js';

/** What a keeper is made of. */
export interface RedisKeeperOptions {
  readonly node: NodeId;
  readonly prefix: string;
  readonly config: RedisConfig;
  /** What the node holds. */
  readonly mirror: Registry;
  /** Whether a claim to an id is on its way. */
  readonly isClaiming: (network: string, peerId: PeerId) => boolean;
  /** Another node holds an id with a larger epoch. */
  readonly superseded: (network: string, peerId: PeerId, epoch: Epoch) => void;
  readonly error: (error: Error) => void;
}

type Heartbeat = readonly [
  lapsed: number,
  now: string,
  listeners: number,
  held: number,
  nodes: number,
  next: string,
  dead: NodeId[],
];

const RNG = { uint32: (): number => randomBytes(4).readUInt32LE() };
/** A full comparison every so many rounds, though the counts agree. */
const FULL_ROUND = 6;
/** Past the end of a lease, so that it has surely ended. */
const GRACE_MS = 50;

/**
 * Keeps the index true: says that the node lives, writes down anew what the index has lost of it, takes out what it does not hold
 * any more, and removes what dead nodes held.
 */
export class RedisKeeper {
  /** Live nodes, as of the last heartbeat. */
  nodes = 1;
  resyncs = 0;
  reaped = 0;
  lagMs: Millis = 0;
  /** Redis' clock less ours. */
  clockOffsetMs: Millis = 0;
  private readonly options: RedisKeeperOptions;
  private link: RedisLink | undefined;
  private readonly timers = new Map<'beat' | 'compare' | 'reap', NodeJS.Timeout>();
  /** Of the Redis that the index was written to. */
  private runId = '';
  private round = 0;
  private held = 0;
  /** Since when the channel owes what a heartbeat published there. */
  private silentSince: Millis | undefined;

  constructor(options: RedisKeeperOptions) {
    this.options = options;
  }

  /** Takes up its work with a link that has just been opened: the index may know nothing, or what is long past. */
  async start(link: RedisLink): Promise<void> {
    this.link = link;
    this.silentSince = undefined;
    await this.beat(link, true);
    this.runId = await this.readRunId(link);
    await this.restore(link);
    await this.compare(link, true);
    this.later('compare', jitter(RNG, this.options.config.compareMs), () => this.check(link));
  }

  stop(): void {
    this.link = undefined;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  /** Takes everything out that the node holds, and the node itself. */
  async leave(link: RedisLink): Promise<void> {
    await this.reapAll(link, this.options.node, true);
  }

  /** Something was published to the node's channel at `at`; `isEcho`: by its own heartbeat. */
  heard(at: Millis, isEcho: boolean): void {
    if (isEcho) this.silentSince = undefined;
    this.lagMs = Math.max(0, Math.round(Date.now() + this.clockOffsetMs - at));
  }

  private later(name: 'beat' | 'compare' | 'reap', ms: Millis, act: () => Promise<void>): void {
    clearTimeout(this.timers.get(name));
    const { link } = this;
    const timer = setTimeout(() => {
      void act().catch((error: Error) => {
        if (this.link === link && link?.isOpen) this.options.error(error);
      });
    }, ms);
    this.timers.set(name, timer);
  }

  /** Says that the node lives. If its lease had lapsed others may have taken what it held, so that it asks for all of it. */
  private async beat(link: RedisLink, isFirst = false): Promise<void> {
    const { node, prefix, config } = this.options;
    this.later('beat', config.heartbeatMs, () => this.beat(link));
    const at = performance.now();
    if (at - (this.silentSince ?? at) > config.answerMs) return link.close(new Error('the channel is silent'));
    this.silentSince ??= at;
    const sentAt = Date.now();
    const answer = (await link.run('heartbeat', [prefix, node, config.leaseMs])) as Heartbeat;
    const [lapsed, now, listeners, held, nodes, next, dead] = answer;
    this.clockOffsetMs = Number(now) - (sentAt + Date.now()) / 2;
    this.nodes = nodes;
    this.held = held;
    if (listeners === 0) return link.close(new Error('the channel is not listened to'));
    if (lapsed === 1 && !isFirst) await this.restore(link);
    const wait = next === '' ? Infinity : Number(next) - Number(now) + GRACE_MS;
    if (wait < config.heartbeatMs) this.later('reap', wait, () => this.beat(link));
    for (const other of dead) if (other !== node) await this.reapAll(link, other);
  }

  /** Looks whether the index still has what the node holds. */
  private async check(link: RedisLink): Promise<void> {
    this.later('compare', jitter(RNG, this.options.config.compareMs), () => this.check(link));
    const runId = await this.readRunId(link);
    const isOther = runId !== this.runId;
    this.runId = runId;
    const mismatch = this.held !== this.holdings().length;
    if (isOther) await this.restore(link);
    await this.compare(link, isOther || mismatch || ++this.round % FULL_ROUND === 0);
  }

  /** Which run of Redis this is: another one may have lost everything. */
  private async readRunId(link: RedisLink): Promise<string> {
    const info = (await link.command(['INFO', 'server'])) as string;
    return /run_id:(\w+)/.exec(info)?.[1] ?? '';
  }

  private holdings(): ReturnType<typeof itemOf>[] {
    return Array.from(this.options.mirror.entries(), itemOf);
  }

  /** Writes down everything that the node holds, in batches. */
  private async restore(link: RedisLink, items = this.holdings()): Promise<void> {
    const { batch } = this.options.config;
    this.resyncs++;
    for (let from = 0; from < items.length; from += batch) await this.write(link, items.slice(from, from + batch));
  }

  private async write(link: RedisLink, items: readonly ReturnType<typeof itemOf>[]): Promise<void> {
    const { node, prefix, mirror, superseded } = this.options;
    // As it is now: what has gone meanwhile is not written again.
    const current = items.flatMap(({ network, peerId }) => {
      const entry = mirror.entry(network, peerId);
      return entry === undefined ? [] : [{ network, peerId, ...entry }];
    });
    const args = current.flatMap(({ network, peerId, epoch, member }) => {
      const names = [encodeURIComponent(network), JSON.stringify(network)];
      return [...names, peerId, epoch, member === undefined ? '' : encodeMember(member)];
    });
    const refused = (await link.run('restore', [prefix, node, current.length, ...args])) as number[];
    for (const index of refused) {
      const item = current[index - 1];
      if (item !== undefined) superseded(item.network, item.peerId, item.epoch);
    }
  }

  /** Compares, and puts right both what is missing there and what is too much. */
  private async compare(link: RedisLink, isFull: boolean): Promise<void> {
    if (!isFull) return;
    const { node, prefix, config } = this.options;
    const listed = new Set((await link.command(['SMEMBERS', `${prefix}node:${node}:own`])) as string[]);
    const holdings = this.holdings();
    const missing = holdings.filter(({ key }) => !listed.has(key));
    if (missing.length > 0) await this.restore(link, missing);
    const held = new Set(holdings.map(({ key }) => key));
    const extra = [...listed].filter((key) => !held.has(key));
    for (let from = 0; from < extra.length; from += config.batch) {
      // Commands are answered in order: whatever was claimed before the list was made is in the mirror by now.
      const gone = extra.slice(from, from + config.batch).filter((key) => !this.holds(key));
      await link.run('disown', [prefix, node, gone.length, ...gone]);
    }
  }

  private holds(key: string): boolean {
    const { mirror, isClaiming } = this.options;
    const [peerId, network] = [key.slice(0, 40), decodeURIComponent(key.slice(40))];
    return mirror.entry(network, peerId) !== undefined || isClaiming(network, peerId);
  }

  private async reapAll(link: RedisLink, dead: NodeId, evenAlive = false): Promise<void> {
    const { prefix, config } = this.options;
    for (let left = 1; left > 0;) {
      const answer = (await link.run('reap', [prefix, dead, config.batch, evenAlive ? 1 : 0])) as [number, number];
      left = answer[1];
      if (!evenAlive) this.reaped += answer[0];
    }
  }
}

function itemOf({ network, peerId }: { readonly network: string; readonly peerId: PeerId }) {
  return { network, peerId, key: peerId + encodeURIComponent(network) };
}
