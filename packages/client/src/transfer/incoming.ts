import { PeerPigeonError, type PeerId } from '@peerpigeon/core';
import type { Description, Event, TransferId } from '@peerpigeon/transfer';
import { transferError } from './failure.js';
import type { FileOffer, FileTransfer, OpenedStream, ReceivedFile, ReceiveOptions } from './offers.js';
import { HeldTransfer } from './held-transfer.js';
import { readableSink, writableSink, type Sink } from './sink.js';

/** What an offer can have done. */
export interface IncomingHost {
  open(sink: Sink): void;
  reject(reason: string): void;
  cancel(reason: string): void;
}

/** A file or a stream that a peer offers. */
export class Incoming {
  private readonly id: TransferId;
  private readonly from: PeerId;
  private readonly description: Description;
  private readonly host: IncomingHost;
  private state: 'offered' | 'accepted' | 'over' = 'offered';
  private transfer: HeldTransfer | undefined;
  private sink: Sink | undefined;

  constructor(id: TransferId, from: PeerId, description: Description, host: IncomingHost) {
    this.id = id;
    this.from = from;
    this.description = description;
    this.host = host;
  }

  on(event: Exclude<Event, { readonly type: 'offered' }>): void {
    if (event.type === 'completed' || event.type === 'failed') this.state = 'over';
    if (event.type === 'failed') this.sink?.abort(transferError(event, this.id, this.from));
    this.transfer?.on(event);
  }

  asOffer(): FileOffer {
    const { id: transferId, from, host } = this;
    const { name, mime: type, size } = this.description;
    const accept = (sink?: WritableStream<Uint8Array>, options: ReceiveOptions = {}): FileTransfer =>
      sink === undefined ? this.read(options) : this.take(writableSink(sink), options);
    const reject = (reason = 'rejected by the application'): void => {
      if (this.state === 'offered') host.reject(reason);
    };
    return { transferId, from, name, type, size, accept: accept as FileOffer['accept'], reject };
  }

  /** A stream is accepted as it comes: the reader decides how fast. */
  asStream(): OpenedStream {
    const { readable } = this.read({});
    return { transferId: this.id, from: this.from, name: this.description.name, readable };
  }

  private read(options: ReceiveOptions): ReceivedFile {
    const { sink, readable } = readableSink(() => this.host.cancel('the reader wants no more'));
    return Object.assign(this.take(sink, options), { readable });
  }

  private take(sink: Sink, options: ReceiveOptions): HeldTransfer {
    const { id, from, host, description } = this;
    if (this.state !== 'offered') throw new PeerPigeonError('CLOSED', `transfer ${id} is ${this.state}`);
    this.state = 'accepted';
    this.sink = sink;
    const transfer = new HeldTransfer(id, from, description.size, options, (reason) => host.cancel(reason));
    this.transfer = transfer;
    host.open(sink);
    transfer.watch();
    return transfer;
  }
}
