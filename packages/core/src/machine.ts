/**
 * The shape of every protocol: values in, values out. No I/O, no clock, no randomness of its own.
 *
 * An interpreter (the client over WebRTC, or the simulator over a virtual network) feeds one input at a time, then
 * drains `out` in order. An input that arises meanwhile waits in the interpreter's queue.
 */

/** Milliseconds; as a point in time, of a monotonic clock with an arbitrary origin. */
export type Millis = number;

/** A peer id: 40 lower-case hexadecimal digits (160 bits). Numeric order is string order. */
export type PeerId = string;

/** A protocol without a network: same inputs, same times, same seed, same outputs. */
export interface Machine<Input, Output> {
  /**
   * Takes one input and appends what follows from it.
   * @param now monotonic time; never runs backwards between calls
   * @param out receives the outputs, in the order in which they must be carried out
   */
  handle(input: Input, now: Millis, out: Output[]): void;
}

/** Output: hand `message` to the link with `to`. Without such a link it is dropped: machines are told by `peerDown`. */
export interface Send<M> {
  readonly type: 'send';
  readonly to: PeerId;
  readonly message: M;
}

/** Output: give `timer` back as an input at `at`. Timers are never cancelled; a stale one is a documented no-op. */
export interface SetTimer<T> {
  readonly type: 'timer';
  readonly at: Millis;
  readonly timer: T;
}

/** Output: something the level above, in the end the application, wants to know. */
export interface Emit<E> {
  readonly type: 'event';
  readonly event: E;
}

/** What a remote peer can do wrong. Counted, limited, and survived. */
export type ViolationCode =
  /** Bytes or fields that no correct peer sends. */
  | 'malformed'
  /** Larger, deeper, longer or more than agreed. */
  | 'over-limit'
  /** A well-formed message that this state does not allow. */
  | 'unexpected'
  /** Claims to be, or to speak for, somebody else. */
  | 'forged'
  /** More often than agreed. */
  | 'rate';

/** Output: `peer` misbehaved. `detail` says how, for the log. */
export interface Violation {
  readonly type: 'violation';
  readonly peer: PeerId;
  readonly code: ViolationCode;
  readonly detail: string;
}

/** Input: a link to `peer` is ready; messages may be sent. */
export interface PeerUp {
  readonly type: 'peerUp';
  readonly peer: PeerId;
}

/** Input: the link to `peer` is gone. */
export interface PeerDown {
  readonly type: 'peerDown';
  readonly peer: PeerId;
}

/** Input: `message` arrived over the link with `from`. */
export interface Received<M> {
  readonly type: 'received';
  readonly from: PeerId;
  readonly message: M;
}

/** Input: a timer set earlier is due. */
export interface TimerFired<T> {
  readonly type: 'timer';
  readonly timer: T;
}
