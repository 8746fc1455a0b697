import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Mode } from './message.js';
import { Tree } from './tree.js';

/**
 * All trees: the one that authors share, and those of publishers that send much. A new one of a publisher has every link, so
 * that its first message floods and what is left are the fastest ways. Into the shared one a link comes lazily once the tree is
 * there.
 */
export class Forest {
  readonly shared: Tree;
  private readonly own = new Map<PeerId, Tree>();
  private readonly links = new Set<PeerId>();
  private readonly config: Config;

  constructor(config: Config) {
    this.config = config;
    this.shared = new Tree([], config);
  }

  /** Trees of publishers. */
  get size(): number {
    return this.own.size;
  }

  get peers(): ReadonlySet<PeerId> {
    return this.links;
  }

  add(peer: PeerId, state: 'eager' | 'lazy'): void {
    this.links.add(peer);
    this.shared.add(peer, state);
    for (const tree of this.own.values()) tree.add(peer, 'eager');
  }

  delete(peer: PeerId): void {
    this.links.delete(peer);
    for (const tree of this.all()) tree.delete(peer);
  }

  /** The tree that a prune or graft names, if it is there. */
  named(author: PeerId | undefined): Tree | undefined {
    return author === undefined ? this.shared : this.own.get(author);
  }

  /**
   * The tree that a message of `author` takes, made if need be; the shared one where there are too many others.
   * @returns the tree, and its name in a prune or graft
   */
  of(mode: Mode, author: PeerId, now: Millis): { readonly tree: Tree; readonly name: PeerId | undefined } {
    const tree = mode === 'own' ? this.ownTree(author, now) : undefined;
    return tree === undefined ? { tree: this.shared, name: undefined } : { tree, name: author };
  }

  all(): Tree[] {
    return [this.shared, ...this.own.values()];
  }

  private ownTree(author: PeerId, now: Millis): Tree | undefined {
    const { maxTrees, treeMaxIdleMs } = this.config;
    let tree = this.own.get(author);
    if (tree === undefined) {
      // Oldest use first. One in use never gives way: its next message would flood.
      const [first] = this.own;
      if (first !== undefined && this.own.size >= maxTrees) {
        if (first[1].usedAt + treeMaxIdleMs > now) return undefined;
        this.own.delete(first[0]);
      }
      if (maxTrees === 0) return undefined;
      tree = new Tree(this.links, this.config);
    }
    this.own.delete(author);
    this.own.set(author, tree);
    tree.usedAt = now;
    return tree;
  }
}
