/**
 * Files, streams and large messages between two peers: one protocol. The sender offers, the receiver accepts and gives
 * credit; chunks follow, in blocks whose SHA-256 comes with them; the end carries the Merkle root over all blocks. It runs
 * over a link, and over other peers where there is none: then with small chunks, a small window, and retransmission.
 */
import { ExpiringMap } from '@peerpigeon/core';
import type { Machine, Millis, PeerId } from '@peerpigeon/core';
import { transferConfig } from './config.js';
import type { Config } from './config.js';
import type { Input } from './input.js';
import type { Description, Message, Offer, Reason, TransferId } from './message.js';
import type { Handle, Output } from './output.js';
import { Receiver } from './receiver.js';
import { Sender } from './sender.js';
import type { DirectLink, Host } from './way.js';

/** The machine; one per mesh. */
export class Transfer implements Machine<Input, Output> {
  private readonly config: Config;
  private readonly outgoing = new Map<Handle, Sender>();
  private readonly incoming = new Map<Handle, Receiver>();
  private readonly links = new Map<PeerId, DirectLink>();
  /** Peers that we asked for a link with. */
  private readonly dialled = new Set<PeerId>();
  /** Transfers that ended, so that the other side is told so again if it asks. */
  private readonly ended: ExpiringMap<Handle, Reason | 'done'>;

  /** @throws {RangeError} on values with which no transfer can end */
  constructor(config: Partial<Config> = {}) {
    this.config = transferConfig(config);
    const { endedMaxEntries, endedMaxAgeMs } = this.config;
    this.ended = new ExpiringMap({ maxEntries: endedMaxEntries, maxAgeMs: endedMaxAgeMs });
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    const { maxOutgoing, maxIncoming, endedMaxEntries } = this.config;
    return {
      transfersOutgoing: { size: this.outgoing.size, cap: maxOutgoing },
      transfersIncoming: { size: this.incoming.size, cap: maxIncoming },
      transfersEnded: { size: this.ended.size, cap: endedMaxEntries },
    };
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    switch (input.type) {
      case 'offer':
        return this.onOffer(input.id, input.to, input.description, now, out);
      case 'accept':
        return this.onAccept(input.transfer, now, out);
      case 'reject':
        return this.incoming.get(input.transfer)?.cancel('rejected', input.text, now, out);
      case 'cancel': {
        const { transfer, reason, text } = input;
        this.outgoing.get(transfer)?.end(reason, text, now, out);
        return this.incoming.get(transfer)?.cancel(reason, text, now, out);
      }
      case 'hashed': {
        const { transfer, offset, length, attempt, hash } = input;
        this.outgoing.get(transfer)?.onHashed(offset, length, hash, now, out);
        return this.incoming.get(transfer)?.onHashed(offset, attempt, hash, now, out);
      }
      case 'chunk':
        return this.outgoing.get(input.transfer)?.onChunk(input.offset, input.bytes, now, out);
      case 'written':
        return this.incoming.get(input.transfer)?.onWritten(input.offset, now, out);
      case 'finished':
        return this.incoming.get(input.transfer)?.onFinished(now, out);
      case 'peerUp': {
        const maxChunkBytes = Math.max(1, input.maxFrameBytes - this.config.frameOverheadBytes);
        this.links.set(input.peer, { maxChunkBytes, writable: 0, reserved: 0 });
        return this.onWay(input.peer, now, out);
      }
      case 'peerDown':
        this.links.delete(input.peer);
        return this.onWay(input.peer, now, out);
      case 'writable':
        return this.onWritable(input.peer, input.bytes, now, out);
      case 'received':
        return this.onReceived(input.from, input.message, input.path, now, out);
      case 'leave':
        return this.onLeave(now, out);
      case 'timer':
        if (input.timer.type === 'release') return this.release(input.timer.peer, out);
        this.outgoing.get(input.timer.transfer)?.onTimer(now, out);
        return this.incoming.get(input.timer.transfer)?.onTimer(now, out);
    }
  }

  private onOffer(id: TransferId, to: PeerId, description: Description, now: Millis, out: Output[]): void {
    const { maxOutgoing, maxOutgoingPerPeer } = this.config;
    const refused = this.outgoing.size >= maxOutgoing || this.sendersTo(to).length >= maxOutgoingPerPeer;
    const sender = new Sender(id, to, description, this.host(id, to), now);
    if (refused) return sender.failed('busy', 'too many transfers wait', 'local', now, out);
    this.outgoing.set(id, sender);
    this.next(to, now, out);
  }

  private onAccept(transfer: Handle, now: Millis, out: Output[]): void {
    const receiver = this.incoming.get(transfer);
    if (receiver?.state !== 'offered') return;
    if (this.heldBytes + receiver.heldBytes > this.config.maxHeldBytes) {
      return receiver.cancel('busy', 'too much is being received', now, out);
    }
    receiver.accept(out);
  }

  private onReceived(from: PeerId, message: Message, path: readonly PeerId[], now: Millis, out: Output[]): void {
    const { id } = message;
    const toSender = message.type === 'ack' || message.type === 'done';
    if (toSender || (message.type === 'cancel' && message.side === 'receiver')) {
      const sender = this.outgoing.get(id);
      if (sender?.peer !== from) return this.stray(id, from, message, now, out);
      if (message.type === 'ack') return sender.onAck(message, now, out);
      if (message.type === 'done') return sender.onDone(path, now, out);
      return sender.failed(message.reason, message.text, 'remote', now, out);
    }
    const handle = handleOf(from, id);
    const receiver = this.incoming.get(handle);
    if (message.type === 'offer') return this.onOffered(handle, receiver, message, from, now, out);
    if (receiver === undefined) return this.stray(handle, from, message, now, out);
    if (message.type === 'chunk') return receiver.onChunk(message, path, now, out);
    if (message.type === 'end') return receiver.onEnd(message, path, now, out);
    receiver.failed(message.reason, message.text, 'remote', now, out);
  }

