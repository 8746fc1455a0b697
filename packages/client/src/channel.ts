import {
  decodeContent,
  DecodeError,
  PeerPigeonError,
  type MessageId,
  type Millis,
  type PeerId,
} from '@peerpigeon/core';
import { MAX_RETRANSMITS } from '@peerpigeon/mesh';
import { ArgumentRangeError, checkInteger, checkString, checkType } from './argument.js';
import { BoundedIterator } from './bounded-iterator.js';
import { encodeMessage } from './content.js';
import { Emitter, type Listener } from './emitter.js';
import type { Messenger, Receipt, SendOptions } from './messenger.js';
import { MAX_BROADCAST_BYTES } from './parts.js';
import { checkSending } from './options.js';

/**
 * In an envelope an application's channel stands behind this; names of ours have none of it. So no application can take one
 * of ours, and no later version of ours one of an application's.
 */
const PREFIX = '#';
/** Longest name of a channel, in UTF-16 code units; half of what an envelope takes. */
const MAX_NAME_LENGTH = 64;
/** Messages that wait in an iteration unless told otherwise, and at most. Guesses: a burst; a minute of a game. */
const BUFFER_SIZE = 256;
const MAX_BUFFER_SIZE = 65_536;

/** Options of `mesh.channel`. */
export interface ChannelOptions<T> {
  /** How many messages an iteration holds that is read too slowly, 1 to 65,536, default 256; then the oldest is dropped. */
  readonly bufferSize?: number;
  /**
   * Makes a `T` of what a peer has sent, or throws: then the message is dropped and counted (`mesh.ignoredMessages`). Without
   * it `T` is no more than what you expect: content of others needs a check before use.
   */
  readonly parse?: (data: unknown) => T;
}

/** A message on a channel. */
export interface ChannelMessage<T> {
  readonly from: PeerId;
  readonly data: T;
  /** For this peer alone. */
  readonly direct: boolean;
  /** Links crossed: 0 for one's own broadcast. */
  readonly hops: number;
  /** What the sending call gave; null of a datagram (`ordered: false`). */
  readonly messageId: MessageId | null;
  /** The sender's clock, in ms since 1970; null of a datagram. */
  readonly timestamp: Millis | null;
  /** Whether the sender's signature was checked against an id that derives from its key. */
  readonly verified: boolean;
}

/** To one peer, awaiting that its application has it. */
export interface DirectOptions extends SendOptions {
  readonly to: string;
  readonly ordered?: true;
}

/** To one peer with a direct link, as a datagram: it may be lost, doubled never, and may overtake others. */
export interface DatagramOptions {
  readonly to: string;
  readonly ordered: false;
  /** How often it is sent again if it seems lost: 0 to 16, default 0. */
  readonly maxRetransmits?: number;
}

/** The events of a channel. */
export type ChannelEvents<T> = { message: ChannelMessage<T> };

/** What a {@link Channel} needs of its mesh. */
export interface ChannelHost {
  readonly messenger: Messenger;
  /** Checks an id. */
  readonly otherId: (peerId: string) => PeerId;
  /** Gets what a listener throws. */
  readonly onError: (type: string, error: unknown) => void;
}

/**
 * A topic of its own: its messages reach the applications alone that have opened a channel of that name. Each handle that
 * `mesh.channel(name)` gives has its own listeners, iterations and end. It lasts over `disconnect()` and the next `connect()`.
 * @example
 * const moves = mesh.channel<Move>('moves', { parse: readMove });
 * moves.on('message', ({ from, data }) => play(from, data));
 * await moves.send({ from: 'e2', to: 'e4' });
 * for await (const { data } of moves) console.log(data);
 */
export class Channel<T = unknown> implements AsyncIterable<ChannelMessage<T>> {
  readonly name: string;
  private readonly host: ChannelHost;
  private readonly options: ChannelOptions<T>;
  private readonly events: Emitter<ChannelEvents<T>>;
  private readonly iterations = new Set<BoundedIterator<ChannelMessage<T>>>();
  private readonly undo: () => void;
  private lost = 0;
  private closed = false;

  /** Of `mesh.channel()`. @throws {TypeError} or {RangeError} for a wrong name or option */
  constructor(name: string, options: ChannelOptions<T>, host: ChannelHost) {
    this.name = checkString('name', name, MAX_NAME_LENGTH);
    checkInteger('bufferSize', options.bufferSize ?? BUFFER_SIZE, 1, MAX_BUFFER_SIZE);
    if (options.parse !== undefined) checkType('parse', options.parse, 'function');
    this.options = options;
    this.host = host;
    this.events = new Emitter((type, error) => host.onError(`${type} on channel ${name}`, error));
    const stopReading = host.messenger.read(PREFIX + name, {
      message: ({ envelope, hops, verified }) => {
        const { content, from, kind, id: messageId, timestamp } = envelope;
        this.receive(content, { from, direct: kind === 'direct', hops, messageId, timestamp, verified });
      },
      // Over the link with its sender, and no further; the link knows whose it is, and that is all that is known.
      datagram: ({ content, from }) =>
        this.receive(content, { from, direct: true, hops: 1, messageId: null, timestamp: null, verified: false }),
    });
    const stopWatching = host.messenger.watch((moment) => {
      if (moment.type === 'leaving') this.endIterations();
    });
    this.undo = () => {
      stopReading();
      stopWatching();
    };
  }

