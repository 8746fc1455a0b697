import { type Millis, SeededRng } from '@peerpigeon/core';
import {
  type ConnectionId,
  Hub,
  type HubConfig,
  type HubEvent,
  type HubInput,
  type HubOutput,
  type NodeId,
  type NodeInput,
  type NodeOutput,
  Registry,
  type ServerMessage,
} from '../src/index.js';

/** What one step did to a connection. */
export type Effect = { readonly connection: ConnectionId } & (
  | { readonly write: ServerMessage }
  | { readonly close: number }
);

type Input = HubInput | NodeInput;

/**
 * Hubs in virtual time that share an index, or one that is alone. After each input everything that follows from it at once is
 * carried out, and the living answer probes.
 */
export class Nodes {
  readonly registry: Registry;
  readonly hubs = new Map<NodeId, Hub>();
  /** Who never answers probes. */
  readonly dead = new Set<ConnectionId>();
  /** The dead that were probed, until they are closed. */
  readonly doubted = new Set<ConnectionId>();
  readonly events: (HubEvent & { readonly node: NodeId })[] = [];
  /** Nodes that do nothing, as if their process had stopped. */
  readonly paused = new Set<NodeId>();
  now: Millis = 0;
  private effects: Effect[] = [];
  private readonly places = new Map<ConnectionId, NodeId>();
  private readonly queue: { readonly node: NodeId; readonly input: Input }[] = [];
  private timers: { readonly at: Millis; readonly node: NodeId; readonly input: Input }[] = [];

  constructor(names: readonly NodeId[], config: Partial<HubConfig> = {}, seed = 1) {
    const rng = new SeededRng(seed);
    this.registry = new Registry({ rng, deliver: (node, input) => this.push(node, input) });
    for (const node of names) {
      const tokens = new SeededRng(seed + this.hubs.size + 1);
      const shared = names.length > 1 ? { node } : {};
      this.hubs.set(node, new Hub({ rng, tokens, config, ...shared }));
    }
  }

  get connections(): number {
    return [...this.hubs.values()].reduce((sum, hub) => sum + hub.connections, 0);
  }

  /** Feeds an input to the hub with that connection; gives everything written and closed. */
  feed(input: Exclude<HubInput, { type: 'timer' }>, node = this.places.get(input.connection)): Effect[] {
    if (node === undefined) return [];
    this.places.set(input.connection, node);
    this.push(node, input);
    return this.settle();
  }

  advance(ms: Millis): Effect[] {
    const end = this.now + ms;
    for (;;) {
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers[0];
      if (next === undefined || next.at > end) break;
      this.timers.shift();
      this.now = Math.max(this.now, next.at);
      this.push(next.node, next.input);
      this.drain();
    }
    this.now = end;
    return this.settle();
  }

  /** Lets a paused node continue with what has gathered. */
  resume(node: NodeId): Effect[] {
    this.paused.delete(node);
    return this.settle();
  }

  get pending(): number {
    return this.timers.length;
  }

  private settle(): Effect[] {
    this.drain();
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  private push(node: NodeId, input: Input): boolean {
    if (!this.hubs.has(node)) return false;
    this.queue.push({ node, input });
    return true;
  }

  private drain(): void {
    for (;;) {
      const index = this.queue.findIndex(({ node }) => !this.paused.has(node));
      if (index === -1) return;
      const [next] = this.queue.splice(index, 1) as [(typeof this.queue)[number]];
      const out: (HubOutput | NodeOutput)[] = [];
      this.hubs.get(next.node)?.handle(next.input, this.now, out);
      for (const output of out) this.carryOut(next.node, output);
    }
  }

  private carryOut(node: NodeId, output: HubOutput | NodeOutput): void {
    switch (output.type) {
      case 'write':
        this.effects.push({ connection: output.connection, write: output.message });
        return;
      case 'close':
        this.doubted.delete(output.connection);
        this.effects.push({ connection: output.connection, close: output.code });
        return;
      case 'probe':
        if (this.dead.has(output.connection)) this.doubted.add(output.connection);
        else this.push(node, { type: 'alive', connection: output.connection });
        return;
      case 'timer':
        this.timers.push({ at: output.at, node, input: output });
        return;
      case 'event':
        this.events.push({ ...output.event, node });
        return;
      default:
        this.registry.handle(node, output);
    }
  }
}
