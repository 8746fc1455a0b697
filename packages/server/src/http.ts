import type { IncomingMessage, ServerResponse } from 'node:http';

/** What `/health` tells. */
export interface Health {
  readonly connections: number;
  readonly peers: number;
  readonly maxConnections: number;
  readonly uptime: number;
}

/** Whether a page of `origin` may use the server; programs send none (S136). */
export function isAllowed(origin: string | undefined, allowed: '*' | readonly string[]): boolean {
  return allowed === '*' || origin === undefined || allowed.includes(origin.toLowerCase());
}

/** Answers plain HTTP: `GET /health` (S150) and CORS preflights; WebSockets do not come this way. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  allowed: '*' | readonly string[],
  health: () => Health,
): void {
  const { origin } = request.headers;
  if (allowed === '*') response.setHeader('access-control-allow-origin', '*');
  else {
    response.setHeader('vary', 'origin');
    if (origin !== undefined && isAllowed(origin, allowed)) response.setHeader('access-control-allow-origin', origin);
  }
  // The body, if any, is of no interest, and is not waited for.
  request.resume();
  const path = (request.url ?? '/').split('?', 1)[0];
  if (request.method === 'OPTIONS') {
    response.setHeader('access-control-allow-methods', 'GET, HEAD, OPTIONS');
    response.setHeader('access-control-max-age', '86400');
    return send(response, 204);
  }
  if (path !== '/health') return send(response, 404, { error: 'not found', webSocket: '/?peerId=<40 hex digits>' });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD, OPTIONS');
    return send(response, 405, { error: 'method not allowed' });
  }
  send(response, 200, { service: 'peerpigeon', status: 'ok', ...health() });
}

function send(response: ServerResponse, status: number, body?: object): void {
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  if (body === undefined) return void response.writeHead(status).end();
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.writeHead(status).end(JSON.stringify(body));
}
