import type { Event, Handle, Input, Output, Reason } from '@peerpigeon/transfer';
import { BlockStore } from './block-store.js';
import { sha256 } from './hashing.js';
import type { Sink } from './sink.js';
import type { Source } from './source.js';

/** One transfer, as its application's end sees it: where its bytes come from or go to, and who hears of it. */
export interface Party {
  readonly source?: Source;
  /** Of an offer that is not decided there is none. */
  sink?: Sink;
  readonly on: (event: Exclude<Event, { readonly type: 'offered' }>) => void;
}

interface Running extends Party {
  readonly blocks: BlockStore;
  /** Writes to the sink, one after the other. */
  writing: Promise<void>;
}

/** What a runner needs. */
export interface RunnerHost {
  feed(input: Input): void;
  offered(event: Extract<Event, { readonly type: 'offered' }>): void;
  /** A bug of ours. */
  onError(error: unknown): void;
}

/**
 * Carries out what transfers ask of their interpreter: reads, hashes and writes bytes. Everything it holds is bounded by the
 * machine: a sender's window and what is hashed ahead, a receiver's credit.
 */
export class ByteRunner {
  private readonly host: RunnerHost;
  private readonly running = new Map<Handle, Running>();

  constructor(host: RunnerHost) {
    this.host = host;
  }

  /** Begins to hold a transfer. */
  add(transfer: Handle, party: Party): void {
    this.running.set(transfer, { ...party, blocks: new BlockStore(), writing: Promise.resolve() });
  }

  /** Gives a transfer that was offered its sink. */
  open(transfer: Handle, sink: Sink): void {
    const running = this.running.get(transfer);
    if (running !== undefined) running.sink = sink;
  }

  /** Whether it has not ended. */
  has(transfer: Handle): boolean {
    return this.running.has(transfer);
  }

  /** Carries out one output of the machine. */
  perform(output: Output): void {
    if (output.type === 'event') return this.happened(output.event);
    if (!('transfer' in output)) return;
    const running = this.running.get(output.transfer);
    if (running === undefined) return;
    const { blocks } = running;
    switch (output.type) {
      case 'hash':
        return this.hash(running, output);
      case 'read': {
        const { transfer, offset, length } = output;
        const bytes = blocks.read(offset, length);
        if (bytes !== undefined) return this.host.feed({ type: 'chunk', transfer, offset, bytes });
        return this.host.onError(new Error(`transfer: a read at ${offset} of what is not held`));
      }
      case 'forget':
        return blocks.forget(output.offset);
      case 'write':
        return blocks.write(output.block, output.blockLength, output.offset, output.bytes);
      case 'commit':
        return this.commit(running, output);
      case 'finish':
        return this.finish(running, output.transfer);
    }
  }

  private hash(running: Running, output: Extract<Output, { readonly type: 'hash' }>): void {
    const { transfer, offset, length, attempt } = output;
    const hashed = async (): Promise<void> => {
      const { source, blocks } = running;
      const block = source === undefined ? blocks.get(offset) : await source.next(length);
      if (block === undefined) return;
      if (source !== undefined && block.length > 0) blocks.put(offset, block);
      const hash = await sha256(block);
      this.host.feed({ type: 'hashed', transfer, offset, length: block.length, attempt, hash });
    };
    hashed().catch((error: unknown) => this.end(transfer, 'source', error));
  }

  private commit(running: Running, { transfer, offset, length }: Extract<Output, { readonly type: 'commit' }>): void {
    const { sink, blocks } = running;
    const block = blocks.get(offset);
    if (sink === undefined || block === undefined) return;
    const write = async (): Promise<void> => {
      await sink.write(block);
      blocks.take(offset);
      this.host.feed({ type: 'written', transfer, offset: offset + length });
    };
    running.writing = running.writing.then(write).catch((error: unknown) => this.end(transfer, 'sink', error));
  }

  private finish(running: Running, transfer: Handle): void {
    const { sink } = running;
    running.writing
      .then(() => sink?.close())
      .then(() => this.host.feed({ type: 'finished', transfer }))
      .catch((error: unknown) => this.end(transfer, 'sink', error));
  }

  private end(transfer: Handle, reason: Reason, error: unknown): void {
    // The application's own stream failed, or it wants no more: the machine tells everyone.
    if (this.running.has(transfer))
      this.host.feed({ type: 'cancel', transfer, reason, text: shortened(String(error)) });
  }

  private happened(event: Event): void {
    if (event.type === 'offered') return this.host.offered(event);
    const running = this.running.get(event.transfer);
    if (event.type === 'completed' || event.type === 'failed') this.running.delete(event.transfer);
    if (event.type === 'failed') running?.source?.close(event.text);
    running?.on(event);
  }
}

/** A text as it can be sent: cut to the limit, and without what UTF-8 has no form for. */
export function shortened(text: string): string {
  return text.slice(0, 128).replace(/[\ud800-\udfff]/g, '');
}
