import { bytesToHex, decodeContent, DecodeError, Fields, hexToBytes, PeerPigeonError } from '@peerpigeon/core';
import type { ErrorCode, MessageId, Millis, PeerId } from '@peerpigeon/core';
import { LEFT, type Clock } from '@peerpigeon/mesh';
import { ArgumentRangeError, checkString, checkType } from './argument.js';
import { encodeMessage } from './content.js';
import type { Incoming, Messenger } from './messenger.js';
import { MAX_TIMEOUT_MS } from './options.js';
import { RequestError } from './request-error.js';

/** How long an answer is waited for, and who may end that. */
export interface RequestOptions {
  /** Aborts: rejects with `ABORTED`, and has the handler's signal abort. */
  readonly signal?: AbortSignal;
  /** How long to wait for the answer, in ms; default 30,000. */
  readonly timeoutMs?: number;
}

/** What a handler knows of the request besides its params. */
export interface RequestContext {
  /** Who asks. */
  readonly from: PeerId;
  /** Aborts when the answer is no longer waited for: cancelled, out of time, or either side has left. */
  readonly signal: AbortSignal;
}

/** Answers requests: its result, plain data, or a promise of it; throws a {@link RequestError} to say why not. */
export type RequestHandler<Params = unknown, Result = unknown> = (
  params: Params,
  context: RequestContext,
) => Result | Promise<Result>;

/** What {@link Requests} needs of its mesh. */
export interface RequestsHost {
  readonly messenger: Messenger;
  readonly clock: () => Clock;
  /** Gets what a handler throws besides a {@link RequestError}. */
  readonly onError: (type: string, error: unknown) => void;
}

/** The channel of requests and what answers them; PROTOCOL.md, Application channels. */
const CHANNEL = 'request';
/** What a message on it is. */
const [ASK, RESULT, FAILURE, CANCEL] = [0, 1, 2, 3];
const ID_BYTES = 16;

/** A guess: a person waits no longer. */
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_METHOD_LENGTH = 64;
/** Methods that begin so are ours. */
const RESERVED = 'peerpigeon/';
const MAX_CODE_LENGTH = 64;
const MAX_TEXT_LENGTH = 1_024;
/** Own requests under way: what routing keeps for its own messages. */
const MAX_PENDING = 1_024;
/** Handlers running for others until their answers have arrived: in all, and for one peer. Guesses: 640 a second at 100 ms each. */
const MAX_SERVED = 256;
const MAX_SERVED_PER_PEER = 64;
/** Refusals under way; what is above is not even refused, so that no flood of requests fills routing with answers. A guess. */
const MAX_REFUSALS = 64;

/** A request of ours. */
interface Pending {
  readonly to: PeerId;
  readonly method: string;
  readonly end: (outcome: { readonly result: unknown } | { readonly error: Error }) => void;
}

/** A request of somebody else, until its answer has arrived there. */
interface Served {
  readonly from: PeerId;
  readonly abort: () => void;
}

/**
 * Requests and their answers: a direct message there, one back that names it. A request's id is that of its message, which
 * routing shows once; so a handler runs once, and the first answer counts.
 */
export class Requests {
  private readonly host: RequestsHost;
  private readonly handlers = new Map<string, RequestHandler>();
  private readonly pending = new Map<MessageId, Pending>();
  private readonly served = new Map<MessageId, Served>();
  private refusals = 0;

  constructor(host: RequestsHost) {
    this.host = host;
    host.messenger.read(CHANNEL, { message: (message) => this.receive(message) });
    host.messenger.watch((moment) => {
      if (moment.type === 'leaving') this.leave();
      else if (moment.type === 'peerDisconnected' && moment.reason === LEFT) this.peerLeft(moment.peer);
    });
  }

  /** Has `handler` answer `method`. @throws {RangeError} when another does already */
  respond(method: string, handler: RequestHandler): () => void {
    checkType('handler', handler, 'function');
    if (this.handlers.has(method)) throw new ArgumentRangeError(`method: ${method} has a handler already`);
    this.handlers.set(method, handler);
    return () => {
      if (this.handlers.get(method) === handler) this.handlers.delete(method);
    };
  }

