import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { Carrier, Lane, TransportCommand, TransportEvent } from '@peerpigeon/link';

/**
 * The ports: what a mesh needs of the world. Callbacks, not emitters. An adapter implements one of them; the suites in
 * `@peerpigeon/mesh/testing` show that it does.
 */

/** Port: makes transports for links (WebRTC in a client). */
export interface Links {
  /**
   * Constructs one transport. Its resources exist from here until `close`.
   * @throws when the platform has none left
   */
  open(peer: PeerId, handlers: LinkHandlers): Link;
}

/** What a transport tells. Never called from within a call to it, and never after `close`. */
export interface LinkHandlers {
  event(event: TransportEvent): void;
  /** One whole message of the other side. The bytes belong to the receiver. */
  message(carrier: Carrier, bytes: Uint8Array): void;
}

/** One transport. */
export interface Link {
  /** Largest message it carries, in bytes; known once it is open. */
  readonly maxMessageBytes: number;
  /** Carries out one command; several are carried out one after the other. Failures come back as `failed` events. */
  command(command: Exclude<TransportCommand, { type: 'open' } | { type: 'close' }>): void;
  /** Queues one message; a message on a closed transport is dropped. */
  send(lane: Lane, bytes: Uint8Array): void;
  /**
   * Queues one datagram of a packet at most (`MAX_DATAGRAM_BYTES` of content): unordered, sent again `maxRetransmits` times at
   * most, 0 to 16. Where it cannot be sent it is dropped.
   */
  datagram(maxRetransmits: number, bytes: Uint8Array): void;
  /** Closes and releases everything; harmless when repeated. */
  close(): void;
}

/** Port: opens channels to a signaling server (WebSocket in a client). */
export interface Signaling {
  open(url: string, handlers: SignalingHandlers): SignalingChannel;
}

/** What a signaling channel tells. Never called from within a call to it, and never after `close`. */
export interface SignalingHandlers {
  opened(): void;
  message(text: string): void;
  /** Closed by the other side or lost; a channel that never opened ends so too. `code` as RFC 6455 §7.4, 1006 if none. */
  closed(code: number, reason: string): void;
}

/** One channel to a signaling server: text messages, in order, while it lasts. */
export interface SignalingChannel {
  send(text: string): void;
  /** Closes normally (1000); `closed` is not called. */
  close(): void;
}

/** Port: time. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): Millis;
  /** Milliseconds since 1970. */
  wall(): Millis;
  /** Calls back once, `delayMs` from now or later; the returned function cancels it. */
  after(delayMs: Millis, callback: () => void): () => void;
}

/** Port: what identities need of the platform. Verification joins it when messages are signed. */
export interface Crypto {
  /** A fresh Ed25519 key; `publicKey` is raw (32 bytes). */
  generateKey(): Promise<{ readonly publicKey: Uint8Array }>;
  /** `count` secure random bytes. */
  randomBytes(count: number): Uint8Array;
}

/** Port: opens stores of bytes by key (memory, IndexedDB, files). It belongs to no mesh; several may use one. */
export interface Storage {
  /**
   * Opens the store of a namespace, and makes it when there is none. Namespaces are any strings, and share nothing; a mesh
   * takes `${networkName}/${peerId}`. A durable namespace that is open already, here or in another process, is shared write by
   * write or refused as `inUse`; it stays whole either way.
   * @throws {PeerPigeonError} (rejects) `UNSUPPORTED` where the host lacks what it takes; `STORAGE_FAILED` (details.reason:
   * `full`, `inUse`, `lost`, `failed`)
   */
  open(namespace: string): Promise<Store>;
}

/**
 * One open store. Keys are any strings, values any bytes, copied in and out; those given out are plain `Uint8Array`s.
 * Writes take effect in the order in which they were made, and a read sees at least those made before it, awaited or not.
 * Calls reject with `STORAGE_FAILED` as {@link Storage.open} does, and with `CLOSED` after `close`.
 */
export interface Store {
  /** Whether what `set` has resolved for outlives the process, killed at that instant. Else it ends with `close`. */
  readonly durable: boolean;
  /** The value of a key, undefined when there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Resolves once the value is kept, durably if the store is durable. */
  set(key: string, value: Uint8Array): Promise<void>;
  /** Resolves likewise; an absent key is no error. */
  delete(key: string): Promise<void>;
  /**
   * All entries, each key once, in no order that counts. What is written during the iteration may be told as it was before or
   * after.
   */
  entries(): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** Resolves when all writes before have been carried out, and the resources released; harmless when repeated. */
  close(): Promise<void>;
}

/** All ports of one mesh. */
export interface Ports {
  readonly links: Links;
  readonly signaling: Signaling;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly crypto: Crypto;
}
