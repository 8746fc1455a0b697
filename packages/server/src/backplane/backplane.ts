import type { NodeId, NodeInput, NodeOutput } from '@peerpigeon/signaling-protocol';

/**
 * What several servers behind one network namespace share: an index of who is connected to which of them, and ways from one to
 * another. A server attaches when it starts, and detaches when it has stopped. Suite: `test/backplane/contract.ts`.
 */
export interface Backplane {
  /**
   * Takes a node in. Resolves as soon as it can be used, which does not wait long for anybody: what cannot be reached is tried
   * again by itself, and meanwhile the node is alone.
   * @param node its name, which no other node may have at the same time
   */
  attach(node: NodeId, handlers: BackplaneHandlers): Promise<Attachment>;
}

/** What a backplane tells a node. */
export interface BackplaneHandlers {
  /** May be called while `Attachment.handle` runs. */
  receive(input: NodeInput): void;
  /** Something went wrong that the node lives with. */
  error(error: Error): void;
}

/** One node's part of a backplane. */
export interface Attachment {
  /** Carries out what the node's hub asks; answers come as inputs. Never throws, never blocks. */
  handle(output: NodeOutput): void;
  stats(): BackplaneStats;
  /** Gives up what the node holds, and leaves. */
  detach(): Promise<void>;
}

/** A node's part of a backplane in figures; JSON-safe. */
export interface BackplaneStats {
  readonly kind: string;
  /** Whether the others can be reached; if not, the server is degraded: its peers meet only each other. */
  readonly up: boolean;
  /** Nodes known to live, this one included. */
  readonly nodes: number;
  /** How often the index had to be told anew what the node holds. */
  readonly resyncs: number;
  /** Ids of dead nodes that this one has removed from the index. */
  readonly reaped: number;
  /** Questions to the index that are on their way. */
  readonly queue: number;
  /** How long the last message from another node was on its way, in ms. */
  readonly lagMs: number;
}
