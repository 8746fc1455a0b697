import type { Millis, PeerId } from '@peerpigeon/core';
import type { Event, Frame } from '@peerpigeon/mesh';
import type { ClientMessage, ServerMessage } from '@peerpigeon/signaling-protocol';
import { DhtTraffic } from './dht-traffic.js';
import { DirectTraffic } from './direct-traffic.js';
import { JoinCosts, isPing } from './join-costs.js';
import { Journal } from './journal.js';
import type { LinkEntry } from './journal.js';
import type { SimulatedLink } from './link-end.js';
import { LiveMesh } from './live-mesh.js';
import type { LinkKind, Observer } from './observer.js';
import type { SimulatedPeer } from './peer.js';

/** Watches a network and writes down what metrics and dumps need. */
export class Recorder implements Observer {
  readonly journal = new Journal();
  readonly joins = new JoinCosts();
  /** The mesh as it is now. */
  readonly mesh = new LiveMesh();
  /** Messages that passed the server, pings apart. */
  serverMessages = 0;
  /** Bytes of gossip frames without a payload, sent since {@link countControl}. */
  controlBytes = 0;
  /** What direct messages cost. */
  readonly directTraffic: DirectTraffic;
  /** What the dht says. */
  readonly dhtTraffic = new DhtTraffic();
  private readonly sizeOf: (frame: Frame) => number;
  private readonly links = new Map<SimulatedLink, LinkEntry>();
  private counting = false;
  private up = 0;

  /** @param sizeOf how many bytes a frame has on the wire */
  constructor(sizeOf: (frame: Frame) => number) {
    this.sizeOf = sizeOf;
    this.directTraffic = new DirectTraffic(this.journal, sizeOf);
  }

  /** From now on the control traffic of gossip is measured. */
  countControl(): void {
    this.counting = true;
  }

  peerUp(peer: SimulatedPeer, now: Millis): void {
    this.up++;
    this.mesh.add(peer);
    this.journal.peerUp(peer.id, peer.maxPeers, now);
  }

  peerDown(peer: SimulatedPeer, now: Millis): void {
    this.up--;
    this.mesh.remove(peer);
    this.journal.peerDown(peer.id, now);
  }

  linkChanged(link: SimulatedLink, kind: LinkKind | undefined, now: Millis): void {
    const entry = this.links.get(link);
    const { a, b } = link;
    if (entry !== undefined) entry.closedMs = now;
    if (entry === undefined && kind !== undefined) this.mesh.link(a.owner, b.owner);
    if (entry !== undefined && kind === undefined) this.mesh.unlink(a.owner, b.owner);
    if (kind === undefined) this.links.delete(link);
    else this.links.set(link, this.journal.linkOpened(a.owner.id, b.owner.id, kind, now));
  }

  frameSent(_from: SimulatedPeer, frame: Frame, _now: Millis): void {
    this.directTraffic.frameSent(frame);
    this.dhtTraffic.frameSent(frame);
    if (this.counting && frame.channel === 'gossip' && frame.message.type !== 'payload') {
      this.controlBytes += this.sizeOf(frame);
    }
  }

  frameReceived(_to: SimulatedPeer, frame: Frame, _now: Millis): void {
    if (frame.channel === 'gossip' && frame.message.type === 'payload') {
      this.journal.broadcastCopied(frame.message.envelope.id);
      if (frame.message.ageMs > 0) this.journal.repaired++;
    }
  }

  event(peer: SimulatedPeer, event: Event, now: Millis): void {
    switch (event.type) {
      case 'message':
        if (event.envelope.kind === 'direct') this.journal.directDelivered(event.envelope.id, event.hops, now);
        else this.journal.broadcastDelivered(event.envelope.id, peer.id, event.hops, now);
        return;
      case 'messageGap':
        this.journal.gaps += event.toSeq - event.fromSeq + 1;
        return;
      case 'messageFailed':
        this.journal.directFailed(event.messageId, event.reason);
        return;
      case 'messageDelivered':
        this.journal.directAcknowledged(event.messageId, now);
        return;
      case 'peerConnected':
        if (peer.peers.length >= Math.min(peer.maxPeers, this.up - 1)) this.joins.linked(peer.id);
        return;
      default:
    }
  }

  socketOpened(peer: PeerId, now: Millis): void {
    this.joins.opened(peer, now);
  }

  signaled(peer: PeerId, message: ClientMessage | ServerMessage, now: Millis): void {
    this.joins.passed(peer, message, now);
    if (!isPing(message)) this.serverMessages++;
  }
}
