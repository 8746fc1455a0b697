import { randomBytes } from 'node:crypto';
import { jitter } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import {
  type Epoch,
  type Member,
  type NodeId,
  type NodeInput,
  type NodeMessage,
  type NodeOutput,
  Registry,
} from '@peerpigeon/signaling-protocol';
import type { Attachment, BackplaneHandlers, BackplaneStats } from './backplane.js';
import { decodeMember, decodePublished, encodeMember, encodeNodeMessage } from './node-codec.js';
import type { RedisClient } from './redis-client.js';
import type { RedisConfig } from './redis-config.js';
import { RedisKeeper } from './redis-keeper.js';
import { RedisLink } from './redis-link.js';

/** What a node of a Redis backplane is made of. */
export interface RedisNodeOptions {
  readonly node: NodeId;
  readonly handlers: BackplaneHandlers;
  readonly template: RedisClient;
  readonly prefix: string;
  readonly config: RedisConfig;
}

type Output<Type extends NodeOutput['type']> = Extract<NodeOutput, { type: Type }>;

/** A queue that overflows is told at most so often. */
const COMPLAINT_INTERVAL_MS = 10_000;

const RNG = { uint32: (): number => randomBytes(4).readUInt32LE() };

/** Members that seek links, remembered in each network. */
const MAX_SEEKERS = 64;

/**
 * One node's part of a Redis backplane: turns what its hub asks into scripts, and their answers into inputs. It keeps a registry
 * of what the node itself holds. From that the index is written anew where it is wrong, and everything is answered while Redis
 * cannot be: then the node is alone, and its peers go on.
 */
export class RedisNode implements Attachment {
  private readonly options: RedisNodeOptions;
  /** What this node holds, with the epochs that the index knows, or will. */
  private readonly mirror: Registry;
  private readonly keeper: RedisKeeper;
  private link: RedisLink | undefined;
  /** Claims on their way, by id and network, and how many. */
  private readonly claims = new Map<string, number>();
  private lastEpoch: Epoch = 0;
  private retryMs: Millis;
  private retry: NodeJS.Timeout | undefined;
  private isDetached = false;
  private nextComplaintAt: Millis = 0;
  /** Whether the present outage has been told. */
  private isTold = false;

  constructor(options: RedisNodeOptions) {
    this.options = options;
    const { node, handlers, prefix, config } = options;
    this.retryMs = config.retryMs[0];
    this.mirror = new Registry({
      rng: RNG,
      nextEpoch: () => this.nextEpoch(),
      deliver: (to, input) => {
        if (to === node) handlers.receive(input);
        return to === node;
      },
    });
    this.keeper = new RedisKeeper({
      node,
      prefix,
      config,
      mirror: this.mirror,
      isClaiming: (network, peerId) => this.claims.has(peerId + network),
      superseded: (network, peerId, epoch) => this.receive({ type: 'superseded', network, peerId, epoch }),
      error: (error) => handlers.error(error),
    });
  }

  /** Connects; resolves once that has succeeded or failed. */
  async begin(): Promise<void> {
    await this.connect();
  }

  handle(output: NodeOutput): void {
    switch (output.type) {
      case 'claim':
        return this.claim(output);
      case 'announce':
        return this.announce(output);
      case 'depart':
        return this.depart(output);
      case 'forward':
        return this.forward(output);
      case 'post':
        return this.post(output);
    }
  }

  stats(): BackplaneStats {
    const { nodes, resyncs, reaped, lagMs } = this.keeper;
    const up = this.link?.isOpen ?? false;
    return { kind: 'redis', up, nodes: up ? nodes : 1, resyncs, reaped, queue: this.link?.queue ?? 0, lagMs };
  }

  async detach(): Promise<void> {
    this.isDetached = true;
    clearTimeout(this.retry);
    this.keeper.stop();
    if (this.link?.isOpen) await this.keeper.leave(this.link).catch(() => undefined);
    this.link?.close();
  }

  private async connect(): Promise<void> {
    const { node, template, prefix, config } = this.options;
    const link: RedisLink = new RedisLink({
      template,
      channel: `${prefix}node:${node}`,
      answerMs: config.answerMs,
      message: (text) => this.onPublished(text),
      lost: (error) => this.onLost(link, error),
    });
    try {
      await link.open();
    } catch {
      return; // told by `lost`, and tried again
    }
    if (this.isDetached) return link.close();
    this.link = link;
    this.retryMs = config.retryMs[0];
    this.isTold = false;
    await this.keeper.start(link).catch((error: Error) => link.close(error));
  }

  private onLost(link: RedisLink, error: Error): void {
    const { handlers, config } = this.options;
    if (this.link === link) {
      this.link = undefined;
      this.keeper.stop();
    }
    if (this.isDetached) return;
    if (!this.isTold) handlers.error(new Error(`backplane: ${error.message}`, { cause: error }));
    this.isTold = true;
    this.retry = setTimeout(() => void this.connect(), jitter(RNG, this.retryMs, 0.3));
    this.retryMs = Math.min(2 * this.retryMs, config.retryMs[1]);
  }

  private onPublished(text: string): void {
    try {
      const { at, input } = decodePublished(text);
      this.keeper.heard(at, input === undefined);
      if (input !== undefined) this.receive(input);
    } catch (error) {
      this.options.handlers.error(error as Error);
    }
  }

  /** Hands an input to the hub, once the mirror knows of it. */
  private receive(input: NodeInput): void {
    if (input.type === 'superseded') {
      const { network, peerId, epoch } = input;
      const entry = this.mirror.entry(network, peerId);
      if (entry !== undefined && entry.epoch <= epoch) this.mirror.delete(network, peerId);
    }
    this.options.handlers.receive(input);
  }

