import { bytesToHex, DecodeError, ExpiringMap, PeerPigeonError, randomBytes } from '@peerpigeon/core';
import type { Envelope, ErrorCode, MessageId, Millis, PeerId } from '@peerpigeon/core';
import { datagramBytes, MAX_DATAGRAM_BYTES, type Event, type FailureReason } from '@peerpigeon/mesh';
import { MAX_CONTENT_BYTES } from './content.js';
import type { Engine } from './engine.js';
import type { Logger } from './logger.js';
import { Assembly, cutIntoParts, needsParts, PARTS } from './parts.js';
import type { Transfers } from './transfer/transfers.js';

/** How long one direct message is tried, and who may end that. */
export interface SendOptions {
  /** Aborts: the message is not sent again, and the call rejects with `ABORTED`. It may have arrived already. */
  readonly signal?: AbortSignal;
  /** How long to wait for the receiver, in ms; default 10,000. What is longer than a frame has no such limit while it gets on. */
  readonly timeoutMs?: number;
}

/** What is known of a direct message that arrived. */
export interface Receipt {
  readonly messageId: MessageId;
  /** Links that it crossed. */
  readonly hops: number;
  readonly roundTripMs: Millis;
}

/** How far a broadcast came. */
export interface Reach {
  readonly messageId: MessageId;
  /** Other peers that there are, by an estimate; not less than `reached`. */
  readonly expected: number;
  /** Other peers that have it: so many at least. What a link loses that dies meanwhile is not counted, and mostly arrives later. */
  readonly reached: number;
}

/** A message of a peer for this application. */
export type Incoming = Extract<Event, { readonly type: 'message' }>;

/** A datagram of a linked peer for this application. */
export type IncomingDatagram = Extract<Event, { readonly type: 'datagram' }>;

/** What gets the messages of a channel, and its datagrams if it takes any; a DecodeError that it throws is counted. */
export interface Reader {
  readonly message: (message: Incoming) => void;
  readonly datagram?: (datagram: IncomingDatagram) => void;
}

/** What whoever lives on a joined mesh is told, at once: what happens to it, when it has joined, and when it is about to leave. */
export type Moment = Event | { readonly type: 'joined' } | { readonly type: 'leaving' };

/** A direct message that is under way. */
export interface Sending {
  readonly messageId: MessageId;
  /** Resolves when the receiver's application has it; else rejects with a PeerPigeonError. */
  readonly done: Promise<Receipt>;
}

interface Waiting {
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: PeerPigeonError) => void;
}

/** For each reason the error's code, and a sentence. */
const FAILURES: Readonly<Record<FailureReason, readonly [ErrorCode, string]>> = {
  unreachable: ['UNREACHABLE', 'no way leads there'],
  timeout: ['TIMEOUT', 'nobody said in time that it arrived; it may have'],
  left: ['PEER_LEFT', 'the peer has left the mesh'],
  refused: ['REFUSED', 'the peer would not take it'],
  aborted: ['ABORTED', 'aborted by its signal'],
  tooLarge: ['MESSAGE_TOO_LARGE', 'it is too large'],
  disconnected: ['DISCONNECTED', 'this mesh left before it was known to have arrived'],
};

/** As the mesh's own ids: 128 bits. */
const ID_BYTES = 16;

/** Own messages of requests and presence, remembered so that no word of them reaches the application's listeners. A guess. */
const QUIET = { maxEntries: 4_096, maxAgeMs: 600_000 };

/**
 * Sends this application's messages and hands out what comes for it, by channel. The one place where what cannot be read is
 * caught and counted, and where promises of direct messages wait for the mesh to say how these ended.
 */
export class Messenger {
  /** Messages for this application that could not be read or broke a rule, since the start. */
  ignored = 0;
  private readonly joined: () => Engine;
  private readonly logger: Pick<Logger, 'warn'>;
  private readonly waiting = new Map<MessageId, Waiting>();
  private readonly quiet = new ExpiringMap<MessageId, true>(QUIET);
  private readonly readers = new Map<string, Set<Reader>>();
  private readonly assembly = new Assembly();
  private readonly watchers = new Set<(moment: Moment) => void>();

  /** @param joined gives the engine of a joined mesh, or throws `NOT_INITIALIZED` or `NOT_CONNECTED` */
  constructor(joined: () => Engine, logger: Pick<Logger, 'warn'>) {
    this.joined = joined;
    this.logger = logger;
    this.read(PARTS, { message: (part) => this.onPart(part) });
  }

