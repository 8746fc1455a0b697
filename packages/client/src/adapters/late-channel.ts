import type { SignalingChannel, SignalingHandlers } from '@peerpigeon/mesh';
import { LOST } from '@peerpigeon/signaling-protocol';

/**
 * A channel for which something has to be had first. Closed meanwhile, it is never opened; if it cannot be had, it was lost.
 * @param prepare gives what opens it
 */
export function lateChannel(
  prepare: () => Promise<() => SignalingChannel>,
  handlers: SignalingHandlers,
): SignalingChannel {
  let channel: SignalingChannel | undefined;
  let isClosed = false;
  const open = async (): Promise<void> => {
    try {
      const opener = await prepare();
      if (!isClosed) channel = opener();
    } catch (error) {
      if (!isClosed) handlers.closed(LOST, String(error));
    }
  };
  void open();
  return {
    send: (text) => channel?.send(text),
    close: () => {
      isClosed = true;
      channel?.close();
    },
  };
}
