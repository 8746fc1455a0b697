import type { TransportEvent } from '@peerpigeon/link';

/** How often to look at what is buffered: wrtc never fires `bufferedamountlow` (measured). Ours: 10 ms at 100 MB/s are 1 MB. */
const LOOK_MS = 10;

/**
 * Tells, once, when data channels hold no more than was asked for: by their own events, and by looking now and then, since
 * not every platform has the events and none has one for several channels together.
 */
export class DrainWatch {
  private readonly channels: () => readonly RTCDataChannel[];
  private readonly tell: (event: Extract<TransportEvent, { readonly type: 'drained' }>) => void;
  private asked: { readonly below: number; readonly from: number } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param channels the control channel first
   * @param tell never called from within {@link ask}
   */
  constructor(channels: () => readonly RTCDataChannel[], tell: DrainWatch['tell']) {
    this.channels = channels;
    this.tell = tell;
  }

  /** Tell when at most `below` bytes are buffered; replaces what was asked before. */
  ask(below: number): void {
    this.stop();
    const from = this.buffered();
    this.asked = { below, from };
    if (from <= below) return queueMicrotask(() => this.look());
    for (const channel of this.channels()) {
      // Two of them at half of it make the whole; the rest is seen by looking.
      channel.bufferedAmountLowThreshold = Math.floor(below / 2);
      channel.onbufferedamountlow = () => this.look();
    }
    this.lookLater();
  }

  /** Tells nothing any more. */
  stop(): void {
    this.asked = undefined;
    clearTimeout(this.timer);
  }

  private look(): void {
    const { asked } = this;
    if (asked === undefined) return;
    const bytes = this.buffered();
    if (bytes > asked.below) return this.lookLater();
    this.stop();
    const control = this.channels()[0]?.bufferedAmount ?? 0;
    this.tell({ type: 'drained', bytes, control, from: asked.from });
  }

  private lookLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), LOOK_MS);
  }

  private buffered(): number {
    return this.channels().reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
  }
}
