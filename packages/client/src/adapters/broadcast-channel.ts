import { DecodeError, ExpiringMap, type PeerId } from '@peerpigeon/core';
import { isPeerId, type PeerRecord } from '@peerpigeon/identity';
import type { Clock, Signaling, SignalingChannel, SignalingHandlers } from '@peerpigeon/mesh';
import {
  bareRecord,
  CloseCode,
  decodeClientMessage,
  encodeClientMessage,
  encodeServerMessage,
  isSignal,
  PROTOCOL_VERSION,
  type ClientMessage,
  type ServerMessage,
} from '@peerpigeon/signaling-protocol';
import { systemClock } from './system-clock.js';

/** What tabs post to each other: one client message, for all or for one of them. PROTOCOL.md, Tabs of one origin. */
interface Post {
  readonly from: PeerId;
  readonly to?: PeerId;
  /** As a client sends it to a server. */
  readonly text: string;
}

/** Tabs remembered at most; the longest unheard is forgotten first. A guess: more than a browser keeps alive. */
const MAX_TABS = 256;
/** A tab silent for so long is gone: it was killed, else it would have said goodbye. As a server's patience (S135). */
const TAB_TIMEOUT_MS = 300_000;

/**
 * Signaling among the tabs of one origin, over a BroadcastChannel (HTML, 9.5) instead of a server. The channel reaches all,
 * so that each tab plays the server for itself: it remembers who announced itself, and takes what is meant for it. Nobody
 * leads, and no tab is missed when it closes. `broadcast:name` is the address; tabs that connect to other names never meet.
 */
export function broadcastChannel(clock: Pick<Clock, 'now' | 'wall'> = systemClock()): Signaling {
  return {
    open(url, handlers) {
      const { pathname, searchParams } = new URL(url);
      const network = searchParams.get('network') ?? '';
      const channel = new BroadcastChannel(`peerpigeon/1/${pathname}/${network}`);
      return new TabChannel(channel, searchParams.get('peerId') ?? '', handlers, clock);
    },
  };
}

class TabChannel implements SignalingChannel {
  private readonly channel: BroadcastChannel;
  private readonly self: PeerId;
  private readonly handlers: SignalingHandlers;
  private readonly clock: Pick<Clock, 'now' | 'wall'>;
  private readonly tabs = new ExpiringMap<PeerId, PeerRecord>({ maxEntries: MAX_TABS, maxAgeMs: TAB_TIMEOUT_MS });
  /** Our latest announce, while we can be found. */
  private announced: string | undefined;
  private greeted = false;
  private isClosed = false;

  constructor(
    channel: BroadcastChannel,
    self: PeerId,
    handlers: SignalingHandlers,
    clock: Pick<Clock, 'now' | 'wall'>,
  ) {
    this.channel = channel;
    this.self = self;
    this.handlers = handlers;
    this.clock = clock;
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isPost(data)) this.onPost(data);
    };
    this.later(() => handlers.opened());
  }

  /** Carries out what a server would be asked. */
  send(text: string): void {
    if (this.isClosed) return;
    const message = read(text);
    if (message !== undefined) this.perform(message, text);
  }

  close(): void {
    if (this.isClosed) return;
    if (this.announced !== undefined) {
      this.post(encodeClientMessage({ type: 'goodbye' }, this.self, this.clock.wall()));
    }
    this.isClosed = true;
    this.channel.close();
  }

  private perform(message: ClientMessage, text: string): void {
    const now = this.clock.now();
    if (isSignal(message)) {
      const { to } = message;
      if (this.tabs.has(to, now)) return this.post(text, to);
      return this.tell({ type: 'error', code: 'TARGET_ABSENT', message: `no tab is ${to}`, targetPeerId: to });
    }
    switch (message.type) {
      case 'announce': {
        this.announced = text;
        // Whoever of these lives says so, and is told of anew.
        for (const peer of message.lost ?? []) this.tabs.delete(peer);
        this.post(text);
        if (!this.greeted) this.tell({ type: 'connected', peerId: this.self, protocol: PROTOCOL_VERSION });
        this.greeted = true;
        return this.tell({ type: 'peers', peers: [...this.tabs.live(now)].map(([, record]) => record) });
      }
      case 'goodbye':
        this.announced = undefined;
        return this.post(text);
      case 'ping':
        this.post(text);
        return this.tell({ type: 'pong' });
      case 'cleanup':
        return;
    }
  }

  /** Another tab says something. */
  private onPost({ from, to, text }: Post): void {
    if (to !== undefined && to !== this.self) return;
    const message = read(text);
    if (message === undefined) return;
    const now = this.clock.now();
    if (isSignal(message)) {
      if (from !== this.self && message.to === this.self) this.tell({ type: message.type, from, data: message.data });
      return;
    }
    const known = this.tabs.get(from, now);
    switch (message.type) {
      case 'announce':
        return this.onAnnounce(from, to, message, now);
      case 'ping':
        if (known !== undefined) this.tabs.set(from, known, now);
        return;
      case 'goodbye':
        if (this.tabs.delete(from)) this.tell({ type: 'peer-disconnected', peerId: from });
        return;
      case 'cleanup':
        return;
    }
  }

  private onAnnounce(
    from: PeerId,
    to: PeerId | undefined,
    { record = bareRecord(from), lost = [] }: Extract<ClientMessage, { type: 'announce' }>,
    now: number,
  ): void {
    if (record.id !== from) return;
    if (from === this.self) return this.onNamesake(to);
    const known = this.tabs.get(from, now);
    const isNew = known === undefined || known.epoch !== record.epoch;
    this.tabs.set(from, record, now);
    if (isNew) this.tell({ type: 'peer-discovered', peerId: from, record });
    // An announce for one alone is the answer to its own.
    const asks = to === undefined && (isNew || lost.includes(this.self));
    if (asks && this.announced !== undefined) this.post(this.announced, from);
  }

  /** Another tab has our id. Whoever was first keeps it, and tells the other. */
  private onNamesake(to: PeerId | undefined): void {
    if (to === undefined) {
      if (this.announced !== undefined) this.post(this.announced, this.self);
      return;
    }
    this.announced = undefined;
    this.close();
    this.handlers.closed(CloseCode.ID_TAKEN, 'another tab has this id');
  }

  private post(text: string, to?: PeerId): void {
    const post: Post = { from: this.self, text, ...(to !== undefined && { to }) };
    this.channel.postMessage(post);
  }

  private tell(message: ServerMessage): void {
    this.later(() => this.handlers.message(encodeServerMessage(message, this.clock.wall())));
  }

  /** Never from within a call of the user's, and never after `close`. */
  private later(act: () => void): void {
    queueMicrotask(() => {
      if (!this.isClosed) act();
    });
  }
}

function read(text: string): ClientMessage | undefined {
  try {
    return decodeClientMessage(text);
  } catch (error) {
    // Of a tab with another version of the page.
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function isPost(data: unknown): data is Post {
  const { from, to, text } = (data ?? {}) as {
    readonly from?: unknown;
    readonly to?: unknown;
    readonly text?: unknown;
  };
  return isPeerId(from) && typeof text === 'string' && (to === undefined || isPeerId(to));
}
