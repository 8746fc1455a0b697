import type { PeerId } from '@peerpigeon/core';
import type { Lease, Op, Result } from './message.js';
import { Read } from './read.js';
import type { Query, Tools } from './read.js';
import { compareRecords, isLive, keyId } from './record.js';
import type { Copy, Key } from './record.js';
import { Write } from './write.js';

/** Says what became of an operation, and how many links it crossed beyond this node. */
export type Reply = (result: Result, hops: number) => void;

/** What a coordinator tells the rest of its node. */
export interface CoordinatorEvents {
  /** A record was written: subscribers are to know. */
  written(key: Key, copy: Copy): void;
}

/** How often an operation is handed on to a nearer peer, at most: views differ, and must not send it round. */
const MAX_HANDINGS = 3;

/**
 * Carries out operations at the node where they end. Any reads; writes and subscriptions are done by the member nearest to the key
 * alone (its root), one write of a key after the other, so that of two that expect the same version one loses.
 */
export class Coordinator {
  private readonly tools: Tools;
  private readonly events: CoordinatorEvents;
  /** Keys that are being written, and the writes that wait. */
  private readonly queues = new Map<PeerId, (() => void)[]>();
  private jobs = 0;

  constructor(tools: Tools, events: CoordinatorEvents) {
    this.tools = tools;
    this.events = events;
  }

  /** How many operations are under way here. */
  get size(): number {
    return this.jobs;
  }

  /**
   * Carries an operation out, here or at the root.
   * @param trail whoever asks, and who has handed it on since
   */
  serve(op: Op, trail: readonly PeerId[], reply: Reply): void {
    const { config } = this.tools.context;
    if (this.jobs >= config.maxJobs) return reply({ type: 'refused', reason: 'busy' }, 0);
    this.jobs++;
    const answer: Reply = (result, hops) => {
      this.jobs--;
      reply(result, hops);
    };
    if (op.type === 'get') this.act(op, trail, answer);
    else this.atRoot(op, trail, answer, MAX_HANDINGS);
  }

  clear(): void {
    this.queues.clear();
    this.jobs = 0;
  }

  private atRoot(op: Op, trail: readonly PeerId[], reply: Reply, tries: number): void {
    const { context, calls, members } = this.tools;
    members.find(keyId(op.key), context.config.replicas, ([root]) => {
      if (root === undefined || root === context.self || trail.length > MAX_HANDINGS || tries === 0) {
        return this.act(op, trail, reply);
      }
      calls.ask(
        { peer: root },
        { type: 'request', trail: [...trail, context.self], op },
        {
          done: (said) => {
            if (said?.type === 'answer') return reply(said.result, said.hops);
            context.region.lose(root, context.now);
            this.atRoot(op, trail, reply, tries - 1);
          },
        },
      );
    });
  }

  private act(op: Op, trail: readonly PeerId[], reply: Reply): void {
    switch (op.type) {
      case 'get':
        return this.read(op, (result) => reply(result, 0));
      case 'put':
        return this.inTurn(op.key, (done) =>
          this.put(op.key, op.copy, (result) => {
            reply(result, 0);
            done();
          }),
        );
      case 'subscribe': {
        const { key, leaseMs, quorum } = op;
        return this.lease(key, { subscriber: trail[0] as PeerId, leftMs: leaseMs }, (granted) => {
          if (!granted) reply({ type: 'refused', reason: 'full' }, 0);
          else this.read({ key, quorum, after: null }, (result) => reply(result, 0));
        });
      }
      case 'unsubscribe':
        return this.lease(op.key, { subscriber: trail[0] as PeerId, leftMs: 0 }, () =>
          reply({ type: 'stored', copies: 0 }, 0),
        );
    }
  }

  private read(query: Query, done: (result: Result) => void): void {
    new Read(this.tools, query, done).start();
  }

  /** One write of a key at a time. */
  private inTurn(key: Key, work: (done: () => void) => void): void {
    const id = keyId(key);
    const queue = this.queues.get(id);
    const next = (): void => {
      const following = this.queues.get(id)?.shift();
      if (following === undefined) this.queues.delete(id);
      else following();
    };
    if (queue !== undefined) queue.push(() => work(next));
    else {
      this.queues.set(id, []);
      work(next);
    }
  }

  private put(key: Key, copy: Copy, done: (result: Result) => void): void {
    const { store, now } = this.tools.context;
    if (copy.record.base === null || key.space !== 'value') {
      const top = key.space === 'value' ? store.top(keyId(key)) : undefined;
      if (top === undefined || compareRecords(key, copy.record, top.record) >= 0) return this.write(key, copy, done);
      return done({
        type: 'newer',
        conflict: false,
        copies: [{ record: top.record, leftMs: Math.max(0, Math.round(top.endsAt - now)) }],
      });
    }
    const { readQuorum } = this.tools.context.config;
    this.read({ key, quorum: readQuorum, after: null }, (result) => {
      if (result.type !== 'found') return done(result);
      const [current] = result.copies;
      const fault = current === undefined ? fits(copy, undefined) : fits(copy, current);
      if (fault === undefined) this.write(key, copy, done);
      else done({ type: 'newer', conflict: fault === 'conflict', copies: result.copies });
    });
  }

  private write(key: Key, copy: Copy, done: (result: Result) => void): void {
    const write = new Write(this.tools, key, copy, (written) => {
      done(written);
      if (written.type === 'stored') this.events.written(key, copy);
    });
    write.start();
  }

  /** Grants a lease here and at the other holders. */
  private lease(key: Key, lease: Lease, done: (granted: boolean) => void): void {
    const { context, calls, members } = this.tools;
    members.find(keyId(key), context.config.replicas, (peers) => {
      const granted = context.leases.grant(key, lease, peers, context.now);
      for (const peer of granted ? peers : []) {
        if (peer !== context.self) calls.ask({ peer }, { type: 'lease', key, leases: [lease] }, { done: () => {} });
      }
      done(granted);
    });
  }
}

/** Whether a record may replace what there is: it expected that, and is newer. One that is there already may always. */
function fits({ record }: Copy, current: Copy | undefined): 'conflict' | 'older' | undefined {
  if (current?.record.author === record.author && current.record.version === record.version) return undefined;
  const version = current !== undefined && isLive(current) ? current.record.version : 0;
  if (version !== record.base) return 'conflict';
  return current !== undefined && current.record.version >= record.version ? 'older' : undefined;
}
