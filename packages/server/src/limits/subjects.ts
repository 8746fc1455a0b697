/** How many connections each subject has: bounded by the connections there are. Pure. */
export class Subjects {
  private readonly counts = new Map<string, number>();

  get size(): number {
    return this.counts.size;
  }

  /** One more, if that makes no more than `max`. */
  enter(subject: string, max: number): boolean {
    const count = this.counts.get(subject) ?? 0;
    if (count >= max) return false;
    this.counts.set(subject, count + 1);
    return true;
  }

  leave(subject: string): void {
    const count = this.counts.get(subject) ?? 0;
    if (count > 1) this.counts.set(subject, count - 1);
    else this.counts.delete(subject);
  }
}
