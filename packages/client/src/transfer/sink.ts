/** Takes what has arrived, in order. */
export interface Sink {
  /** Resolves when it has room for more. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  /** Nothing more comes, and it was not all. */
  abort(reason: Error): void;
}

/** A sink that an application reads as a stream; `onCancel` is called when it wants no more. */
export function readableSink(onCancel: (reason: unknown) => void): {
  readonly sink: Sink;
  readonly readable: ReadableStream<Uint8Array>;
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let wanted: () => void = () => {};
  let want = new Promise<void>((resolve) => (wanted = resolve));
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
      },
      pull: () => wanted(),
      cancel: (reason) => onCancel(reason),
    },
    // Nothing is taken ahead of the reader: what waits is counted against the sender's credit.
    { highWaterMark: 0 },
  );
  const sink: Sink = {
    async write(bytes) {
      await want;
      want = new Promise((resolve) => (wanted = resolve));
      controller?.enqueue(bytes);
    },
    close: async () => controller?.close(),
    abort: (error) => controller?.error(error),
  };
  return { sink, readable };
}

/** A sink that writes to the application's own stream, and closes it at the end. */
export function writableSink(writable: WritableStream<Uint8Array>): Sink {
  const writer = writable.getWriter();
  // What it rejects with is told by `write` and `close`.
  writer.closed.catch(() => {});
  return {
    async write(bytes) {
      await writer.ready;
      await writer.write(bytes);
    },
    close: () => writer.close(),
    abort(reason) {
      writer.abort(reason).catch(() => {});
    },
  };
}

/** A sink that keeps everything, for whoever wants all of it at once. */
export function memorySink(done: (bytes: Uint8Array) => void): Sink {
  const parts: Uint8Array[] = [];
  let length = 0;
  return {
    write: async (bytes) => {
      parts.push(bytes);
      length += bytes.length;
    },
    close: async () => {
      const whole = new Uint8Array(length);
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      done(whole);
    },
    abort: () => {},
  };
}
