import { PeerPigeonError, type ErrorCode, type Millis } from '@peerpigeon/core';
import type { Clock } from '@peerpigeon/mesh';
import { NOT_IN_TIME } from '@peerpigeon/signaling-protocol';
import type { CheckedConnect } from './options.js';

/** A server that could not be reached, or refused. */
export interface Failure {
  readonly url: string;
  readonly reason: string;
  readonly code: number;
  readonly permanent: boolean;
}

/**
 * One `connect()` under way. It ends when a server accepts or refuses, when it is aborted, or in vain: once its time is up and
 * each server has failed, and in any case after that time for each of them. Until then they are tried again and again.
 */
export class Joining {
  /** Resolves once a server has accepted the peer. */
  readonly done: Promise<void>;
  private readonly urls: readonly string[];
  private readonly clock: Clock;
  private readonly beganAt: Millis;
  private readonly timeoutMs: Millis;
  private readonly release: () => void;
  private settle: (error?: PeerPigeonError) => void = () => {};
  /** Why each server failed last. */
  private readonly failures = new Map<string, string>();
  /** Whether all that was learnt is that nobody answers. */
  private silent = true;

  constructor(clock: Clock, { urls, timeoutMs, signal }: CheckedConnect) {
    this.urls = urls;
    this.clock = clock;
    this.beganAt = clock.now();
    this.timeoutMs = timeoutMs;
    this.done = new Promise((resolve, reject) => {
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    const abort = (): void => this.abort('its signal');
    const timers = [
      clock.after(timeoutMs, () => this.review(1)),
      ...(urls.length > 1 ? [clock.after(urls.length * timeoutMs, () => this.review(urls.length))] : []),
    ];
    signal?.addEventListener('abort', abort);
    this.release = () => {
      for (const cancel of timers) cancel();
      signal?.removeEventListener('abort', abort);
    };
    if (signal?.aborted === true) abort();
  }

  accepted(): void {
    this.end();
  }

  /** Only a refusal ends it: what could not be reached is tried again meanwhile. */
  lost({ url, reason, code: closeCode, permanent }: Failure): void {
    this.failures.set(url, `${reason || 'no reason given'} (${closeCode})`);
    this.silent &&= reason === NOT_IN_TIME;
    if (permanent) {
      const message = `the signaling server ${url} refused: ${this.failures.get(url)}`;
      this.fail('SIGNALING_REFUSED', message, { url, closeCode, reason });
    } else if (this.clock.now() - this.beganAt >= this.timeoutMs) this.review(1);
  }

  abort(by: string): void {
    this.fail('ABORTED', `connect() was aborted by ${by}`);
  }

  /** Time is up, `times` over. */
  private review(times: number): void {
    const { urls, failures, timeoutMs } = this;
    if (failures.size < urls.length && times < urls.length) return;
    const code = this.silent ? 'TIMEOUT' : 'SIGNALING_UNREACHABLE';
    const told = urls.map((url) => `${url}: ${failures.get(url) ?? 'no answer'}`);
    const waitedMs = Math.max(timeoutMs, Math.round(this.clock.now() - this.beganAt));
    this.fail(code, `no signaling server accepted this peer in ${waitedMs} ms: ${told.join('; ')}`);
  }

  private fail(code: ErrorCode, message: string, details: Record<string, unknown> = {}): void {
    const failures = Object.fromEntries(this.failures);
    this.end(new PeerPigeonError(code, message, { details: { url: this.urls[0], failures, ...details } }));
  }

  private end(error?: PeerPigeonError): void {
    this.release();
    this.settle(error);
  }
}
