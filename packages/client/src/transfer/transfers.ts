import { MAX_HOPS, bytesToHex, randomBytes } from '@peerpigeon/core';
import type { MessageId, PeerId, Rng } from '@peerpigeon/core';
import type { Event as MeshEvent, Protocol } from '@peerpigeon/mesh';
import { MAX_NAME_LENGTH } from '@peerpigeon/transfer';
import type { Description, Event, Handle, Input, Kind, Output } from '@peerpigeon/transfer';
import { checkString, checkType } from '../argument.js';
import { missing } from '../missing.js';
import { ByteRunner, shortened } from './byte-runner.js';
import { messageFailure } from './failure.js';
import { Incoming } from './incoming.js';
import type { FileOffer, FileTransfer, OpenedStream, SendFileOptions } from './offers.js';
import { HeldTransfer } from './held-transfer.js';
import { transferProtocol } from './protocol.js';
import { memorySink } from './sink.js';
import { fromBytes, liveSource, sourceOf, type FileContent, type Source } from './source.js';

/** What transfers need of their mesh. */
export interface TransferHost {
  /** Hands the machine an input. */
  feed(input: Input): void;
  /** Of the application's messages: arrived, delivered, failed. */
  tell(event: MeshEvent): void;
  /** Shows the application a file; false when nobody listens. */
  fileOffered(offer: FileOffer): boolean;
  /** Shows it a stream; false when nobody listens. */
  streamOpened(stream: OpenedStream): boolean;
  onError(error: unknown): void;
  /** Milliseconds since 1970. */
  wall(): number;
  readonly rng: Rng;
  readonly peerId: PeerId;
  readonly network: string;
}

/** 32 hexadecimal digits, as ids of messages have. */
const ID_BYTES = 16;

/**
 * Files, streams and large messages of one mesh. Loaded on demand: a build that is told `transfer: false` holds none of it.
 */
export class Transfers {
  readonly protocol: Protocol;
  readonly maxMessageBytes: number;
  private readonly host: TransferHost;
  private readonly runner: ByteRunner;

  constructor(host: TransferHost, maxMessageBytes: number) {
    this.host = host;
    this.maxMessageBytes = maxMessageBytes;
    this.protocol = transferProtocol(maxMessageBytes);
    this.runner = new ByteRunner({
      feed: (input) => host.feed(input),
      offered: (event) => this.onOffered(event),
      onError: (error) => host.onError(error),
    });
  }

  /** Carries out what the machine asks for. */
  perform(output: Output): void {
    this.runner.perform(output);
  }

  /** A fresh id of a transfer, or of a message that goes as one. */
  newId(): MessageId {
    return bytesToHex(randomBytes(this.host.rng, ID_BYTES));
  }

  /** See `PeerPigeonMesh.sendFile`. */
  sendFile(to: PeerId, content: FileContent, options: SendFileOptions): FileTransfer {
    const named = content as { readonly name?: unknown; readonly type?: unknown };
    const name = checkString('name', options.name ?? (text(named.name) || 'file'), MAX_NAME_LENGTH);
    const mime = checkType('type', options.type ?? text(named.type), 'string').slice(0, MAX_NAME_LENGTH);
    return this.send('file', to, sourceOf(content), name, mime, options);
  }

  /** See `PeerPigeonMesh.openStream`. */
  openStream(
    to: PeerId,
    name: string,
  ): { readonly writable: WritableStream<Uint8Array>; readonly transfer: FileTransfer } {
    checkString('name', name, MAX_NAME_LENGTH);
    if (typeof TransformStream !== 'function') throw missing('TransformStream', 'use a current browser');
    // What is written waits here until the receiver has given credit for it.
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const transfer = this.send('stream', to, liveSource(readable), name, '', {});
    return { writable, transfer };
  }

  /** Sends encoded content as a message; what becomes of it is told as of any other. `id` is of {@link newId}. */
  sendMessage(id: MessageId, to: PeerId, channel: string, content: Uint8Array): void {
    const on = (event: Event): void => {
      if (event.type === 'completed') {
        const { path, tookMs: roundTripMs } = event;
        const hops = path.length;
        this.host.tell({ type: 'messageDelivered', messageId: id, to, hops, roundTripMs, late: false });
      } else if (event.type === 'failed') {
        this.host.tell({ type: 'messageFailed', messageId: id, to, reason: messageFailure(event) });
      }
    };
    this.runner.add(id, { source: fromBytes(content), on });
    this.offer(id, to, { kind: 'message', name: channel, mime: '', size: content.length });
  }

  /** Gives a transfer up, whatever it is. */
  cancel(transfer: Handle, reason: string): void {
    if (!this.runner.has(transfer)) return;
    this.host.feed({ type: 'cancel', transfer, reason: 'cancelled', text: shortened(reason) });
  }

  private send(
    kind: Kind,
    to: PeerId,
    source: Source,
    name: string,
    mime: string,
    options: SendFileOptions,
  ): FileTransfer {
    const id = this.newId();
    const outgoing = new HeldTransfer(id, to, source.size, options, (reason) => this.cancel(id, reason));
    this.runner.add(id, { source, on: (event) => outgoing.on(event) });
    this.offer(id, to, { kind, name, mime, size: source.size });
    outgoing.watch();
    return outgoing;
  }

  private offer(id: string, to: PeerId, described: Omit<Description, 'timestamp'>): void {
    this.host.feed({ type: 'offer', id, to, description: { ...described, timestamp: this.host.wall() } });
  }

  private onOffered({ transfer, id, from, description }: Extract<Event, { readonly type: 'offered' }>): void {
    if (description.kind === 'message') return this.receiveMessage(transfer, id, from, description);
    const incoming = new Incoming(id, from, description, {
      open: (sink) => {
        this.runner.open(transfer, sink);
        this.host.feed({ type: 'accept', transfer });
      },
      reject: (reason) => this.host.feed({ type: 'reject', transfer, text: shortened(reason) }),
      cancel: (reason) => this.cancel(transfer, reason),
    });
    this.runner.add(transfer, { on: (event) => incoming.on(event) });
    const { kind } = description;
    const heard =
      kind === 'stream' ? this.host.streamOpened(incoming.asStream()) : this.host.fileOffered(incoming.asOffer());
    if (!heard) this.host.feed({ type: 'reject', transfer, text: 'nobody listens for it' });
  }

  private receiveMessage(transfer: Handle, id: string, from: PeerId, { name, timestamp }: Description): void {
    const { network, peerId: to } = this.host;
    let content = new Uint8Array(0);
    const sink = memorySink((bytes) => (content = bytes as Uint8Array<ArrayBuffer>));
    const on = (event: Event): void => {
      if (event.type !== 'completed') return;
      const { path } = event;
      const hops = path.length;
      // What routing would have made of it. Its id is its sender's word, as all of it is until messages are signed.
      const envelope = {
        kind: 'direct',
        network,
        channel: name,
        from,
        to,
        epoch: 0,
        seq: 1,
        timestamp,
        content,
      } as const;
      const none = new Uint8Array(0);
      const message = { ...envelope, id, bytes: none, signature: none };
      this.host.tell({ type: 'message', envelope: message, hops, ttl: MAX_HOPS - hops, path, verified: false });
    };
    this.runner.add(transfer, { sink, on });
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