  /** Asks `to`; see `PeerPigeonMesh.request`. Its arguments are checked. */
  async request(to: PeerId, method: string, params: unknown, options: RequestOptions): Promise<unknown> {
    const { messenger } = this.host;
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (this.pending.size >= MAX_PENDING) {
      throw new PeerPigeonError('BUSY', `over ${MAX_PENDING} requests under way`, { details: { max: MAX_PENDING } });
    }
    const content = encodeMessage([ASK, method, timeoutMs, params], messenger.maxDirectBytes);
    const { messageId, done } = messenger.send(CHANNEL, content, to, options, true);
    return new Promise((resolve, reject) => {
      const fail = (code: ErrorCode, why: string): void => this.fail(messageId, code, why);
      const giveUp = (code: ErrorCode, why: string): void => {
        if (this.pending.has(messageId)) this.tell([CANCEL, hexToBytes(messageId)], to);
        fail(code, why);
      };
      const abort = (): void => giveUp('ABORTED', 'aborted by its signal');
      const stop = this.host.clock().after(timeoutMs, () => giveUp('TIMEOUT', `no answer in ${timeoutMs} ms`));
      signal?.addEventListener('abort', abort);
      const end: Pending['end'] = (outcome) => {
        this.pending.delete(messageId);
        stop();
        signal?.removeEventListener('abort', abort);
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.result);
      };
      this.pending.set(messageId, { to, method, end });
      done.catch((error: PeerPigeonError) => {
        // Nobody said in time that it arrived; the answer may still come.
        if (error.code !== 'TIMEOUT') fail(error.code, error.message);
      });
    });
  }

  private fail(id: MessageId, code: ErrorCode, why: string): void {
    const pending = this.pending.get(id);
    if (pending === undefined) return;
    const { to, method, end } = pending;
    end({ error: new PeerPigeonError(code, `request ${method} to ${to}: ${why}`, { details: { to, method } }) });
  }

  private leave(): void {
    for (const id of this.pending.keys()) this.fail(id, 'DISCONNECTED', 'this mesh left');
    for (const { abort } of this.served.values()) abort();
    this.served.clear();
  }

  private peerLeft(peer: PeerId): void {
    for (const [id, { to }] of this.pending) if (to === peer) this.fail(id, 'PEER_LEFT', 'the peer has left the mesh');
    for (const { from, abort } of this.served.values()) if (from === peer) abort();
  }

  private receive({ envelope }: Incoming): void {
    const { id, from, kind } = envelope;
    if (kind !== 'direct') throw new DecodeError('UNEXPECTED', 'a request to all');
    const fields = new Fields(decodeContent(envelope.content), 'request', 2);
    switch (fields.integer(ASK, CANCEL)) {
      case ASK: {
        const [method, timeoutMs] = [fields.string(MAX_METHOD_LENGTH), fields.integer(1, MAX_TIMEOUT_MS)];
        return this.onAsked(id, from, method, fields.any(), timeoutMs);
      }
      case RESULT: {
        const pending = this.pendingOf(fields, from);
        return pending?.end({ result: fields.any() });
      }
      case FAILURE: {
        const pending = this.pendingOf(fields, from);
        const [code, message] = [fields.string(MAX_CODE_LENGTH), fields.string(MAX_TEXT_LENGTH)];
        return pending?.end({ error: new RequestError(code, message, fields.any()) });
      }
      case CANCEL: {
        const served = this.served.get(idOf(fields));
        if (served?.from === from) served.abort();
        return;
      }
    }
  }

  /** Answers that come too late, twice, or from somebody else are nobody's. */
  private pendingOf(fields: Fields, from: PeerId): Pending | undefined {
    const pending = this.pending.get(idOf(fields));
    return pending?.to === from ? pending : undefined;
  }

  private onAsked(id: MessageId, from: PeerId, method: string, params: unknown, timeoutMs: Millis): void {
    const handler = this.handlers.get(method);
    if (handler === undefined) return this.refuse(id, from, 'METHOD_NOT_FOUND', `nobody answers ${method}`);
    let ofPeer = 0;
    for (const served of this.served.values()) if (served.from === from) ofPeer++;
    if (ofPeer >= MAX_SERVED_PER_PEER || this.served.size >= MAX_SERVED) {
      return this.refuse(id, from, 'BUSY', 'too many requests under way');
    }
    void this.serve(id, from, timeoutMs, method, (signal) => handler(params, { from, signal }));
  }

  private async serve(
    id: MessageId,
    from: PeerId,
    timeoutMs: Millis,
    method: string,
    handle: (signal: AbortSignal) => unknown,
  ): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    const stop = this.host.clock().after(timeoutMs, () => controller.abort());
    const served: Served = {
      from,
      abort: () => {
        stop();
        controller.abort();
      },
    };
    this.served.set(id, served);
    const answer = await this.answerTo(id, method, signal, handle);
    stop();
    // The slot is taken until the answer has arrived: so many are under way, and no more.
    if (!signal.aborted) await this.send(answer, from);
    if (this.served.get(id) === served) this.served.delete(id);
  }

  /** The encoded answer. Whatever the handler does, there is one. */
  private async answerTo(
    id: MessageId,
    method: string,
    signal: AbortSignal,
    handle: (signal: AbortSignal) => unknown,
  ): Promise<Uint8Array> {
    try {
      // Not from within the mesh's own work.
      await Promise.resolve();
      const result = await handle(signal);
      return resultMessage(id, result, this.host.messenger.maxDirectBytes);
    } catch (thrown) {
      try {
        if (thrown instanceof RequestError) return failureMessage(id, thrown.code, thrown.message, thrown.data);
        // One that stops because nobody waits any more has done what it should.
        if (!signal.aborted) this.host.onError(`requests for ${method}`, thrown);
      } catch (error) {
        this.host.onError(`requests for ${method}`, error);
      }
      return failureMessage(id, 'HANDLER_FAILED', 'the handler failed');
    }
  }

  private refuse(id: MessageId, to: PeerId, code: string, message: string): void {
    if (this.refusals >= MAX_REFUSALS) {
      this.host.messenger.ignored++;
      return;
    }
    this.refusals++;
    void this.send(failureMessage(id, code, message), to).then(() => this.refusals--);
  }

  /** Resolves once it has arrived, or has not. */
  private async send(content: Uint8Array, to: PeerId): Promise<void> {
    try {
      await this.host.messenger.send(CHANNEL, content, to, {}, true).done;
    } catch {
      // Whoever asked waits no longer than the time that it gave.
    }
  }

  private tell(message: unknown, to: PeerId): void {
    void this.send(encodeMessage(message), to);
  }
}

/** @throws {TypeError} or {RangeError} for what is no method of an application */
export function checkMethod(method: string): string {
  if (!checkString('method', method, MAX_METHOD_LENGTH).startsWith(RESERVED)) return method;
  throw new ArgumentRangeError(`method: expected none of the reserved ones, ${RESERVED}…, got ${method}`);
}

function idOf(fields: Fields): MessageId {
  return bytesToHex(fields.bytes(ID_BYTES, ID_BYTES));
}

/** @throws {RequestError} `RESPONSE_TOO_LARGE`; {TypeError} for what is not plain data */
function resultMessage(id: MessageId, result: unknown, maxBytes: number): Uint8Array {
  try {
    return encodeMessage([RESULT, hexToBytes(id), result], maxBytes);
  } catch (error) {
    if (!(error instanceof PeerPigeonError)) throw error;
    throw new RequestError('RESPONSE_TOO_LARGE', error.message);
  }
}

function failureMessage(id: MessageId, code: string, message: string, data?: unknown): Uint8Array {
  return encodeMessage([
    FAILURE,
    hexToBytes(id),
    code.slice(0, MAX_CODE_LENGTH),
    message.slice(0, MAX_TEXT_LENGTH),
    data,
  ]);
}
