/**
 * What the other side of a request answered instead of a result. Throw one in a handler to say why: code, message and data
 * cross the wire as they are, and nothing else does. That no answer came at all is a `PeerPigeonError`.
 *
 * Codes of ours: `METHOD_NOT_FOUND`; `BUSY` (it has enough under way); `HANDLER_FAILED` (the handler threw something else, which
 * stays there); `RESPONSE_TOO_LARGE`.
 * @example
 * mesh.respond('withdraw', ({ amount }) => {
 *   if (amount > balance) throw new RequestError('TOO_MUCH', 'not enough left', { balance });
 * });
 */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';
  readonly code: string;
  /** Plain data for programs; undefined where none was given. Of others: check it before use. */
  readonly data: unknown;

  /** @param code 1 to 64 characters @param message up to 1,024 of them cross the wire */
  constructor(code: string, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
