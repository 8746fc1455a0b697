import type { Replica } from '@peerpigeon/dht';
import type { PartStore } from './parts.js';
import type { Change } from './subscriptions.js';

/** A replica that a subscription keeps as it is in the mesh. */
export class Follower<Part> {
  private readonly replica: Replica<Part>;
  private readonly onChange: (replica: Replica<Part>) => void;
  private state: 'new' | 'live' | 'ended' = 'new';
  private stop: (() => void) | undefined;

  /** @param onChange called once it is as it is in the mesh, and after each change */
  constructor(replica: Replica<Part>, onChange: (replica: Replica<Part>) => void) {
    this.replica = replica;
    this.onChange = onChange;
  }

  /** Whether it is up to date. */
  get live(): boolean {
    return this.state === 'live';
  }

  /** @throws {PeerPigeonError} as a get fails; then it has ended */
  async begin(name: string, store: Pick<PartStore, 'on'>): Promise<void> {
    try {
      const { parts, stop } = await store.on(name, (change) => this.changed(change));
      if (this.state === 'ended') return stop();
      this.state = 'live';
      this.stop = stop;
      for (const record of parts.values()) this.replica.take(record);
      this.onChange(this.replica);
    } catch (error) {
      this.state = 'ended';
      throw error;
    }
  }

  /** Harmless once it has ended. */
  end(): void {
    this.state = 'ended';
    this.stop?.();
  }

  private changed({ record, from, version }: Change): void {
    if (record === null) this.replica.drop(from, version);
    else this.replica.take(record);
    if (this.state === 'live') this.onChange(this.replica);
  }
}
