import type { Millis } from '@peerpigeon/core';

/** How a {@link Heartbeat} behaves. */
export interface HeartbeatConfig {
  /** A connection silent for so long is pinged. */
  readonly intervalMs: Millis;
  /** No sign of life so long after the ping: dead. */
  readonly patienceMs: Millis;
}

/**
 * Whose turn it is to be pinged, and who has not answered. Both are queues in order of time, since what is waited for is equally
 * long for everybody: so one timer does for all, and each step costs the same however many there are. Pure.
 */
export class Heartbeat {
  private readonly config: HeartbeatConfig;
  /** When each was heard of last; who has been silent longest comes first. */
  private readonly heardAt = new Map<number, Millis>();
  /** When each was pinged that has not answered. */
  private readonly pingedAt = new Map<number, Millis>();

  constructor(config: HeartbeatConfig) {
    this.config = config;
  }

  get size(): number {
    return this.heardAt.size + this.pingedAt.size;
  }

  /** A connection is new, or gave a sign of life. Gives how long its answer to a ping took, if it was pinged. */
  heard(connection: number, now: Millis): Millis | undefined {
    const pingedAt = this.pingedAt.get(connection);
    if (pingedAt !== undefined) this.pingedAt.delete(connection);
    else this.heardAt.delete(connection);
    this.heardAt.set(connection, now);
    return pingedAt === undefined ? undefined : now - pingedAt;
  }

  remove(connection: number): void {
    this.heardAt.delete(connection);
    this.pingedAt.delete(connection);
  }

  /** When there is something to do next; Infinity: nobody is there. */
  get nextAt(): Millis {
    const { intervalMs, patienceMs } = this.config;
    return Math.min(first(this.heardAt) + intervalMs, first(this.pingedAt) + patienceMs);
  }

  /** Who is to be pinged now; from now on an answer is waited for. */
  duePings(now: Millis): number[] {
    const due = before(this.heardAt, now - this.config.intervalMs);
    for (const connection of due) {
      this.heardAt.delete(connection);
      this.pingedAt.set(connection, now);
    }
    return due;
  }

  /** Who is dead, and forgotten. */
  takeDead(now: Millis): number[] {
    const dead = before(this.pingedAt, now - this.config.patienceMs);
    for (const connection of dead) this.pingedAt.delete(connection);
    return dead;
  }
}

function first(times: ReadonlyMap<number, Millis>): Millis {
  for (const at of times.values()) return at;
  return Infinity;
}

function before(times: ReadonlyMap<number, Millis>, until: Millis): number[] {
  const found: number[] = [];
  for (const [connection, at] of times) {
    if (at > until) break;
    found.push(connection);
  }
  return found;
}
