import type { DecodeError, Emit, Millis, PeerId, SetTimer, TimerFired } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { ClientMessage, ServerMessage, SignalKind } from './message.js';
import type { Resume } from './resume.js';

/** What can happen to a session. */
export type Input =
  /** Reach a server, and stay there until `leave`. */
  | {
      readonly type: 'join';
      /** The server tried first: ws: or wss:, any path and query. */
      readonly url: string;
      /** Further servers of the same deployment, tried in turn when one cannot be reached. */
      readonly fallbacks?: readonly string[];
      readonly seeking?: number;
      /** How long each channel may take to open; absent: the configuration's. */
      readonly connectTimeoutMs?: Millis;
      /** From a former run of this peer, whose connection it takes over if that is still there. */
      readonly resume?: Resume;
    }
  /**
   * The network may be back, or somebody is looking: between two attempts the next comes at once (a second after the last at
   * the soonest) and the ladder begins anew; a connection is asked for a sign of life.
   */
  | { readonly type: 'hasten' }
  /** Say goodbye and close; no event follows. Harmless when repeated. */
  | { readonly type: 'leave' }
  /** What others are to be told of this peer from now on; the next announce carries it. */
  | { readonly type: 'record'; readonly record: PeerRecord }
  /** Relay a signal. Without a connection it is not kept, and reported as `unsent`. */
  | { readonly type: 'send'; readonly to: PeerId; readonly kind: SignalKind; readonly data: unknown }
  /**
   * Ask the server for peers, and for `seeking` that seek links as we do. At most one announce per `announceIntervalMs` goes
   * out; asking meanwhile costs nothing. `lost` peers, the latest 32, are kept until an announce names them, which may go out
   * after `lossIntervalMs`; so is `sample`, how many uniformly drawn members are wanted (0 to 8; absent: as many as the
   * server gives everybody).
   */
  | {
      readonly type: 'discover';
      readonly seeking?: number;
      readonly lost?: readonly PeerId[];
      readonly sample?: number;
    }
  /** The channel last asked for. After an output `close` or `open` nothing of the former channel may come in. */
  | { readonly type: 'opened' }
  | { readonly type: 'message'; readonly message: ServerMessage }
  | { readonly type: 'malformed'; readonly error: DecodeError }
  /** The channel closed, was lost, or never came about. */
  | { readonly type: 'closed'; readonly code: number; readonly reason: string }
  | TimerFired<Timer>;

/** What a session asks of its interpreter. */
export type Output =
  /** Open a channel to `url`, in which the peer's id and network stand. */
  | { readonly type: 'open'; readonly url: string }
  | { readonly type: 'write'; readonly message: ClientMessage }
  /** Close the channel; nothing of it comes back. */
  | { readonly type: 'close' }
  | SetTimer<Timer>
  | Emit<Event>;

/** What whoever joined learns. */
export type Event =
  /** The server has accepted us. */
  | {
      readonly type: 'connected';
      readonly url: string;
      /** The version that the server speaks; 0 for one that knows only the README's table. */
      readonly protocol: number;
      /** Larger messages close the connection; undefined when the server told none. */
      readonly maxMessageBytes: number | undefined;
      /** With it a later run of this peer takes this connection over; undefined when the server gave none. A secret. */
      readonly resume: Resume | undefined;
    }
  /** The channel to `url` is gone, or an attempt to open it failed. Unless `permanent`, another attempt follows by itself. */
  | {
      readonly type: 'disconnected';
      readonly url: string;
      readonly code: number;
      readonly reason: string;
      readonly permanent: boolean;
    }
  /** Peers to link with; from a README peer or server a bare record. */
  | {
      readonly type: 'discovered';
      readonly records: readonly PeerRecord[];
      /** Of these, peers that seek links too. */
      readonly seeking: readonly PeerId[];
      /** It answers an announce: so these are our ring neighbours at the server, and some others. */
      readonly answer: boolean;
    }
  /** A peer left the server. That says nothing of a link with it. */
  | { readonly type: 'departed'; readonly peer: PeerId }
  /** A signal of another peer. `data` is JSON from a stranger. */
  | { readonly type: 'signal'; readonly from: PeerId; readonly kind: SignalKind; readonly data: unknown }
  /** A signal did not reach `peer`: it is not at the server. */
  | { readonly type: 'absent'; readonly peer: PeerId }
  /** A signal was not sent: there is no connection. */
  | { readonly type: 'unsent'; readonly peer: PeerId; readonly kind: SignalKind }
  /** The server complained, or sent something malformed (`code` MALFORMED). */
  | { readonly type: 'error'; readonly code: string; readonly message: string };

/** A session's timers. One of a former stage is stale, and a no-op. */
export type Timer =
  /** The channel should have opened, or the server have accepted us. */
  | { readonly type: 'deadline'; readonly stage: number }
  /** Time to try again. */
  | { readonly type: 'retry'; readonly stage: number }
  | { readonly type: 'ping'; readonly stage: number }
  /** The answer to a ping that was sent for want of certainty is due. */
  | { readonly type: 'check'; readonly stage: number }
  /** The server that drains is to be left. */
  | { readonly type: 'drain'; readonly stage: number }
  /** The next announce is allowed. */
  | { readonly type: 'announce'; readonly stage: number };

/** Where a session stands (S116). */
export type SessionState =
  /** Not joined. */
  | { readonly name: 'idle' }
  /** The channel is being opened. */
  | { readonly name: 'connecting'; readonly url: string }
  /** The channel is open and we have announced ourselves; the server has not yet said anything. */
  | { readonly name: 'announcing'; readonly url: string; readonly announcedAt: Millis }
  | {
      readonly name: 'connected';
      readonly url: string;
      readonly since: Millis;
      readonly protocol: number;
      readonly pingIntervalMs: Millis;
      /** When the last announce went out. */
      readonly announcedAt: Millis;
      /** When the next one will, if one waits for its time. */
      readonly announceAt?: Millis;
    }
  /** Between two attempts; `url` is the next. */
  | { readonly name: 'waiting'; readonly url: string; readonly until: Millis }
  /** The server does not want us; only another `join` tries again. */
  | { readonly name: 'refused'; readonly url: string; readonly code: number; readonly reason: string };
