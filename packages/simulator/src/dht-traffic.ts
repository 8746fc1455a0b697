import { decode } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { decodeMessage } from '@peerpigeon/dht';
import type { Message } from '@peerpigeon/dht';
import type { Frame } from '@peerpigeon/mesh';

/** The channel tag of the dht (PROTOCOL.md). */
const TAG = 6;

/** What nodes of the dht have said so far, in frames: a parcel that crosses four links is four. */
export interface DhtFrames {
  readonly frames: number;
  /** The same by type of message. */
  readonly byType: Readonly<Record<string, number>>;
}

/** Counts the frames of the dht. */
export class DhtTraffic {
  /** Called with each message as it leaves its author. */
  onSaid: ((from: PeerId, to: PeerId | null, message: Message) => void) | undefined;
  private count = 0;
  private readonly counts: Partial<Record<Message['type'], number>> = {};
  /** Relays pass the same bytes on. */
  private readonly read = new WeakMap<Uint8Array, { readonly message: Message | undefined }>();

  /** The frames so far. */
  get total(): DhtFrames {
    return { frames: this.count, byType: { ...this.counts } };
  }

  /** A frame is written to a link. */
  frameSent(frame: Frame): void {
    if (frame.channel !== 'routing' || frame.message.type !== 'parcel') return;
    const { body, path, to } = frame.message;
    if (!(body instanceof Uint8Array)) return;
    const message = this.messageOf(body);
    if (message === undefined) return;
    this.count++;
    this.counts[message.type] = (this.counts[message.type] ?? 0) + 1;
    if (path.length === 1) this.onSaid?.(path[0] as PeerId, to, message);
  }

  private messageOf(body: Uint8Array): Message | undefined {
    const known = this.read.get(body);
    if (known !== undefined) return known.message;
    const [tag, said] = decode(body) as [number, unknown];
    const message = tag === TAG ? decodeMessage(said) : undefined;
    this.read.set(body, { message });
    return message;
  }
}

/** What was said between two looks. */
export function framesSince(before: DhtFrames, after: DhtFrames): DhtFrames {
  const types = Object.entries(after.byType).map(
    ([type, count]) => [type, count - (before.byType[type] ?? 0)] as const,
  );
  return { frames: after.frames - before.frames, byType: Object.fromEntries(types.filter(([, count]) => count > 0)) };
}
