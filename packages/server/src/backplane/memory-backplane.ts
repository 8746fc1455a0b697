import { randomBytes } from 'node:crypto';
import { type NodeId, type NodeInput, type NodeOutput, Registry } from '@peerpigeon/signaling-protocol';
import type { Attachment, Backplane, BackplaneHandlers, BackplaneStats } from './backplane.js';

/**
 * A backplane within one process: servers that are given the same one are several nodes. Everything is answered at once.
 *
 * @example
 * const backplane = new MemoryBackplane();
 * const servers = [3000, 3001].map((port) => new PeerPigeonServer({ port, backplane }));
 */
export class MemoryBackplane implements Backplane {
  private readonly nodes = new Map<NodeId, BackplaneHandlers>();
  private readonly registry = new Registry({
    rng: { uint32: () => randomBytes(4).readUInt32LE() },
    deliver: (node, input) => this.deliver(node, input),
  });

  /** @throws {RangeError} when the name is taken */
  attach(node: NodeId, handlers: BackplaneHandlers): Promise<Attachment> {
    if (this.nodes.has(node)) return Promise.reject(new RangeError(`nodeId: expected a free one, got ${node}`));
    this.nodes.set(node, handlers);
    return Promise.resolve({
      handle: (output: NodeOutput) => this.registry.handle(node, output),
      stats: () => this.stats(),
      detach: () => this.detach(node),
    });
  }

  private deliver(node: NodeId, input: NodeInput): boolean {
    const handlers = this.nodes.get(node);
    handlers?.receive(input);
    return handlers !== undefined;
  }

  private stats(): BackplaneStats {
    return { kind: 'memory', up: true, nodes: this.nodes.size, resyncs: 0, reaped: 0, queue: 0, lagMs: 0 };
  }

  private detach(node: NodeId): Promise<void> {
    this.nodes.delete(node);
    this.registry.drop(node);
    return Promise.resolve();
  }
}