  /** Largest content of a direct message, in bytes, encoded. */
  get maxDirectBytes(): number {
    return this.joined().transfers?.maxMessageBytes ?? MAX_CONTENT_BYTES;
  }

  /** Broadcasts encoded content on a channel; `ttl` pins how many links it may cross. */
  broadcast(channel: string, content: Uint8Array, ttl?: number): Envelope {
    const envelope = this.compose(channel, content);
    this.joined().runtime.feed({ type: 'broadcast', envelope, ttl });
    return envelope;
  }

  /** As {@link broadcast}, for content that may be longer than a frame; gives the message's id. */
  publish(channel: string, content: Uint8Array, ttl?: number): MessageId {
    if (!needsParts(content)) return this.broadcast(channel, content, ttl).id;
    const messageId = this.newId();
    for (const part of cutIntoParts(messageId, channel, content)) this.broadcast(PARTS, part, ttl);
    return messageId;
  }

  /** As {@link publish}, and says how many peers it reached. Rejects with `DISCONNECTED` when this mesh leaves before. */
  async counted(channel: string, content: Uint8Array, ttl?: number): Promise<Reach> {
    if (!needsParts(content)) return this.countedOne(channel, content, ttl);
    const messageId = this.newId();
    const parts = cutIntoParts(messageId, channel, content).map((part) => this.countedOne(PARTS, part, ttl));
    const reaches = await Promise.all(parts);
    const expected = Math.max(...reaches.map((reach) => reach.expected));
    return { messageId, expected, reached: Math.min(...reaches.map((reach) => reach.reached)) };
  }

  private countedOne(channel: string, content: Uint8Array, ttl: number | undefined): Promise<Reach> {
    const envelope = this.compose(channel, content);
    const messageId = envelope.id;
    return new Promise<Reach>((resolve, reject) => {
      const undo = this.watch((moment) => {
        if (moment.type === 'receipts' && moment.messageId === messageId) {
          undo();
          resolve({ messageId, expected: moment.expected, reached: moment.reached });
        } else if (moment.type === 'leaving') {
          undo();
          const message = `broadcast ${messageId}: this mesh left before all had answered`;
          reject(new PeerPigeonError('DISCONNECTED', message, { details: { messageId } }));
        }
      });
      this.joined().runtime.feed({ type: 'broadcast', envelope, ttl, receipts: true });
    });
  }

  /** Sends encoded content to one peer; the mesh's events say how it ended. `quiet`: the application hears nothing of that. */
  post(channel: string, content: Uint8Array, to: PeerId, quiet: boolean): MessageId {
    if (content.length > MAX_CONTENT_BYTES) return this.transfer(channel, content, to, quiet);
    return this.route(this.compose(channel, content, to), undefined, quiet);
  }

  /** As {@link post}, and says how it ended by a promise, too. */
  send(channel: string, content: Uint8Array, to: PeerId, options: SendOptions, quiet = false): Sending {
    const { signal, timeoutMs } = options;
    const isLarge = content.length > MAX_CONTENT_BYTES;
    const envelope = isLarge ? undefined : this.compose(channel, content, to);
    const messageId = envelope?.id ?? this.transfers(content.length).newId();
    if (signal?.aborted === true) return { messageId, done: Promise.reject(failure('aborted', messageId, to)) };
    const abort = (): void => {
      if (!this.waiting.has(messageId)) return;
      if (envelope === undefined) this.joined().transfers?.cancel(messageId, 'aborted by its signal');
      else this.joined().runtime.feed({ type: 'abort', messageId });
    };
    signal?.addEventListener('abort', abort);
    const done = new Promise<Receipt>((resolve, reject) => this.waiting.set(messageId, { resolve, reject })).finally(
      () => signal?.removeEventListener('abort', abort),
    );
    if (envelope === undefined) this.transfer(channel, content, to, quiet, messageId);
    else this.route(envelope, timeoutMs, quiet);
    return { messageId, done };
  }

  /**
   * Sends a datagram to a linked peer.
   * @throws {PeerPigeonError} `NOT_LINKED`, `MESSAGE_TOO_LARGE`
   */
  datagram(channel: string, content: Uint8Array, peer: PeerId, maxRetransmits: number): void {
    const { mesh, runtime } = this.joined();
    const details = { to: peer, maxBytes: MAX_DATAGRAM_BYTES };
    if (datagramBytes({ channel, content }) > MAX_DATAGRAM_BYTES) {
      const message = `datagram: expected at most ${MAX_DATAGRAM_BYTES} bytes with the channel's name, got ${content.length}`;
      throw new PeerPigeonError('MESSAGE_TOO_LARGE', message, { details });
    }
    if (!mesh.report.links().some((link) => link.peer === peer)) {
      throw new PeerPigeonError('NOT_LINKED', `no direct link with ${peer}; connectToPeer() asks for one`, { details });
    }
    runtime.feed({ type: 'datagram', peer, channel, content, maxRetransmits });
  }

