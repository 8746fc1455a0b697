import type { Frame } from '@peerpigeon/mesh';
import type { Journal } from './journal.js';

/** What direct messages cost on links, in frames and bytes. */
export interface DirectCosts {
  /** Frames with a copy of a message: the links crossed, and those of further copies. */
  readonly copies: number;
  /** Frames by which a neighbour says that it has copies, one or several. */
  readonly receipts: number;
  readonly receiptBytes: number;
  /** Frames of acknowledgements and of their refusals, on their way back. */
  readonly answers: number;
  readonly answerBytes: number;
}

/** Counts the frames of direct messages. */
export class DirectTraffic {
  readonly costs: { -readonly [Name in keyof DirectCosts]: number } = {
    copies: 0,
    receipts: 0,
    receiptBytes: 0,
    answers: 0,
    answerBytes: 0,
  };
  private readonly journal: Journal;
  private readonly sizeOf: (frame: Frame) => number;

  /** @param sizeOf how many bytes a frame has on the wire */
  constructor(journal: Journal, sizeOf: (frame: Frame) => number) {
    this.journal = journal;
    this.sizeOf = sizeOf;
  }

  /** A frame is written to a link. */
  frameSent(frame: Frame): void {
    if (frame.channel !== 'routing') return;
    const { costs } = this;
    const { message } = frame;
    if (message.type === 'data' && message.envelope.kind === 'direct') costs.copies++;
    else if (message.type === 'receipt') {
      costs.receipts++;
      costs.receiptBytes += this.sizeOf(frame);
    } else if ((message.type === 'ack' || message.type === 'nack') && this.journal.hasDirect(message.messageId)) {
      costs.answers++;
      costs.answerBytes += this.sizeOf(frame);
    }
  }
}
