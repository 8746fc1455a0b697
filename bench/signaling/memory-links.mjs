/**
 * Links within one process, in place of WebRTC: the port of `@peerpigeon/mesh`, with the latency of a network. A description's SDP
 * is the number of the end that it describes. Candidates come with the description, as our WebRTC adapter bundles them.
 */

const MAX_MESSAGE_BYTES = 65_536;
/** As the simulator has it: two round trips of ICE and DTLS, and some work. */
const HANDSHAKE_TRIPS = 4;
const HANDSHAKE_MS = [50, 200];

export class MemoryLinks {
  /** @param {(a: string, b: string) => number} latencyMs one way, between two peers */
  constructor(latencyMs) {
    this.latencyMs = latencyMs;
    this.ends = new Map();
    this.made = 0;
  }

  /** The port of one peer. @param {string} owner */
  of(owner) {
    return {
      open: (peer, handlers) => {
        const end = new End(this, String(this.made++), this.latencyMs(owner, peer), handlers);
        this.ends.set(end.name, end);
        return end;
      },
    };
  }
}

class End {
  maxMessageBytes = MAX_MESSAGE_BYTES;
  /** @type {'opening' | 'open' | 'lost' | 'closed'} */
  state = 'opening';
  /** @type {End | undefined} */
  other = undefined;

  constructor(links, name, latencyMs, handlers) {
    Object.assign(this, { links, name, latencyMs, handlers });
  }

  command(command) {
    setImmediate(() => {
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
      const [least, most] = HANDSHAKE_MS;
      const handshakeMs = HANDSHAKE_TRIPS * this.latencyMs + least + Math.random() * (most - least);
      setTimeout(() => [this, other].forEach((end) => end.opened()), handshakeMs);
    });
  }

  send(lane, bytes) {
    this.carry(lane, bytes);
  }

  datagram(_maxRetransmits, bytes) {
    this.carry('datagram', bytes);
  }

  close() {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.links.ends.delete(this.name);
    setTimeout(() => this.other?.lost(), this.latencyMs);
  }

  carry(carrier, bytes) {
    if (this.state !== 'open') return;
    const copy = bytes.slice();
    setTimeout(() => this.other?.state === 'open' && this.other.handlers.message(carrier, copy), this.latencyMs);
  }

  describe(type) {
    this.handlers.event({ type: 'description', description: { type, sdp: this.name } });
  }

  opened() {
    if (this.state !== 'opening') return;
    this.state = 'open';
    this.handlers.event({ type: 'opened' });
  }

  lost() {
    if (this.state !== 'open') return;
    this.state = 'lost';
    this.handlers.event({ type: 'closed', reason: 'closed by the other side' });
  }
}
