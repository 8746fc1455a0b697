import { PeerPigeonError, type ErrorCode } from '@peerpigeon/core';
import type { Clock } from '@peerpigeon/mesh';
import type { ConnectOptions } from './options.js';

/** One `connect()` under way: ends when the server accepts, refuses, or does neither in time, or when it is aborted. */
export class Joining {
  /** Resolves once the server has accepted the peer. */
  readonly done: Promise<void>;
  private readonly url: string;
  private readonly release: () => void;
  private settle: (error?: PeerPigeonError) => void = () => {};
  private lastFailure: string | undefined;

  constructor(
    url: string,
    clock: Clock,
    { timeoutMs, signal }: Required<Pick<ConnectOptions, 'timeoutMs'>> & ConnectOptions,
  ) {
    this.url = url;
    this.done = new Promise((resolve, reject) => {
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    const abort = (): void => this.abort('its signal');
    const cancel = clock.after(timeoutMs, () => this.expire(timeoutMs));
    signal?.addEventListener('abort', abort);
    this.release = () => {
      cancel();
      signal?.removeEventListener('abort', abort);
    };
    if (signal?.aborted === true) abort();
  }

  accepted(): void {
    this.end();
  }

  /** The server could not be reached, or refused. Only the latter ends it: it is tried again meanwhile. */
  lost(reason: string, closeCode: number, permanent: boolean): void {
    this.lastFailure = `${reason || 'no reason given'} (${closeCode})`;
    if (permanent)
      this.fail('SIGNALING_REFUSED', `the signaling server refused: ${this.lastFailure}`, { closeCode, reason });
  }

  abort(by: string): void {
    this.fail('ABORTED', `connect() was aborted by ${by}`);
  }

  private expire(timeoutMs: number): void {
    if (this.lastFailure === undefined) return this.fail('TIMEOUT', `no answer from ${this.url} in ${timeoutMs} ms`);
    this.fail('SIGNALING_UNREACHABLE', `cannot reach ${this.url} in ${timeoutMs} ms: ${this.lastFailure}`);
  }

  private fail(code: ErrorCode, message: string, details: Record<string, unknown> = {}): void {
    this.end(new PeerPigeonError(code, message, { details: { url: this.url, ...details } }));
  }

  private end(error?: PeerPigeonError): void {
    this.release();
    this.settle(error);
  }
}
