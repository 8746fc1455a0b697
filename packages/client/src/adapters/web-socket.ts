import type { Signaling, SignalingChannel, SignalingHandlers } from '@peerpigeon/mesh';
import { lateChannel } from './late-channel.js';
import { currentToken, type SignalingToken } from './signaling-token.js';

/** The constructor a WebSocket implementation gives: the browser's, or that of `ws` in Node. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocket;

/** No close frame was seen: RFC 6455 §7.4.1. */
const ABNORMAL_CLOSURE = 1006;
const NORMAL_CLOSURE = 1000;

/**
 * The signaling port over WebSocket (RFC 6455): text messages, one socket a channel.
 * @param token goes among the subprotocols, where no log shows it: the one header that a page can set
 */
export function webSocket(WebSocket: WebSocketConstructor, token?: SignalingToken): Signaling {
  const open = (url: string, handlers: SignalingHandlers, protocols?: string[]): SignalingChannel =>
    new WebSocketChannel(new WebSocket(url, protocols), handlers);
  if (token === undefined) return { open: (url, handlers) => open(url, handlers) };
  const prepare = async (url: string, handlers: SignalingHandlers): Promise<() => SignalingChannel> => {
    const protocols = ['peerpigeon.v1', `peerpigeon.jwt.${await currentToken(token)}`];
    return () => open(url, handlers, protocols);
  };
  return { open: (url, handlers) => lateChannel(() => prepare(url, handlers), handlers) };
}

class WebSocketChannel implements SignalingChannel {
  private readonly socket: WebSocket;

  constructor(socket: WebSocket, handlers: SignalingHandlers) {
    this.socket = socket;
    socket.onopen = () => handlers.opened();
    // Binary is no signaling message; as empty text it is counted as malformed.
    socket.onmessage = ({ data }: MessageEvent<unknown>) => handlers.message(typeof data === 'string' ? data : '');
    socket.onclose = ({ code, reason }) => {
      this.release();
      handlers.closed(code === 0 ? ABNORMAL_CLOSURE : code, reason);
    };
    // `close` always follows and says more; without a handler `ws` would throw.
    socket.onerror = ignore;
  }

  send(text: string): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(text);
  }

  close(): void {
    this.release();
    this.socket.close(NORMAL_CLOSURE);
  }

  private release(): void {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
  }
}

function ignore(): void {}
