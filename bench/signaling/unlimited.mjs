/** Above any load that comes from here; all of it comes from one address. */
const PLENTY = 10_000_000;

/**
 * Options with which a server lets so many sockets of one address do what they like.
 * @param {number} connections
 */
export function unlimited(connections) {
  return {
    maxConnections: connections,
    addressConnections: connections,
    handshakeRate: PLENTY,
    handshakeBurst: PLENTY,
    maxHandshakes: connections,
    messageRate: PLENTY,
    messageBurst: PLENTY,
    byteRate: 512 * 1024 * 1024,
    byteBurst: 512 * 1024 * 1024,
    announceRate: PLENTY,
    announceBurst: PLENTY,
  };
}
