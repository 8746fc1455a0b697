import { DecodeError, type PeerId } from '@peerpigeon/core';
import type { Ports, SignalingChannel } from '@peerpigeon/mesh';
import {
  decodeServerMessage,
  encodeClientMessage,
  LOST,
  type ClientMessage,
  type ServerMessage,
} from '@peerpigeon/signaling-protocol';
import type { Logger } from './logger.js';

/** What an {@link Uplink} tells; of a channel that was closed or replaced nothing comes. */
export interface UplinkHandlers {
  opened(): void;
  message(message: ServerMessage): void;
  malformed(error: DecodeError): void;
  closed(code: number, reason: string): void;
}

/** The channel to the signaling server, one at a time, in messages instead of text. */
export class Uplink {
  private readonly ports: Pick<Ports, 'signaling' | 'clock'>;
  private readonly peerId: PeerId;
  private readonly logger: Pick<Logger, 'debug'>;
  private readonly handlers: UplinkHandlers;
  private channel: SignalingChannel | undefined;

  constructor(
    ports: Pick<Ports, 'signaling' | 'clock'>,
    peerId: PeerId,
    logger: Pick<Logger, 'debug'>,
    handlers: UplinkHandlers,
  ) {
    this.ports = ports;
    this.peerId = peerId;
    this.logger = logger;
    this.handlers = handlers;
  }

  open(url: string): void {
    this.close();
    this.logger.debug(`signaling: opening ${url}`);
    try {
      this.channel = this.ports.signaling.open(url, {
        opened: () => this.handlers.opened(),
        message: (text) => this.onText(text),
        closed: (code, reason) => this.onClosed(code, reason),
      });
    } catch (error) {
      // A WebSocket that its page may not open, for one: it never came about.
      this.handlers.closed(LOST, String(error));
    }
  }

  write(message: ClientMessage): void {
    this.logger.debug(`signaling, sent: ${message.type}`);
    this.channel?.send(encodeClientMessage(message, this.peerId, this.ports.clock.wall()));
  }

  close(): void {
    this.channel?.close();
    this.channel = undefined;
  }

  private onText(text: string): void {
    let message: ServerMessage;
    try {
      message = decodeServerMessage(text);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.handlers.malformed(error);
    }
    this.logger.debug(`signaling, received: ${message.type}`);
    this.handlers.message(message);
  }

  private onClosed(code: number, reason: string): void {
    this.logger.debug(`signaling: closed with ${code} ${reason}`);
    this.channel = undefined;
    this.handlers.closed(code, reason);
  }
}
