import { SeededRng, TimeHeap, encodeContent } from '@peerpigeon/core';
import type { MessageId, PeerId } from '@peerpigeon/core';
import { Hub } from './hub.js';
import { DEFAULT_SETTINGS, Mesh, decodeFrame, encodeFrame } from '../src/index.js';
import type {
  ChannelCommand,
  ChannelEvent,
  Event,
  Frame,
  Input,
  MeshSettings,
  Output,
  Protocol,
} from '../src/index.js';

const LATENCY_MS = 20;

interface Transport {
  readonly peer: PeerId;
  readonly session: string;
  local: boolean;
  remote: boolean;
  open: boolean;
}

/** Meshes over wires: every frame is encoded and decoded, time is virtual, the server is a few lines. */
export class World {
  now = 0;
  readonly meshes = new Map<PeerId, Mesh>();
  readonly events = new Map<PeerId, Event[]>();
  readonly protocolOutputs: (Extract<Output, { type: 'protocol' }> & { readonly id: PeerId })[] = [];
  readonly violations: Extract<Output, { type: 'violation' }>[] = [];
  /** Wires with an end at each of two peers, by `from+to`. */
  private readonly transports = new Map<string, Transport>();
  private readonly heap = new TimeHeap<() => void>();
  private readonly hub = new Hub((to, message) =>
    this.later(() => this.feed(to, { type: 'signaling', event: { type: 'message', message } })),
  );
  /** Frames that are lost on the way. */
  drop: (from: PeerId, to: PeerId, frame: Frame) => boolean = () => false;
  /** Called when the transports of two peers have been restarted. */
  restarted: (a: PeerId, b: PeerId) => void = () => {};

  join(id: PeerId, settings: Partial<MeshSettings> = {}, protocols: readonly Protocol[] = []): Mesh {
    const mesh = new Mesh(
      {
        peerId: id,
        network: 'test',
        epoch: 1,
        settings: { ...DEFAULT_SETTINGS, ...settings },
        session: {},
        topology: {},
        gossip: {},
        routing: {},
        link: {},
        protocols,
      },
      new SeededRng(parseInt(id.slice(0, 8), 16)),
    );
    this.meshes.set(id, mesh);
    this.events.set(id, []);
    this.feed(id, { type: 'join', url: 'ws://localhost/' });
    return mesh;
  }

  feed(id: PeerId, input: Input): void {
    const mesh = this.meshes.get(id);
    if (mesh === undefined) return;
    const out: Output[] = [];
    mesh.handle(input, this.now, out);
    for (const output of out) this.carryOut(id, output);
  }

  run(ms: number): void {
    const end = this.now + ms;
    while (this.heap.nextAt <= end) {
      this.now = this.heap.nextAt;
      this.heap.pop()?.();
    }
    this.now = end;
  }

  broadcast(id: PeerId, content: string, ttl?: number): MessageId {
    const mesh = this.meshes.get(id) as Mesh;
    const envelope = mesh.compose({
      kind: 'broadcast',
      channel: 'chat',
      content: encodeContent(content),
      timestamp: this.now,
    });
    this.feed(id, { type: 'broadcast', envelope, ttl });
    return envelope.id;
  }

  direct(id: PeerId, to: PeerId): MessageId {
    const mesh = this.meshes.get(id) as Mesh;
    const content = encodeContent('psst');
    const envelope = mesh.compose({ kind: 'direct', channel: 'chat', to, content, timestamp: this.now });
    this.feed(id, { type: 'direct', envelope });
    return envelope.id;
  }

  /** Events of one type that a peer's application saw. */
  seen<T extends Event['type']>(id: PeerId, type: T): Extract<Event, { type: T }>[] {
    return (this.events.get(id) ?? []).filter((event): event is Extract<Event, { type: T }> => event.type === type);
  }

  /** A peer is gone without a word; the server notices. */
  kill(id: PeerId): void {
    this.meshes.delete(id);
    this.hub.leave(id);
  }

  /** The server dies: sockets close, and none opens. */
  stopServer(): void {
    this.hub.running = false;
    for (const id of this.meshes.keys()) {
      this.feed(id, { type: 'signaling', event: { type: 'closed', code: 1006, reason: 'gone' } });
    }
  }

  startServer(): void {
    this.hub.running = true;
  }

