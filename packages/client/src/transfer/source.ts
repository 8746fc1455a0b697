import { ArgumentTypeError } from '../argument.js';

/** What a file may be made of. A stream gives Uint8Arrays. */
export type FileContent = Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>;

/** Gives bytes in order, each once. */
export interface Source {
  /** In bytes; null where it is not known beforehand. */
  readonly size: number | null;
  /** The next bytes, `length` at most; none at the end. Asked once at a time. */
  next(length: number): Promise<Uint8Array>;
  /** Nobody will ask again. */
  close(reason: string): void;
}

/**
 * A source of whole blocks: fewer bytes than asked only at the end.
 * @throws {ArgumentTypeError} for what is none of {@link FileContent}
 */
export function sourceOf(content: FileContent): Source {
  if (content instanceof Uint8Array) return fromBytes(content);
  if (content instanceof ArrayBuffer) return fromBytes(new Uint8Array(content));
  if (typeof Blob === 'function' && content instanceof Blob) return fromBlob(content);
  if (typeof (content as Partial<ReadableStream> | null)?.getReader === 'function') {
    return new StreamSource((content as ReadableStream<Uint8Array>).getReader(), true);
  }
  throw new ArgumentTypeError('content: expected a Blob, an ArrayBuffer, a Uint8Array or a ReadableStream');
}

/** A source that gives what there is, and waits only for the first byte. */
export function liveSource(readable: ReadableStream<Uint8Array>): Source {
  return new StreamSource(readable.getReader(), false);
}

/** The bytes are not copied: they must not change until they have arrived. */
export function fromBytes(bytes: Uint8Array): Source {
  let at = 0;
  return {
    size: bytes.length,
    next: async (length) => {
      const from = at;
      at = Math.min(bytes.length, at + length);
      return bytes.subarray(from, at);
    },
    close: () => {},
  };
}

function fromBlob(blob: Blob): Source {
  let at = 0;
  return {
    size: blob.size,
    next: async (length) => {
      const bytes = new Uint8Array(await blob.slice(at, at + length).arrayBuffer());
      at += bytes.length;
      return bytes;
    },
    close: () => {},
  };
}

class StreamSource implements Source {
  readonly size = null;
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly isWhole: boolean;
  /** What was read and is not asked for yet. */
  private rest: Uint8Array = new Uint8Array(0);

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, isWhole: boolean) {
    this.reader = reader;
    this.isWhole = isWhole;
  }

  async next(length: number): Promise<Uint8Array> {
    if (!(await this.refill())) return this.rest;
    // Nothing is copied where the stream gives blocks already, or whatever there is will do.
    if (this.rest.length === length || (!this.isWhole && this.rest.length < length)) return this.take(length);
    const block = new Uint8Array(length);
    let filled = 0;
    while (filled < length && (await this.refill())) {
      const part = this.take(length - filled);
      block.set(part, filled);
      filled += part.length;
      if (!this.isWhole && this.rest.length === 0) break;
    }
    return filled === length ? block : block.slice(0, filled);
  }

  /** Whether there is something to take, once there is, or will never be. */
  private async refill(): Promise<boolean> {
    while (this.rest.length === 0) {
      const { done, value } = await this.reader.read();
      if (done) return false;
      if (!(value instanceof Uint8Array)) throw new ArgumentTypeError('a stream: expected Uint8Arrays');
      this.rest = value;
    }
    return true;
  }

  private take(length: number): Uint8Array {
    const part = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(part.length);
    return part;
  }

  close(reason: string): void {
    this.reader.cancel(reason).catch(() => {});
  }
}
