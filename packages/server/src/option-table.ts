/** How an option is to be given, for programs that read it from elsewhere: a flag, a variable, a form. */
export interface OptionDescription {
  /** What it does, in one sentence. */
  readonly text: string;
  /** Its default, which tells its type. */
  readonly value: number | string | boolean;
  /** What a number counts; absent where it has no unit. */
  readonly unit?: 'ms' | 'bytes' | 'bytes/s' | '/s';
  /** Smallest and largest number. */
  readonly range?: readonly [min: number, max: number];
  /** Numbers are whole unless this is set. */
  readonly fractional?: true;
  /** Never to be shown or logged. */
  readonly secret?: true;
}

/** Longest delay that a timer of the platform takes: 2³¹ − 1 ms. */
const MAX_DELAY_MS = 2_147_483_647;
const MAX_BYTES = 512 * 1024 * 1024;
const MANY = 10_000_000;
const DELAY = { unit: 'ms', range: [10, MAX_DELAY_MS] } as const;
const RATE = { unit: '/s', range: [0.01, MANY], fractional: true } as const;
const COUNT = { range: [1, MANY] } as const;

/** Every option of a server that a flag or a variable can carry. Those of the README come first, with its defaults. */
export const OPTION_TABLE = {
  port: { value: 3000, range: [0, 65_535], text: 'TCP port; 0 takes a free one, which start() reports' },
  host: { value: 'localhost', text: 'Interface to listen on; 0.0.0.0 is reachable from outside' },
  maxConnections: { value: 1000, ...COUNT, text: 'Connections at most; one more is closed with 4503' },
  cleanupInterval: { value: 60_000, ...DELAY, text: 'How often silent connections are looked for' },
  peerTimeout: {
    value: 300_000,
    unit: 'ms',
    range: [100, MAX_DELAY_MS],
    text: 'A connection without a sign of life for so long is closed with 4408',
  },
  corsOrigin: {
    value: '*',
    text: 'Origins, separated by commas, whose pages may open WebSockets and read HTTP answers; * for all',
  },
  maxMessageSize: {
    value: 1024 * 1024,
    unit: 'bytes',
    // An answer to `announce` alone takes some kilobytes.
    range: [1024, MAX_BYTES],
    text: 'Largest message; a larger one closes its connection with 1009',
  },
  requireOrigin: {
    value: false,
    text: 'Refuses clients that send no Origin, which programs do not, where corsOrigin is a list',
  },

  pingInterval: {
    value: 25_000,
    ...DELAY,
    text: 'A connection silent for so long, or for a third of peerTimeout if that is less, is sent a WebSocket ping',
  },
  pongTimeout: { value: 8_000, ...DELAY, text: 'No sign of life so long after a ping: closed with 4408' },
  softBacklog: {
    value: 256 * 1024,
    unit: 'bytes',
    range: [1024, MAX_BYTES],
    text: 'While more waits for a slow reader, hints of peers that come and go are left out',
  },
  hardBacklog: {
    value: 1024 * 1024,
    unit: 'bytes',
    range: [1024, MAX_BYTES],
    text: 'A reader for whom more would wait is closed with 1013',
  },

  messageRate: { value: 50, ...RATE, text: 'Messages of one connection, in the long run' },
  messageBurst: { value: 200, ...COUNT, text: 'Messages of one connection, at once' },
  byteRate: {
    value: 64 * 1024,
    unit: 'bytes/s',
    range: [1024, MAX_BYTES],
    text: 'Bytes of the messages of one connection, in the long run',
  },
  byteBurst: {
    value: 1024 * 1024,
    unit: 'bytes',
    range: [1024, MAX_BYTES],
    text: 'The same, at once; one largest message is always taken',
  },
  announceRate: { value: 1, ...RATE, text: 'Announces of one connection, in the long run' },
  announceBurst: { value: 10, ...COUNT, text: 'Announces of one connection, at once' },
  addressConnections: { value: 100, ...COUNT, text: 'Connections of one address (IPv6: of one /64) at most' },
  handshakeRate: {
    value: 5,
    ...RATE,
    text: 'New connections, and requests to /ice and /metrics, of one address in the long run',
  },
  handshakeBurst: { value: 60, ...COUNT, text: 'The same, at once' },
  trustedProxies: {
    value: '',
    text: 'Addresses and ranges (10.0.0.0/8), separated by commas, of proxies whose X-Forwarded-For is believed',
  },
  maxHandshakes: {
    value: 256,
    ...COUNT,
    text: 'TCP connections that are no WebSocket yet, at most; for one more the oldest is dropped',
  },
  handshakeTimeout: { value: 10_000, ...DELAY, text: 'How long a client may take to send its HTTP headers' },

  jwtSecret: { value: '', secret: true, text: 'Clients need a JWT signed with this secret (HS256, 32 bytes or more)' },
  jwtPublicKey: {
    value: '',
    text: 'Clients need a JWT signed with the private key of this one: PEM, Ed25519 (EdDSA), P-256 (ES256) or RSA (RS256)',
  },
  jwksUrl: { value: '', text: 'Clients need a JWT signed with a key of the set at this address (RFC 7517)' },
  jwtIssuer: { value: '', text: 'The iss that tokens must name; empty: any' },
  jwtAudience: { value: '', text: 'The aud that tokens must name; empty: any' },
  jwtClockTolerance: {
    value: 5_000,
    unit: 'ms',
    range: [0, 3_600_000],
    text: 'How far the clock of the issuer may be off',
  },
  authTimeout: { value: 5_000, ...DELAY, text: 'How long the decision whether a client may connect may take' },
  maxPendingAuth: { value: 256, ...COUNT, text: 'Such decisions at once at most; more clients are told to return' },

  metrics: { value: true, text: 'Whether GET /metrics answers, in the Prometheus format' },
  metricsToken: { value: '', secret: true, text: 'What /metrics wants as Authorization: Bearer; empty: nothing' },
  stunUrls: { value: '', text: 'STUN servers that /ice gives, separated by commas: stun:stun.example.org' },
  turnUrls: { value: '', text: 'TURN servers that /ice gives credentials for, separated by commas' },
  turnSecret: { value: '', secret: true, text: 'The static-auth-secret of these servers (coturn: use-auth-secret)' },
  turnTtl: {
    value: 3_600_000,
    unit: 'ms',
    range: [60_000, MAX_DELAY_MS],
    text: 'How long TURN credentials are good',
  },
  redisUrl: {
    value: '',
    secret: true,
    text: 'Redis or Valkey that several servers share, which are nodes of one deployment then: redis://host:6379; empty: alone',
  },
  redisPrefix: {
    value: 'pp:',
    text: 'What all keys and channels there begin with; the same for all nodes of a deployment',
  },
  nodeId: { value: '', text: 'This node’s name, which no other has: letters, digits, - and _; empty: drawn at random' },
  drainTime: {
    value: 25_000,
    unit: 'ms',
    range: [100, 600_000],
    text: 'How long drain() takes at most; clients are told to leave within the first four fifths, 20 s at most',
  },
} as const satisfies Readonly<Record<string, OptionDescription>>;