  /** Messages that iterations of this handle have dropped because they were read too slowly. */
  get dropped(): number {
    return this.lost;
  }

  /**
   * Sends plain data: to all that have opened the channel (resolves to the message's id, once it is on its way; it comes back
   * here with hops 0, as S20 says); with `to` to one peer (resolves when its application has it, if that has opened the
   * channel or not); with `ordered: false` too, as a datagram over the direct link with it.
   * @throws {TypeError} for what is not plain data; {RangeError} for wrong options
   * @throws {PeerPigeonError} as `mesh.send`; `CLOSED`; of datagrams `NOT_LINKED`, and `MESSAGE_TOO_LARGE` beyond one packet
   */
  send(data: T, options?: { readonly to?: undefined; readonly signal?: AbortSignal }): Promise<MessageId>;
  send(data: T, options: DirectOptions): Promise<Receipt>;
  send(data: T, options: DatagramOptions): Promise<void>;
  async send(
    data: T,
    options: Partial<Omit<DirectOptions, 'ordered'> & Omit<DatagramOptions, 'ordered'>> & { ordered?: boolean } = {},
  ): Promise<MessageId | Receipt | void> {
    const { messenger, otherId } = this.host;
    const { to, ordered = true, maxRetransmits } = options;
    if (this.closed) throw new PeerPigeonError('CLOSED', `channel ${this.name} was closed`);
    checkSending(options);
    if (checkType('ordered', ordered, 'boolean') && maxRetransmits !== undefined) {
      throw new ArgumentRangeError('maxRetransmits: expected only with ordered: false');
    }
    const content = encodeMessage(data, this.maxBytes(to, ordered));
    const channel = PREFIX + this.name;
    if (to === undefined) {
      if (!ordered) throw new ArgumentRangeError('to: expected a peer with ordered: false');
      if (options.signal?.aborted === true) throw new PeerPigeonError('ABORTED', 'send() was aborted by its signal');
      return messenger.publish(channel, content);
    }
    if (ordered) return messenger.send(channel, content, otherId(to), options).done;
    const times = checkInteger('maxRetransmits', maxRetransmits ?? 0, 0, MAX_RETRANSMITS);
    messenger.datagram(channel, content, otherId(to), times);
  }

  /** Adds a listener; the returned function removes it. The same one is added once; one that throws stops nobody. */
  on<Type extends keyof ChannelEvents<T>>(type: Type, listener: Listener<ChannelEvents<T>[Type]>): () => void {
    return this.events.on(type, listener);
  }

  off<Type extends keyof ChannelEvents<T>>(type: Type, listener: Listener<ChannelEvents<T>[Type]>): void {
    this.events.off(type, listener);
  }

  /**
   * Messages from now on, through a buffer of `bufferSize`: if that is full the oldest is dropped, and counted in
   * {@link dropped}. Ends with `close()` and with the mesh's `disconnect()`.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ChannelMessage<T>> {
    const iteration = new BoundedIterator<ChannelMessage<T>>(
      this.options.bufferSize ?? BUFFER_SIZE,
      () => this.lost++,
      (self) => this.iterations.delete(self),
    );
    this.iterations.add(iteration);
    if (this.closed) iteration.end();
    return iteration;
  }

  /** No message comes any more, iterations end, `send` rejects; other handles of the same name go on. Harmless when repeated. */
  close(): void {
    this.closed = true;
    this.undo();
    this.endIterations();
  }

  private maxBytes(to: string | undefined, ordered: boolean): number | undefined {
    if (to === undefined) return MAX_BROADCAST_BYTES;
    return ordered ? this.host.messenger.maxDirectBytes : undefined;
  }

  private endIterations(): void {
    for (const iteration of this.iterations) iteration.end();
  }

  private receive(content: Uint8Array, about: Omit<ChannelMessage<T>, 'data'>): void {
    const message = { ...about, data: this.parsed(decodeContent(content)) };
    this.events.post('message', message);
    for (const iteration of this.iterations) iteration.push(message);
  }

  private parsed(data: unknown): T {
    const { parse } = this.options;
    if (parse === undefined) return data as T;
    try {
      return parse(data);
    } catch (error) {
      throw new DecodeError('UNEXPECTED', `refused by parse: ${String(error)}`);
    }
  }
}