  /** Has `reader` get what comes on a channel; the returned function undoes it. */
  read(channel: string, reader: Reader): () => void {
    const readers = this.readers.get(channel) ?? new Set();
    this.readers.set(channel, readers.add(reader));
    return () => {
      readers.delete(reader);
      if (readers.size === 0 && this.readers.get(channel) === readers) this.readers.delete(channel);
    };
  }

  /** Has `watcher` called with each moment; the returned function undoes it. */
  watch(watcher: (moment: Moment) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Tells everyone of a moment; false when it is nothing to the application's own listeners. */
  tell(moment: Moment): boolean {
    const isOurs = moment.type === 'messageDelivered' || moment.type === 'messageFailed' ? this.settle(moment) : true;
    if (moment.type === 'message') {
      const { channel, from } = moment.envelope;
      this.deliver(channel, from, (reader) => reader.message(moment));
    } else if (moment.type === 'datagram') {
      this.deliver(moment.channel, moment.from, (reader) => reader.datagram?.(moment));
    }
    if (moment.type === 'leaving') this.assembly.clear();
    for (const watcher of this.watchers) watcher(moment);
    return isOurs;
  }

  private compose(channel: string, content: Uint8Array, to?: PeerId): Envelope {
    const { mesh, ports } = this.joined();
    const kind = to === undefined ? 'broadcast' : 'direct';
    return mesh.compose({ kind, channel, to, content, timestamp: ports.clock.wall() });
  }

  /** What is too large for one frame goes as a transfer. */
  private transfer(channel: string, content: Uint8Array, to: PeerId, quiet: boolean, given?: MessageId): MessageId {
    const transfers = this.transfers(content.length);
    const messageId = given ?? transfers.newId();
    if (quiet) this.quiet.set(messageId, true, this.joined().ports.clock.now());
    transfers.sendMessage(messageId, to, channel, content);
    return messageId;
  }

  private transfers(got: number): Transfers {
    const { transfers } = this.joined();
    if (transfers !== undefined) return transfers;
    const details = { maxBytes: MAX_CONTENT_BYTES, got };
    throw new PeerPigeonError('MESSAGE_TOO_LARGE', `expected at most ${MAX_CONTENT_BYTES} bytes, got ${got}`, {
      details,
    });
  }

  private route(envelope: Envelope, timeoutMs: Millis | undefined, quiet: boolean): MessageId {
    const { runtime, ports } = this.joined();
    if (quiet) this.quiet.set(envelope.id, true, ports.clock.now());
    runtime.feed({ type: 'direct', envelope, ...(timeoutMs !== undefined && { timeoutMs }) });
    return envelope.id;
  }

  private settle(event: Extract<Event, { readonly type: 'messageDelivered' | 'messageFailed' }>): boolean {
    const { messageId } = event;
    const waiting = this.waiting.get(messageId);
    this.waiting.delete(messageId);
    if (event.type === 'messageFailed') waiting?.reject(failure(event.reason, messageId, event.to));
    else waiting?.resolve({ messageId, hops: event.hops, roundTripMs: event.roundTripMs });
    return !this.quiet.has(messageId, -Infinity);
  }

  private newId(): MessageId {
    return bytesToHex(randomBytes(this.joined().ports.rng, ID_BYTES));
  }

  private onPart(part: Incoming): void {
    const now = this.joined().ports.clock.now();
    const whole = this.assembly.take(part, now, (channel) => this.readers.has(channel));
    if (whole !== undefined)
      this.deliver(whole.envelope.channel, whole.envelope.from, (reader) => reader.message(whole));
  }

  private deliver(channel: string, from: PeerId, give: (reader: Reader) => void): void {
    // Of channels without a reader nothing is known: they are other applications' parts, or later versions'.
    for (const reader of this.readers.get(channel) ?? []) {
      try {
        give(reader);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        this.ignored++;
        this.logger.warn(`a message of ${from} on channel ${channel} cannot be read: ${error.message}`);
      }
    }
  }
}

function failure(reason: FailureReason, messageId: MessageId, to: PeerId): PeerPigeonError {
  const [code, sentence] = FAILURES[reason];
  return new PeerPigeonError(code, `message ${messageId} to ${to}: ${sentence}`, {
    details: { messageId, to, reason },
  });
}