  /** Runs a script with the link there is now; what it answers goes to `then`. If there is none, or it fails: `otherwise`. */
  private run(
    script: Parameters<RedisLink['run']>[0],
    args: readonly (string | number)[],
    then: (answer: unknown) => void,
    otherwise: () => void,
  ): void {
    const { link } = this;
    const { prefix, config, handlers } = this.options;
    if (link === undefined) return otherwise();
    if (link.queue >= config.maxQueue) {
      this.complain();
      return otherwise();
    }
    link
      .run(script, [prefix, ...args])
      .then(
        (answer) => then(answer),
        (error: Error) => {
          if (link.isOpen) handlers.error(error);
          otherwise();
        },
      )
      // A bug, or an answer that no script of ours gives.
      .catch((error: Error) => handlers.error(error));
  }

  /** Too many commands wait for Redis. */
  private complain(): void {
    const now = performance.now();
    if (now < this.nextComplaintAt) return;
    this.nextComplaintAt = now + COMPLAINT_INTERVAL_MS;
    this.options.handlers.error(new Error('backplane: too many commands wait for Redis'));
  }

  private claim(output: Output<'claim'>): void {
    const { connection, network, peerId, over } = output;
    const { node } = this.options;
    const args = [...this.names(network), peerId, node, over ?? ''];
    const key = peerId + network;
    this.claims.set(key, (this.claims.get(key) ?? 0) + 1);
    const settle = (): void => {
      const left = (this.claims.get(key) ?? 1) - 1;
      if (left > 0) this.claims.set(key, left);
      else this.claims.delete(key);
    };
    this.run(
      'claim',
      args,
      (reply) => {
        const answer = reply as [1, string, string] | [0, NodeId, string];
        settle();
        if (answer[0] === 0) {
          return this.receive({ type: 'held', connection, network, node: answer[1], epoch: Number(answer[2]) });
        }
        const epoch = Number(answer[1]);
        this.lastEpoch = Math.max(this.lastEpoch, epoch);
        const former = answer[2] === '' ? undefined : decodeMember(answer[2]);
        this.mirror.set(network, peerId, { node, epoch }, former);
        this.receive({ type: 'claimed', connection, network, peerId, epoch, ...(former && { former }) });
      },
      () => {
        settle();
        this.mirror.handle(node, output);
      },
    );
  }

  private announce(output: Output<'announce'>): void {
    const { network, peerId, epoch, member, search, ticket } = output;
    const { node } = this.options;
    // Put right first, so that the index can be written from it at any time.
    if (this.mirror.entry(network, peerId)?.epoch === epoch) this.mirror.set(network, peerId, { node, epoch }, member);
    const { around, nearest, random, seeking, also } = search;
    const wanted = [around, nearest, random, seeking, MAX_SEEKERS, also.length, ...also];
    this.run(
      'announce',
      [...this.names(network), peerId, node, epoch, encodeMember(member), ...wanted],
      (reply) => {
        const answer = reply as [PeerId[], string[], PeerId[], PeerId[], PeerId[]] | null;
        if (answer === null) this.receive({ type: 'superseded', network, peerId, epoch });
        const [, records, drawn, matched, held] = answer ?? [[], [], [], [], []];
        const members = records.flatMap((record): Member[] => (record === '' ? [] : [decodeMember(record)]));
        this.receive({ type: 'found', ticket, members, drawn, seeking: matched, held });
      },
      () => this.mirror.handle(node, output),
    );
  }

  private depart(output: Output<'depart'>): void {
    const { network, peerId, epoch, stays, knownBy, told } = output;
    const { node } = this.options;
    if (this.link === undefined) return this.mirror.handle(node, output);
    const entry = this.mirror.entry(network, peerId);
    if (entry?.epoch === epoch) {
      this.mirror.delete(network, peerId);
      if (stays) this.mirror.set(network, peerId, { node, epoch }, undefined);
    }
    const message = { type: 'write', message: { type: 'peer-disconnected', peerId } } as const;
    const lists = [knownBy.length, ...knownBy, told.length, ...told];
    const args = [
      ...this.names(network),
      peerId,
      node,
      epoch,
      stays ? 1 : 0,
      this.head(network),
      tail(message),
      ...lists,
    ];
    const nothing = (): void => undefined;
    this.run('depart', args, nothing, nothing);
  }

  private forward(output: Output<'forward'>): void {
    const { network, to, message, sender } = output;
    const args = [encodeURIComponent(network), this.head(network), tail(message, sender), to.length, ...to];
    const tell = (absent: readonly PeerId[]): void => {
      if (sender === undefined) return;
      for (const peerId of absent) this.receive({ type: 'absent', connection: sender, peerId });
    };
    // Whoever is here needs no backplane, so without one nobody else is.
    this.run(
      'forward',
      args,
      (absent) => tell(absent as PeerId[]),
      () => tell(to),
    );
  }

  private post({ node, message }: Output<'post'>): void {
    const nothing = (): void => undefined;
    this.run('post', [node, `"from":"${this.options.node}",${tail(message)}`], nothing, nothing);
  }

  private names(network: string): [key: string, json: string] {
    return [encodeURIComponent(network), JSON.stringify(network)];
  }

  private head(network: string): string {
    return `"from":"${this.options.node}","network":${JSON.stringify(network)}`;
  }

  /** µs of Redis' clock, as well as it is known: what is claimed without it is compared with what others claimed. */
  private nextEpoch(): Epoch {
    this.lastEpoch = Math.max(this.lastEpoch + 1, Math.round(1_000 * (Date.now() + this.keeper.clockOffsetMs)));
    return this.lastEpoch;
  }
}

function tail(message: NodeMessage, sender?: number): string {
  return `"message":${encodeNodeMessage(message)}${sender === undefined ? '' : `,"sender":${sender}`}`;
}
