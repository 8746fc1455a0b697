import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isPeerId } from '@peerpigeon/identity';
import type { AuthRequest, Grant } from '../auth/authorize.js';
import type { Gatekeeper } from '../auth/gatekeeper.js';
import { tokenOf } from '../auth/token.js';
import type { AddressLimits } from '../limits/address-limits.js';
import type { ClientAddresses } from '../limits/client-address.js';
import type { Metrics } from '../metrics.js';
import { type AllowedOrigins, answerPreflight, isAllowed, setCors } from './cors.js';
import type { IceServers } from './ice.js';

/** Whether new clients should be sent here; `degraded`: yes, though something is missing. */
export type Readiness = { readonly status: 'ready' | 'draining' | 'degraded'; readonly missing?: readonly string[] };

/** What a site answers from. */
export interface SiteParts {
  readonly allowed: AllowedOrigins;
  readonly requireOrigin: boolean;
  /** Undefined: there is no `/metrics`. */
  readonly showMetrics: { readonly token: string } | undefined;
  readonly metrics: Metrics;
  readonly ice: IceServers;
  /** Undefined: everybody may come in. */
  readonly gatekeeper: Gatekeeper | undefined;
  readonly addresses: ClientAddresses;
  readonly limits: AddressLimits;
  readonly health: () => object;
  readonly readiness: () => Readiness;
}

/** How long who could not be told whether he may come in is asked to wait. */
const UNDECIDED_RETRY_S = 5;

/** Whose credentials name nobody. */
const ANYBODY = 'peerpigeon';

/** Answers plain HTTP (S150): `/health`, `/ready`, `/metrics`, `/ice`, and CORS preflights. WebSockets do not come this way. */
export class Site {
  private readonly parts: SiteParts;

  constructor(parts: SiteParts) {
    this.parts = parts;
  }

  /** Whether a path is one of the site's. */
  static has(request: IncomingMessage): boolean {
    return ROUTES.has(pathOf(request));
  }

  /** Answers; never throws or rejects, whatever was asked. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    setCors(request, response, this.parts.allowed);
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    // The body, if any, is of no interest, and is not waited for.
    request.resume();
    if (request.method === 'OPTIONS') return answerPreflight(response);
    const route = ROUTES.get(pathOf(request));
    if (route === undefined) {
      return send(response, 404, { error: 'not found', webSocket: '/?peerId=<40 hex digits>' });
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD, OPTIONS');
      return send(response, 405, { error: 'method not allowed' });
    }
    route(this.parts, request, response).catch(() => {
      if (!response.headersSent) send(response, 500, { error: 'internal error' });
      else response.destroy();
    });
  }
}

type Route = (parts: SiteParts, request: IncomingMessage, response: ServerResponse) => Promise<void>;

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/health', answerHealth],
  ['/ready', answerReady],
  ['/metrics', answerMetrics],
  ['/ice', answerIce],
]);

async function answerHealth({ health }: SiteParts, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  send(response, 200, { service: 'peerpigeon', status: 'ok', ...health() });
}

async function answerReady({ readiness }: SiteParts, _: IncomingMessage, response: ServerResponse): Promise<void> {
  const state = readiness();
  send(response, state.status === 'draining' ? 503 : 200, state);
}

async function answerMetrics(parts: SiteParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { showMetrics, metrics } = parts;
  if (showMetrics === undefined) return send(response, 404, { error: 'not found' });
  if (isTooOften(parts, request, response, 'metrics')) return;
  if (showMetrics.token !== '' && !isSame(request.headers.authorization, `Bearer ${showMetrics.token}`)) {
    response.setHeader('www-authenticate', 'Bearer');
    return send(response, 401, { error: 'unauthorized' });
  }
  const text = await metrics.text();
  response.setHeader('content-type', metrics.registry.contentType);
  response.writeHead(200).end(text);
}

async function answerIce(parts: SiteParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { ice, addresses, metrics, gatekeeper, allowed, requireOrigin } = parts;
  const { headers } = request;
  if (ice.isEmpty) return send(response, 404, { error: 'not found' });
  if (isTooOften(parts, request, response, 'ice')) return;
  // CORS keeps pages from reading the answer, and nothing keeps programs; but what is not read need not be made.
  const isMissing = requireOrigin && allowed !== '*' && headers.origin === undefined;
  if (isMissing || !isAllowed(headers.origin, allowed)) return send(response, 403, { error: 'forbidden' });
  const named = queryOf(request).get('peerId');
  const peerId = isPeerId(named) ? named : undefined;
  let grant: Grant = {};
  if (gatekeeper !== undefined) {
    const question: AuthRequest = {
      purpose: 'ice',
      token: tokenOf(headers),
      peerId,
      network: undefined,
      origin: headers.origin,
      remoteAddress: addresses.of(request),
      headers,
    };
    const decision = await gatekeeper.decide(question);
    if ('undecided' in decision) return retry(response, 503, decision.undecided, UNDECIDED_RETRY_S);
    if ('refusal' in decision) {
      metrics.rejects.inc({ reason: decision.refusal });
      if (decision.refusal === 'unauthorized') response.setHeader('www-authenticate', 'Bearer');
      const status = decision.refusal === 'unauthorized' ? 401 : 403;
      return send(response, status, { error: decision.refusal, reason: decision.reason });
    }
    grant = decision;
  }
  if (ice.hasTurn) metrics.iceCredentials.inc();
  send(response, 200, ice.answer(grant.subject ?? peerId ?? ANYBODY, Date.now()));
}

/** Answers who asks too often for what costs something. What load balancers ask for does not, and is never refused. */
function isTooOften(
  { addresses, limits, metrics }: SiteParts,
  request: IncomingMessage,
  response: ServerResponse,
  reason: 'ice' | 'metrics',
): boolean {
  const excess = limits.request(addresses.of(request), performance.now());
  if (excess === undefined) return false;
  metrics.rejects.inc({ reason });
  retry(response, 429, 'too many requests', Math.ceil(excess.retryAfterMs / 1_000));
  return true;
}

function retry(response: ServerResponse, status: number, error: string, seconds: number): void {
  response.setHeader('retry-after', String(Math.min(seconds, 3_600)));
  send(response, status, { error });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.writeHead(status).end(JSON.stringify(body));
}

/** Compares in a time that tells nothing of where they differ. */
function isSame(given: string | undefined, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(expected));
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] as string;
}

/** What stands behind the `?` of an address. The path is free (S118), so nothing else of it is read, or can be malformed. */
export function queryOf({ url = '/' }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url.split('?').slice(1).join('?'));
}
