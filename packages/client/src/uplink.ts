import { DecodeError, type PeerId } from '@peerpigeon/core';
import type { ChannelCommand, ChannelEvent, Ports, SignalingChannel } from '@peerpigeon/mesh';
import { decodeServerMessage, encodeClientMessage, LOST } from '@peerpigeon/signaling-protocol';
import type { Logger } from './logger.js';

/** The channel to the signaling server, one at a time, in messages instead of text. */
export class Uplink {
  private readonly ports: Pick<Ports, 'signaling' | 'clock'>;
  private readonly peerId: PeerId;
  private readonly logger: Pick<Logger, 'debug'>;
  private readonly onEvent: (event: ChannelEvent) => void;
  private channel: SignalingChannel | undefined;

  /** @param onEvent gets what comes of the channel; of one that was closed or replaced nothing comes */
  constructor(
    ports: Pick<Ports, 'signaling' | 'clock'>,
    peerId: PeerId,
    logger: Pick<Logger, 'debug'>,
    onEvent: (event: ChannelEvent) => void,
  ) {
    this.ports = ports;
    this.peerId = peerId;
    this.logger = logger;
    this.onEvent = onEvent;
  }

  command(command: ChannelCommand): void {
    switch (command.type) {
      case 'open':
        return this.open(command.url);
      case 'write':
        this.logger.debug(`signaling, sent: ${command.message.type}`);
        return this.channel?.send(encodeClientMessage(command.message, this.peerId, this.ports.clock.wall()));
      case 'close':
        return this.close();
    }
  }

  close(): void {
    this.channel?.close();
    this.channel = undefined;
  }

  private open(url: string): void {
    this.close();
    this.logger.debug(`signaling: opening ${url}`);
    try {
      this.channel = this.ports.signaling.open(url, {
        opened: () => this.onEvent({ type: 'opened' }),
        message: (text) => this.onEvent(this.read(text)),
        closed: (code, reason) => {
          this.logger.debug(`signaling: closed with ${code} ${reason}`);
          this.channel = undefined;
          this.onEvent({ type: 'closed', code, reason });
        },
      });
    } catch (error) {
      // A WebSocket that its page may not open, for one: it never came about.
      this.onEvent({ type: 'closed', code: LOST, reason: String(error) });
    }
  }

  private read(text: string): ChannelEvent {
    try {
      const message = decodeServerMessage(text);
      this.logger.debug(`signaling, received: ${message.type}`);
      return { type: 'message', message };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { type: 'malformed', error };
    }
  }
}
