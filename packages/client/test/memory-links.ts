import type { Carrier, Lane } from '@peerpigeon/link';
import type { Link, LinkHandlers, Links } from '@peerpigeon/mesh';

const MAX_MESSAGE_BYTES = 65_536;

/** A links port within one process: whoever shares a `MemoryLinks` can link. A description's SDP is the end's number. */
export class MemoryLinks implements Links {
  readonly ends = new Map<string, End>();
  /** What is sent is lost, and nobody is told. */
  mute = false;
  private made = 0;

  /** Transports that hold resources. */
  get count(): number {
    return this.ends.size;
  }

  open(_peer: string, handlers: LinkHandlers): Link {
    const end = new End(this, `end ${this.made++}`, handlers);
    this.ends.set(end.name, end);
    return end;
  }

  /** Cuts every path, as a lost network does. */
  cut(): void {
    for (const end of this.ends.values()) end.lose('path lost');
  }
}

class End implements Link {
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly name: string;
  private readonly links: MemoryLinks;
  private readonly handlers: LinkHandlers;
  private other: End | undefined;
  private state: 'opening' | 'open' | 'lost' | 'closed' = 'opening';

  constructor(links: MemoryLinks, name: string, handlers: LinkHandlers) {
    this.links = links;
    this.name = name;
    this.handlers = handlers;
  }

  command(command: Parameters<Link['command']>[0]): void {
    later(() => {
      if (this.state === 'closed') return;
      if (command.type === 'offer' || command.type === 'restart') return this.describe('offer');
      if (command.type === 'candidate') return;
      if (command.type === 'drain') return this.handlers.event({ type: 'drained', bytes: 0, control: 0, from: 0 });
      const other = this.links.ends.get(command.description.sdp);
      if (other === undefined) {
        return this.handlers.event({ type: 'failed', command: command.type, detail: 'no such end' });
      }
      this.other = other;
      if (command.type === 'answer') return this.describe('answer');
      for (const end of [this, other]) end.opened();
    });
  }

  send(lane: Lane, bytes: Uint8Array): void {
    if (bytes.length > MAX_MESSAGE_BYTES) throw new RangeError('message too large');
    this.carry(lane, bytes);
  }

  datagram(_maxRetransmits: number, bytes: Uint8Array): void {
    this.carry('datagram', bytes);
  }

  private carry(carrier: Carrier, bytes: Uint8Array): void {
    if (this.state !== 'open' || this.links.mute) return;
    const copy = bytes.slice();
    later(() => this.other?.state === 'open' && this.other.handlers.message(carrier, copy));
  }

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.links.ends.delete(this.name);
    later(() => this.other?.lose('channel closed'));
  }

  lose(reason: string): void {
    if (this.state !== 'open') return;
    this.state = 'lost';
    later(() => this.state === 'lost' && this.handlers.event({ type: 'closed', reason }));
  }

  private describe(type: 'offer' | 'answer'): void {
    this.handlers.event({ type: 'description', description: { type, sdp: this.name } });
  }

  private opened(): void {
    if (this.state !== 'opening') return;
    this.state = 'open';
    later(() => this.state === 'open' && this.handlers.event({ type: 'opened' }));
  }
}

function later(act: () => void): void {
  setImmediate(act);
}
