import { MAX_RETRANSMITS } from '@peerpigeon/mesh';

/** The label of the channels; the other side's are known by it. */
const LABEL = 'datagram';
/** Datagrams that wait while their channel opens, for one round trip; the oldest goes. A guess: one second of a game. */
const MAX_EARLY = 64;

/** A channel of ours, and what waits until it is open. */
interface Outgoing {
  readonly channel: RTCDataChannel;
  early: Uint8Array[];
}

/**
 * The unordered data channels of a connection, opened in-band: ours when first needed, one for each number of
 * retransmissions; the other side's as they come. They close with the connection.
 */
export class DatagramChannels {
  private readonly pc: RTCPeerConnection;
  private readonly ours = new Map<number, Outgoing>();
  private readonly theirs = new Set<RTCDataChannel>();

  constructor(pc: RTCPeerConnection, onMessage: (data: unknown) => void) {
    this.pc = pc;
    pc.ondatachannel = ({ channel }) => {
      // A correct peer opens no others, and no more.
      if (channel.label !== LABEL || channel.ordered || this.theirs.size > MAX_RETRANSMITS) return channel.close();
      this.theirs.add(channel);
      channel.binaryType = 'arraybuffer';
      channel.onclose = () => this.theirs.delete(channel);
      channel.onmessage = ({ data }: MessageEvent<unknown>) => onMessage(data);
    };
  }

  /** Ours, with what they buffer. */
  get channels(): RTCDataChannel[] {
    return [...this.ours.values()].map(({ channel }) => channel);
  }

  send(maxRetransmits: number, bytes: Uint8Array): void {
    const { channel, early } = this.ours.get(maxRetransmits) ?? this.open(maxRetransmits);
    if (channel.readyState === 'open') return channel.send(bytes as Uint8Array<ArrayBuffer>);
    if (channel.readyState !== 'connecting') return;
    early.push(bytes);
    if (early.length > MAX_EARLY) early.shift();
  }

  private open(maxRetransmits: number): Outgoing {
    const channel = this.pc.createDataChannel(LABEL, { ordered: false, maxRetransmits });
    const outgoing: Outgoing = { channel, early: [] };
    this.ours.set(maxRetransmits, outgoing);
    channel.onopen = () => {
      const { early } = outgoing;
      outgoing.early = [];
      for (const bytes of early) this.send(maxRetransmits, bytes);
    };
    // Whoever sends again opens another one.
    channel.onclose = () => this.ours.delete(maxRetransmits);
    return outgoing;
  }
}