  /** Breaks the wire between two peers without a word. */
  cut(a: PeerId, b: PeerId): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const transport = this.transports.get(from + to);
      this.transports.delete(from + to);
      if (transport === undefined) continue;
      const { session } = transport;
      this.later(() =>
        this.feed(from, { type: 'transport', peer: to, session, event: { type: 'closed', reason: 'cut' } }),
      );
    }
  }

  /** The session of the transport that one peer has with another; empty without one. */
  sessionOf(from: PeerId, to: PeerId): string {
    return this.transports.get(from + to)?.session ?? '';
  }

  /** Those of all its transports. */
  sessionsOf(from: PeerId): string[] {
    return [...this.transports].filter(([key]) => key.startsWith(from)).map(([, { session }]) => session);
  }

  /** Hands bytes to a peer as if the other end of a link had written them. */
  inject(from: PeerId, to: PeerId, input: (session: string) => Input): void {
    const transport = this.transports.get(to + from);
    if (transport !== undefined) this.feed(to, input(transport.session));
  }

  private later(task: () => void, ms = LATENCY_MS): void {
    this.heap.push(this.now + ms, task);
  }

  private carryOut(id: PeerId, output: Output): void {
    switch (output.type) {
      case 'event':
        this.events.get(id)?.push(output.event);
        return;
      case 'protocol':
        this.protocolOutputs.push({ ...output, id });
        return;
      case 'violation':
        this.violations.push(output);
        return;
      case 'timer':
        return this.heap.push(output.at, () => this.feed(id, { type: 'timer', timer: output.timer }));
      case 'signaling':
        return this.signaling(id, output.command);
      case 'transport':
        return this.transport(id, output);
      case 'frame':
      case 'datagram':
        return this.frame(id, output);
    }
  }

  private signaling(id: PeerId, command: ChannelCommand): void {
    switch (command.type) {
      case 'open':
        return this.later(() => {
          const refused: ChannelEvent = { type: 'closed', code: 1006, reason: 'refused' };
          this.feed(id, { type: 'signaling', event: this.hub.running ? { type: 'opened' } : refused });
        });
      case 'write':
        if (this.hub.running) this.later(() => this.hub.receive(id, command.message));
        return;
      case 'close':
        return this.hub.leave(id);
    }
  }

  private transport(id: PeerId, { peer, session, command }: Extract<Output, { type: 'transport' }>): void {
    const key = id + peer;
    if (command.type === 'open') {
      this.transports.set(key, { peer, session, local: false, remote: false, open: false });
      return;
    }
    const transport = this.transports.get(key);
    if (transport === undefined || transport.session !== session) return;
    if (command.type === 'close') {
      this.transports.delete(key);
      this.later(() => {
        if (this.transports.get(peer + id)?.session !== session) return;
        this.transports.delete(peer + id);
        this.feed(peer, { type: 'transport', peer: id, session, event: { type: 'closed', reason: 'closed' } });
      });
      return;
    }
    if (command.type === 'drain') {
      const drained = { type: 'drained', bytes: 0, control: 0, from: 0 } as const;
      return this.later(() => this.feed(id, { type: 'transport', peer, session, event: drained }), 0);
    }
    if (command.type === 'offer' || command.type === 'answer' || command.type === 'restart') {
      transport.local = true;
      const type = command.type === 'answer' ? 'answer' : 'offer';
      const description = { type, sdp: `${command.type} of ${id}` } as const;
      this.later(() =>
        this.feed(id, { type: 'transport', peer, session, event: { type: 'description', description } }),
      );
    }
    if (command.type === 'answer' || command.type === 'accept') transport.remote = true;
    if (transport.open && command.type === 'accept') this.restarted(id, peer);
    this.openIfComplete(id, peer);
  }

  private openIfComplete(a: PeerId, b: PeerId): void {
    const ends = [this.transports.get(a + b), this.transports.get(b + a)];
    if (!ends.every((end) => end !== undefined && end.local && end.remote && !end.open)) return;
    for (const [id, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      const end = this.transports.get(id + peer) as Transport;
      end.open = true;
      this.later(
        () => this.feed(id, { type: 'transport', peer, session: end.session, event: { type: 'opened' } }),
        3 * LATENCY_MS,
      );
    }
  }

  private frame(id: PeerId, { peer, session, frame }: Extract<Output, { type: 'frame' | 'datagram' }>): void {
    if (this.transports.get(id + peer)?.session !== session || this.drop(id, peer, frame)) return;
    const bytes = encodeFrame(frame);
    this.later(() => {
      const other = this.transports.get(peer + id);
      if (other !== undefined) {
        this.feed(peer, { type: 'frame', peer: id, session: other.session, frame: decodeFrame(bytes) });
      }
    });
  }
}
