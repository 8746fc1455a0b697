import type { Millis } from '@peerpigeon/core';
import { MAP_SIZE_PEERS } from './config.js';
import type { LiveMesh, Member } from './live-mesh.js';

/** How large a bounded map became, and how large it may be. */
export interface MapSize {
  size: number;
  readonly cap: number;
}

/** What is looked at again and again once the mesh has settled. */
export class Samples {
  /** Share of those on the ring who lacked their true successor, one value a look. */
  readonly ringErrors: number[] = [];
  /** The largest size seen of each bounded map, over all peers looked at. */
  readonly mapSizes = new Map<string, MapSize>();
  private readonly mesh: LiveMesh;
  private readonly serverMessages: () => number;
  /** Which peer's maps are looked at next. */
  private turn = 0;
  private rest: { lastMs: Millis; readonly first: number; last: number; peerMs: number } | undefined;
  private isAtRest = true;

  /** @param serverMessages how many messages passed the server so far, pings apart */
  constructor(mesh: LiveMesh, serverMessages: () => number) {
    this.mesh = mesh;
    this.serverMessages = serverMessages;
  }

  /** From now on the mesh is not at rest any more. */
  disturb(): void {
    this.isAtRest = false;
  }

  /** Messages at the server per peer and minute while the mesh was at rest; null without two looks at it. */
  get serverMessagesPerPeerMinute(): number | null {
    const { rest } = this;
    return rest === undefined || rest.peerMs === 0 ? null : ((rest.last - rest.first) * 60_000) / rest.peerMs;
  }

  sample(now: Millis): void {
    const { ring, size } = this.mesh;
    if (ring.length > 0) this.ringErrors.push(this.mesh.ringErrors() / ring.length);
    this.sampleMaps();
    if (!this.isAtRest) return;
    const messages = this.serverMessages();
    if (this.rest === undefined) this.rest = { lastMs: now, first: messages, last: messages, peerMs: 0 };
    this.rest.peerMs += size * (now - this.rest.lastMs);
    this.rest.lastMs = now;
    this.rest.last = messages;
  }

  /** In a large mesh only some peers are looked at each time, and all of them in turn. */
  private sampleMaps(): void {
    const { all } = this.mesh;
    const count = Math.min(MAP_SIZE_PEERS, all.length);
    for (let i = 0; i < count; i++) this.sampleMapsOf(all[(this.turn + i) % all.length] as Member);
    this.turn = all.length === 0 ? 0 : (this.turn + count) % all.length;
  }

  private sampleMapsOf({ machine }: Member): void {
    for (const [name, { size, cap }] of Object.entries(machine.report.mapSizes?.() ?? {})) {
      const largest = this.mapSizes.get(name);
      if (largest === undefined) this.mapSizes.set(name, { size, cap });
      else largest.size = Math.max(largest.size, size);
    }
  }
}
