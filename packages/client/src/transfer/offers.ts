import type { Millis, PeerId } from '@peerpigeon/core';

/** What has been done of a transfer. */
export interface TransferProgress {
  /** Bytes that the receiver has verified (at the sender), or that the application has taken (at the receiver). */
  readonly bytes: number;
  /** In all; null where the sender does not know it beforehand. */
  readonly size: number | null;
}

/** How a transfer ended well. */
export interface TransferResult {
  readonly size: number;
  /** The Merkle root over blocks of 1 MiB (RFC 6962 with SHA-256), in hexadecimal digits: the same at both ends. */
  readonly root: string;
  readonly tookMs: Millis;
}

/** Options of `sendFile`. */
export interface SendFileOptions {
  /** Shown at the other side, at most 255 characters; default the name of a File, else `file`. */
  readonly name?: string;
  /** A media type; default that of a Blob, else empty. */
  readonly type?: string;
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Cancels it. */
  readonly signal?: AbortSignal;
}

/** Options of accepting a file. */
export interface ReceiveOptions {
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Cancels it. */
  readonly signal?: AbortSignal;
}

/** A transfer under way, at either end. */
export interface FileTransfer {
  /** 32 hexadecimal digits; the same at both ends. */
  readonly transferId: string;
  readonly peerId: PeerId;
  /** Resolves when the other side (at the sender) or the sink (at the receiver) has all of it; else rejects with a PeerPigeonError. */
  readonly done: Promise<TransferResult>;
  /** Gives it up; the other side learns `reason`, at most 128 characters. Harmless when it has ended. */
  cancel(reason?: string): void;
}

/** A file that is being received without a sink of the application's own. */
export interface ReceivedFile extends FileTransfer {
  /** Its content: read it, or nothing comes. It errors when the transfer fails. */
  readonly readable: ReadableStream<Uint8Array>;
}

/** The event `fileOffered`: take it or leave it. Without a listener a file is rejected. */
export interface FileOffer {
  readonly transferId: string;
  readonly from: PeerId;
  /** As the sender says: check it before use, as a path above all. */
  readonly name: string;
  /** A media type, as the sender says; may be empty. */
  readonly type: string;
  /** In bytes; null where the sender does not know it beforehand. */
  readonly size: number | null;
  /**
   * Takes it: into `sink`, which is closed at the end and aborted if it fails, or else as the `readable` of what is returned.
   * @throws {PeerPigeonError} `CLOSED` when it was accepted, rejected or withdrawn before
   */
  accept(sink: WritableStream<Uint8Array>, options?: ReceiveOptions): FileTransfer;
  accept(sink?: undefined, options?: ReceiveOptions): ReceivedFile;
  /** Refuses it; the sender learns `reason`, at most 128 characters. */
  reject(reason?: string): void;
}

/** The event `streamOpened`: a peer has opened a stream to us. */
export interface OpenedStream {
  readonly transferId: string;
  readonly from: PeerId;
  readonly name: string;
  /** What it writes. It ends when that one closes its end; `cancel()` tells it so. */
  readonly readable: ReadableStream<Uint8Array>;
}
