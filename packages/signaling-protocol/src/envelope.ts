import { DecodeError, type PeerId, Properties } from '@peerpigeon/core';

/**
 * The README's envelope, read: `{type, data, fromPeerId, targetPeerId?, timestamp}`. Unknown fields are ignored.
 */
export class WireEnvelope<Type extends string> {
  readonly type: Type;
  private readonly fields: Properties;

  /**
   * @param value parsed JSON
   * @throws {DecodeError} when it is no object, or its type is none of `types`
   */
  constructor(value: unknown, types: readonly Type[]) {
    this.fields = new Properties(value, 'message');
    this.type = this.fields.at('type').oneOf(types);
  }

  /** `data` where it is an object of this protocol; a message without any has an empty one. */
  data(): Properties {
    return new Properties(this.fields.at('data').any() ?? {}, this.type);
  }

  /** `data` where it belongs to the peers: any JSON value, null included. */
  payload(): unknown {
    const data = this.fields.at('data').any();
    if (data === undefined) throw new DecodeError('UNEXPECTED', `${this.type}.data: expected a JSON value, got none`);
    return data;
  }

  /** An id of the envelope itself. */
  peerId(name: 'fromPeerId' | 'targetPeerId'): PeerId {
    return this.fields.at(name).peerId();
  }

  /** The peer that the message is about, which the README's clients name in `data` or beside it (S119). */
  subject(): PeerId | undefined {
    const peerIdIn = (values: Properties): PeerId | undefined => values.at('peerId').optional(() => values.peerId());
    return peerIdIn(this.data()) ?? peerIdIn(this.fields);
  }
}
