/** Changes of one key that wait, at most: what is behind is skipped then. A guess. */
const MAX_WAITING = 256;

/**
 * Does one thing after the other, in order: at once as long as nothing has to be waited for. When too many wait the oldest is
 * dropped.
 */
export class Sequence {
  private readonly waiting: (() => void | Promise<void>)[] = [];
  private busy = false;

  /** @param act throws nothing and rejects with nothing */
  add(act: () => void | Promise<void>): void {
    if (this.waiting.length === MAX_WAITING) this.waiting.shift();
    this.waiting.push(act);
    if (!this.busy) this.go();
  }

  private go(): void {
    this.busy = true;
    for (let act = this.waiting.shift(); act !== undefined; act = this.waiting.shift()) {
      const done = act();
      if (done !== undefined) {
        void done.then(() => this.go());
        return;
      }
    }
    this.busy = false;
  }
}
