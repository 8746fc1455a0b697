import { DecodeError, type Machine, type PeerId } from '@peerpigeon/core';
import type { Carrier } from '@peerpigeon/link';
import {
  decodeFrame,
  encodeFrame,
  type Event,
  type Frame,
  type Input,
  type Link,
  type LinkHandlers,
  type Output,
  type Ports,
  type Timer,
} from '@peerpigeon/mesh';
import { Alarm } from './alarm.js';
import type { Logger } from './logger.js';
import { Uplink } from './uplink.js';

/** A transport that was opened before there was a link for it. */
export interface Adoptable extends Link {
  /** What it has told so far, and all that follows, goes there. */
  attach(handlers: LinkHandlers): void;
}

/** What a {@link Runtime} runs, on what, and for whom. */
export interface RuntimeOptions {
  readonly machine: Machine<Input, Output>;
  readonly peerId: PeerId;
  readonly ports: Ports;
  readonly logger: Logger;
  /** Gets each event, from within `feed`. */
  readonly onEvent: (event: Event) => void;
  /** Carries out what an optional protocol asks for. */
  readonly onProtocol?: (output: Extract<Output, { readonly type: 'protocol' }>) => void;
  /** A bug of ours; the mesh goes on. */
  readonly onError: (error: unknown) => void;
}

/**
 * Runs a mesh on its ports: feeds one input at a time, then carries out what follows in order; an input that arises
 * meanwhile waits. The one place where frames are encoded and decoded. After `leave` nothing is left: no timer, link or
 * channel.
 */
export class Runtime {
  private readonly options: RuntimeOptions;
  private readonly inputs: Input[] = [];
  private readonly alarm: Alarm<Timer>;
  private readonly links = new Map<string, Link>();
  private readonly uplink: Uplink;
  /** Open transports on offer to the mesh, for the moment of the offer. */
  private readonly offered = new Map<string, Adoptable>();
  private draining = false;

  constructor(options: RuntimeOptions) {
    this.options = options;
    this.alarm = new Alarm(options.ports.clock, (timers) => {
      for (const timer of timers) this.inputs.push({ type: 'timer', timer });
      if (!this.draining) this.drain();
    });
    const { ports, peerId, logger } = options;
    this.uplink = new Uplink(ports, peerId, logger, (event) => this.feed({ type: 'signaling', event }));
  }

  /** Hands one input to the mesh, at once or after those that wait. */
  feed(input: Input): void {
    this.inputs.push(input);
    if (!this.draining) this.drain();
  }

  /** Offers the mesh a transport that is open already; false when it does not take it. */
  adopt(peer: PeerId, session: string, link: Adoptable): boolean {
    const id = key({ peer, session });
    this.offered.set(id, link);
    this.feed({ type: 'adopt', peer, session });
    return !this.offered.delete(id);
  }

  private drain(): void {
    this.draining = true;
    const { machine, ports } = this.options;
    const out: Output[] = [];
    for (let at = 0; at < this.inputs.length; at++) {
      const input = this.inputs[at] as Input;
      this.guard(() => machine.handle(input, ports.clock.now(), out));
      for (const output of out) this.guard(() => this.perform(output));
      out.length = 0;
      if (input.type === 'leave') this.release();
    }
    this.inputs.length = 0;
    this.draining = false;
    this.alarm.set();
  }

  private perform(output: Output): void {
    const { logger } = this.options;
    switch (output.type) {
      case 'frame':
        return this.links.get(key(output))?.send(output.lane, encodeFrame(output.frame));
      case 'datagram':
        return this.links.get(key(output))?.datagram(output.maxRetransmits, encodeFrame(output.frame));
      case 'timer':
        return this.alarm.push(output.at, output.timer);
      case 'event':
        return this.options.onEvent(output.event);
      case 'transport':
        logger.debug(`link with ${output.peer}: ${output.command.type}`);
        if (output.command.type === 'open') return this.openLink(output.peer, output.session);
        if (output.command.type === 'close') return this.closeLink(key(output));
        return this.links.get(key(output))?.command(output.command);
      case 'protocol':
        return this.options.onProtocol?.(output);
      case 'signaling':
        return this.uplink.command(output.command);
      case 'violation':
        return logger.warn(`${output.peer} broke the protocol (${output.code}): ${output.detail}`);
    }
  }

  private openLink(peer: PeerId, session: string): void {
    const id = key({ peer, session });
    this.closeLink(id);
    const handlers: LinkHandlers = {
      event: (event) => this.feed({ type: 'transport', peer, session, event }),
      message: (carrier, bytes) => this.onMessage(peer, session, carrier, bytes),
    };
    const adopted = this.offered.get(id);
    try {
      const link = adopted ?? this.options.ports.links.open(peer, handlers);
      this.links.set(id, link);
      this.offered.delete(id);
      adopted?.attach(handlers);
    } catch (error) {
      // The platform has no connection left.
      const detail = String(error);
      this.feed({ type: 'transport', peer, session, event: { type: 'failed', command: 'open', detail } });
    }
  }

  private closeLink(id: string): void {
    const link = this.links.get(id);
    this.links.delete(id);
    link?.close();
  }

  private onMessage(peer: PeerId, session: string, carrier: Carrier, bytes: Uint8Array): void {
    let frame: Frame;
    try {
      frame = decodeFrame(bytes);
      if ((frame.channel === 'datagram') !== (carrier === 'datagram')) {
        throw new DecodeError('UNEXPECTED', `a frame of channel ${frame.channel} on ${carrier}`);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) return this.options.onError(error);
      this.options.logger.debug(`malformed frame from ${peer} on ${carrier}: ${error.message}`);
      return this.feed({ type: 'malformed', peer, session, error });
    }
    this.feed({ type: 'frame', peer, session, frame });
  }

  private release(): void {
    this.alarm.clear();
    for (const id of this.links.keys()) this.closeLink(id);
    this.uplink.close();
  }

  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.options.onError(error);
    }
  }
}

/** A later link with the same peer is another one. */
function key({ peer, session }: { readonly peer: PeerId; readonly session: string }): string {
  return `${peer} ${session}`;
}
