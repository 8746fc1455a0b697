import type { MessageId } from '@peerpigeon/core';
import type { Member } from './live-mesh.js';
import { rounded } from './percentile.js';
import type { Recorder } from './recorder.js';
import type { Recovery } from './recovery.js';

/** How a broadcast fared that a survivor sent at the very instant of a kill. */
export interface OutbreakMessage {
  /** Peers that survived the kill and were still up at the end of the run, the sender among them. */
  readonly survivors: number;
  /** Those of them that got it, by the end of the run. */
  readonly delivered: number;
  /** Share of the survivors that had it 2 s after the kill. */
  readonly within2s: number | null;
  /** Seconds until the last of them had it; null if any has not. */
  readonly secondsToAll: number | null;
  /** Peers on the sender's island (see `islands`), itself among them. */
  readonly onIsland: number;
  /** Those of them that had it by the time at which the islands were counted. */
  readonly deliveredOnIsland: number;
}

/** A kill, the message of that instant, and the islands that were left of the mesh. */
export class Outbreak {
  readonly recovery: Recovery;
  /** Components when the mesh had had its time to recover: at the server's return, or 60 s after the kill. */
  islands: number | null = null;
  private readonly messageId: MessageId;
  private readonly sender: Member;
  private readonly survivors: readonly Member[];
  private island = { members: 0, delivered: 0 };

  constructor(recovery: Recovery, messageId: MessageId, sender: Member, survivors: readonly Member[]) {
    this.recovery = recovery;
    this.messageId = messageId;
    this.sender = sender;
    this.survivors = survivors;
  }

  /** The time to recover is over: what is an island now is one. */
  end({ mesh, journal }: Recorder): void {
    const { count, labels } = mesh.components();
    const mine = labels[this.sender.index] as number;
    const had = journal.deliveryTimes(this.messageId);
    const members = mine === -1 ? [] : mesh.all.filter(({ index }) => labels[index] === mine);
    this.islands = count;
    this.island = { members: members.length, delivered: members.filter(({ id }) => had.has(id)).length };
  }

  /** What became of the message. */
  message({ journal }: Recorder): OutbreakMessage {
    const { sinceMs } = this.recovery;
    const had = journal.deliveryTimes(this.messageId);
    const survivors = this.survivors.filter(({ state }) => state === 'up');
    const times = survivors.flatMap(({ id }) => had.get(id) ?? []);
    const prompt = times.filter((at) => at <= sinceMs + 2_000).length;
    const isEverywhere = times.length === survivors.length && times.length > 0;
    return {
      survivors: survivors.length,
      delivered: times.length,
      within2s: survivors.length === 0 ? null : rounded(prompt / survivors.length),
      secondsToAll: isEverywhere ? this.recovery.secondsUntil(Math.max(...times)) : null,
      onIsland: this.island.members,
      deliveredOnIsland: this.island.delivered,
    };
  }
}
