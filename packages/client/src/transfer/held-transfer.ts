import { bytesToHex, type PeerId } from '@peerpigeon/core';
import type { Event } from '@peerpigeon/transfer';
import { transferError } from './failure.js';
import type { FileTransfer, ReceiveOptions, TransferResult } from './offers.js';

/** A transfer as its application holds it, at either end. */
export class HeldTransfer implements FileTransfer {
  readonly transferId: string;
  readonly peerId: PeerId;
  readonly done: Promise<TransferResult>;
  private readonly size: number | null;
  private readonly options: ReceiveOptions;
  private readonly give: (reason: string) => void;
  private resolve: (result: TransferResult) => void = () => {};
  private reject: (error: Error) => void = () => {};

  /** @param give gives the transfer up */
  constructor(
    transferId: string,
    peerId: PeerId,
    size: number | null,
    options: ReceiveOptions,
    give: (reason: string) => void,
  ) {
    this.transferId = transferId;
    this.peerId = peerId;
    this.size = size;
    this.options = options;
    this.give = give;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever does not wait for it need not catch it.
    this.done.catch(() => {});
  }

  /** Has the signal cancel it. */
  watch(): void {
    const { signal } = this.options;
    if (signal === undefined) return;
    const abort = (): void => this.cancel('aborted by its signal');
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    const stop = (): void => signal.removeEventListener('abort', abort);
    this.done.then(stop, stop);
  }

  cancel(reason = 'cancelled by the application'): void {
    this.give(reason);
  }

  on(event: Exclude<Event, { readonly type: 'offered' }>): void {
    switch (event.type) {
      case 'accepted':
        return;
      case 'progress':
        // Soon, as all listeners are called: not from within what the mesh is doing.
        void Promise.resolve().then(() => this.options.onProgress?.({ bytes: event.bytes, size: this.size }));
        return;
      case 'completed':
        return this.resolve({ size: event.size, root: bytesToHex(event.root), tookMs: event.tookMs });
      case 'failed':
        return this.reject(transferError(event, this.transferId, this.peerId));
    }
  }
}
