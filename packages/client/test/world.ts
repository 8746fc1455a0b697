import { vi } from 'vitest';
import { PeerPigeonMesh, type MeshEvents, type MeshOptions } from '../src/index.js';
import { MemoryLinks } from './memory-links.js';
import { MemorySignaling } from './memory-signaling.js';

export const URL = 'ws://signaling.test';

/** A network within one process: a signaling server, links, and the meshes that use them. */
export class World {
  readonly links = new MemoryLinks();
  readonly signaling = new MemorySignaling();
  private readonly meshes: PeerPigeonMesh[] = [];

  /** A mesh that can reach the others of this world. */
  mesh(options: MeshOptions = {}): PeerPigeonMesh {
    const { links, signaling } = this;
    const mesh = new PeerPigeonMesh({ ...options, ports: { links, signaling, ...options.ports } });
    this.meshes.push(mesh);
    return mesh;
  }

  /** So many meshes, connected to each other: at most maxPeers + 1 of them. */
  async full(count: number, options: MeshOptions = {}): Promise<PeerPigeonMesh[]> {
    const meshes = Array.from({ length: count }, () => this.mesh(options));
    for (const mesh of meshes) await mesh.connect(URL);
    await vi.waitUntil(() => meshes.every((mesh) => mesh.getConnectedPeerCount() === count - 1), { timeout: 10_000 });
    return meshes;
  }

  /** Ends every mesh. */
  close(): void {
    for (const mesh of this.meshes) mesh.disconnect();
  }
}

/** Collects what listeners of `type` get. */
export function tape<Type extends keyof MeshEvents>(mesh: PeerPigeonMesh, type: Type): MeshEvents[Type][] {
  const events: MeshEvents[Type][] = [];
  mesh.on(type, (event) => events.push(event));
  return events;
}
