export { PEER_ID_BYTES, PUBLIC_KEY_BYTES, isPeerId, peerIdFromName, peerIdFromPublicKey } from './id.js';
export {
  MAX_CLAIMED_PEERS,
  PREKEY_BYTES,
  SIGNATURE_BYTES,
  provesId,
  recordFromJson,
  recordFromWire,
  recordToJson,
  recordToWire,
} from './record.js';
export type { JsonRecord, PeerCaps, PeerRecord } from './record.js';