  private onOffered(
    handle: Handle,
    known: Receiver | undefined,
    offer: Offer,
    from: PeerId,
    now: Millis,
    out: Output[],
  ): void {
    if (known !== undefined) return known.onOffer(now, out);
    if (this.ended.has(handle, now)) return this.stray(handle, from, offer, now, out);
    const { kind, name, mime, size, timestamp } = offer;
    const description = { kind, name, mime, size, timestamp };
    const refuse = (reason: Reason, text: string): void => {
      this.send(from, { type: 'cancel', id: offer.id, side: 'receiver', reason, text }, out);
      this.ended.set(handle, reason, now);
    };
    const { maxMessageBytes, maxIncoming, maxIncomingPerPeer } = this.config;
    if (kind === 'message' && (size ?? Infinity) > maxMessageBytes) {
      return refuse('too-large', `at most ${maxMessageBytes} bytes`);
    }
    let fromPeer = 0;
    for (const { peer } of this.incoming.values()) if (peer === from) fromPeer++;
    if (this.incoming.size >= maxIncoming || fromPeer >= maxIncomingPerPeer)
      return refuse('busy', 'too many transfers');
    const receiver = new Receiver(handle, offer.id, from, description, this.host(handle, from), now);
    this.incoming.set(handle, receiver);
    out.push({ type: 'event', event: { type: 'offered', transfer: handle, id: offer.id, from, description } });
    receiver.onOffer(now, out);
    if (kind === 'message') this.onAccept(handle, now, out);
  }

  /** A word about a transfer that there is not, or no more: whoever says it shall not wait. */
  private stray(handle: Handle, from: PeerId, message: Message, now: Millis, out: Output[]): void {
    const { id, type } = message;
    if (type === 'cancel' || type === 'done') return;
    const how = this.ended.get(handle, now) ?? 'unknown';
    if (type !== 'ack' && how === 'done') return this.send(from, { type: 'done', id }, out);
    const side = type === 'ack' ? 'sender' : 'receiver';
    if (how !== 'done') this.send(from, { type: 'cancel', id, side, reason: how, text: 'it has ended' }, out);
  }

  private onWay(peer: PeerId, now: Millis, out: Output[]): void {
    for (const sender of this.sendersTo(peer)) {
      sender.onWay(now, out);
      this.dialFor(sender, out);
    }
  }

  /** Whoever had the first choice is the last to choose next time, so that none keeps the link for itself. */
  private onWritable(peer: PeerId, bytes: number, now: Millis, out: Output[]): void {
    const link = this.links.get(peer);
    if (link === undefined) return;
    link.writable = bytes;
    const [first, ...rest] = this.sendersTo(peer).filter(({ state }) => state === 'sending');
    if (first === undefined) return;
    this.outgoing.delete(first.id);
    this.outgoing.set(first.id, first);
    for (const sender of [first, ...rest]) sender.onRoom(now, out);
  }

  private onLeave(now: Millis, out: Output[]): void {
    for (const sender of this.outgoing.values()) sender.end('left', 'this peer leaves the mesh', now, out);
    for (const receiver of this.incoming.values()) receiver.cancel('left', 'this peer leaves the mesh', now, out);
    this.dialled.clear();
  }

  /** Over the link with a peer, else over other peers. */
  private send(to: PeerId, message: Message, out: Output[]): void {
    out.push({ type: this.links.has(to) ? 'send' : 'route', to, message });
  }

  private host(handle: Handle, peer: PeerId): Host {
    return {
      config: this.config,
      link: (to) => this.links.get(to),
      send: (to, message, out) => this.send(to, message, out),
      over: (how, now, out) => {
        if (!this.outgoing.delete(handle) && !this.incoming.delete(handle)) return;
        this.ended.set(handle, how, now);
        this.next(peer, now, out);
        if (this.dialled.has(peer) && this.sendersTo(peer).length === 0) {
          out.push({ type: 'timer', at: now + this.config.lingerMs, timer: { type: 'release', peer } });
        }
      },
    };
  }

  /** Begins what waits, as far as there is room. */
  private next(peer: PeerId, now: Millis, out: Output[]): void {
    const senders = this.sendersTo(peer);
    let active = senders.filter(({ state }) => state !== 'waiting').length;
    for (const sender of senders) {
      if (active >= this.config.maxActivePerPeer) return;
      if (sender.state !== 'waiting') continue;
      active++;
      this.dialFor(sender, out);
      sender.start(now, out);
    }
  }

  private dialFor({ peer, description }: Sender, out: Output[]): void {
    if (this.links.has(peer) || (description.size ?? Infinity) < this.config.linkWorthBytes) return;
    this.dialled.add(peer);
    out.push({ type: 'dial', peer });
  }

  private release(peer: PeerId, out: Output[]): void {
    const receives = [...this.incoming.values()].some((receiver) => receiver.peer === peer);
    if (receives || this.sendersTo(peer).length > 0 || !this.dialled.delete(peer)) return;
    out.push({ type: 'release', peer });
  }

  private sendersTo(peer: PeerId): Sender[] {
    return [...this.outgoing.values()].filter((sender) => sender.peer === peer);
  }

  private get heldBytes(): number {
    let bytes = 0;
    for (const receiver of this.incoming.values()) if (receiver.state !== 'offered') bytes += receiver.heldBytes;
    return bytes;
  }
}

function handleOf(peer: PeerId, id: TransferId): Handle {
  return `${peer} ${id}`;
}
