export { calculateXorDistance } from '@peerpigeon/xor';
export { PeerPigeonError } from '@peerpigeon/core';
export type { ErrorCode, MessageId, Millis, PeerId, Plain } from '@peerpigeon/core';
export type {
  ConnectivityReport,
  Evaluation,
  Explanation,
  ExplanationCode,
  FailureReason,
  Finding,
  Health,
  LinkHealth,
  LinkHandlers,
  Links,
  MeshSettings,
  Ports,
  RingHealth,
  Storage,
  Store,
  WarningCode,
} from '@peerpigeon/mesh';
export type {
  Channel,
  ChannelEvents,
  ChannelMessage,
  ChannelOptions,
  DatagramOptions,
  DirectOptions,
} from './channel.js';
export type { Presence, PresenceChange, PresenceEvents } from './presence.js';
export { RequestError } from './request-error.js';
export type { RequestContext, RequestHandler, RequestOptions } from './requests.js';
export { PeerPigeonMesh } from './peer-pigeon-mesh.js';
export type { Invite, InviteAnswer } from './invites/invites.js';
export type { FileContent } from './transfer/source.js';
export type {
  FileOffer,
  FileTransfer,
  OpenedStream,
  ReceivedFile,
  ReceiveOptions,
  SendFileOptions,
  TransferProgress,
  TransferResult,
} from './transfer/offers.js';
export { WebDHT } from './dht/web-dht.js';
export type { DhtCounter } from './dht/counter.js';
export type { DhtMergedOptions } from './dht/handle.js';
export type { DhtSet } from './dht/set.js';
export type { DhtConflict, DhtStats } from './dht/dht-node.js';
export type { DhtDeleteOptions, DhtGetOptions, DhtOptions, DhtPutOptions } from './dht/options.js';
export type { DhtEntry, DhtStored } from './dht/values.js';
export type { WatchedValue } from './dht/watch.js';
export type { DhtValueChange } from './dht/watching.js';
export { SignalingClient } from './signaling-client.js';
export type { PeerSignal, SignalingClientOptions, SignalingEvents, SignalingState } from './signaling-client.js';
export type { DiagnoseOptions } from './diagnosis/request.js';
export type {
  Diagnosis,
  DiagnosisCode,
  DiagnosisFinding,
  IceDiagnosis,
  IceServerDiagnosis,
  SignalingDiagnosis,
} from './diagnosis/diagnosis.js';
export type { CandidateType, IceError } from './diagnosis/gathering.js';
export type { ConnectOptions, MeshOptions } from './options.js';
export type { MeshEvents, ReceivedMessage, StatusChange } from './events.js';
export type { Listener } from './emitter.js';
export type { ConnectivityStatus, DiscoveredPeer, MeshStatus } from './status.js';
export type { Reach, Receipt, SendOptions } from './messenger.js';
export type { Logger, LogLevel } from './logger.js';
export { ArgumentRangeError, ArgumentTypeError } from './argument.js';
export { MAX_CONTENT_BYTES } from './content.js';
export { MAX_BROADCAST_BYTES } from './parts.js';
export { PeerConnection } from './adapters/peer-connection.js';
export type { LinkCommand, PeerConnectionOptions, RtcConstructor } from './adapters/peer-connection.js';
export { webRtc } from './adapters/web-rtc.js';
export type { RtcWarning, WebRtcLinks, WebRtcOptions } from './adapters/web-rtc.js';
export type { IceServerLease, IceServerProvider, IceServers } from './adapters/ice-servers.js';
export { iceServersFrom } from './adapters/ice-servers-from.js';
export type { SignalingToken } from './adapters/signaling-token.js';
export { webSocket } from './adapters/web-socket.js';
export type { WebSocketConstructor } from './adapters/web-socket.js';
export { memoryStorage } from './adapters/memory-storage.js';
export { indexedDbStorage } from './adapters/indexed-db-storage.js';
export type { Durability, DurableOptions } from './adapters/durability.js';
