/**
 * A JSON value as the text in which it came: what is only passed on is neither copied into objects nor written anew. Valid JSON,
 * and within the limits of nesting, as far as it comes from `decodeClientMessage`.
 */
export class OpaqueJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The value, for `JSON.stringify` and for who wants to look inside. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}
