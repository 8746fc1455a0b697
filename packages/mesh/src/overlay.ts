import type { Millis, PeerId, ViolationCode } from '@peerpigeon/core';
import { Gossip } from '@peerpigeon/gossip';
import type { Input as GossipInput, Output as GossipOutput } from '@peerpigeon/gossip';
import { Routing } from '@peerpigeon/routing';
import type { Input as RoutingInput, Output as RoutingOutput } from '@peerpigeon/routing';
import type { Config } from './config.js';
import type { Event } from './event.js';
import type { Frame } from './frame.js';
import type { Timer } from './timer.js';

/** What the protocols of the overlay ask of the mesh. */
export interface OverlayHost {
  now(): Millis;
  send(to: PeerId, frame: Frame): void;
  timer(at: Millis, timer: Timer): void;
  emit(event: Event): void;
  violation(peer: PeerId, code: ViolationCode, detail: string): void;
}

/**
 * The protocols that run over ready links, whatever the links are: gossip and routing. They ask nothing of each other or
 * of the topology, so their outputs are carried out at once.
 */
export class Overlay {
  readonly gossip: Gossip;
  readonly routing: Routing;
  private readonly host: OverlayHost;

  constructor(config: Config, host: OverlayHost) {
    const { peerId, network } = config;
    this.gossip = new Gossip({ ...config.gossip, peerId, network });
    this.routing = new Routing({ ...config.routing, peerId, network });
    this.host = host;
  }

  runGossip(input: GossipInput): void {
    const { host } = this;
    const outputs: GossipOutput[] = [];
    this.gossip.handle(input, host.now(), outputs);
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          host.send(output.to, { channel: 'gossip', message: output.message });
          break;
        case 'timer':
          host.timer(output.at, { machine: 'gossip', timer: output.timer });
          break;
        case 'event':
          host.emit({ ...output.event, verified: false });
          break;
        case 'violation':
          host.violation(output.peer, output.code, output.detail);
      }
    }
  }

  runRouting(input: RoutingInput): void {
    const { host } = this;
    const outputs: RoutingOutput[] = [];
    this.routing.handle(input, host.now(), outputs);
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          host.send(output.to, { channel: 'routing', message: output.message });
          break;
        case 'timer':
          host.timer(output.at, { machine: 'routing', timer: output.timer });
          break;
        case 'event':
          host.emit(toMeshEvent(output.event));
          break;
        case 'violation':
          host.violation(output.peer, output.code, output.detail);
      }
    }
  }
}

function toMeshEvent(event: Extract<RoutingOutput, { type: 'event' }>['event']): Event {
  switch (event.type) {
    case 'message':
      return { ...event, verified: false };
    case 'delivered':
      return { ...event, type: 'messageDelivered' };
    case 'failed':
      return { ...event, type: 'messageFailed' };
  }
}
