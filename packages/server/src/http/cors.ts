import type { IncomingMessage, ServerResponse } from 'node:http';

/** `*`, or origins in lower case. */
export type AllowedOrigins = '*' | readonly string[];

/** Whether a page of `origin` may use the server; programs send none (S136). */
export function isAllowed(origin: string | undefined, allowed: AllowedOrigins): boolean {
  return allowed === '*' || origin === undefined || allowed.includes(origin.toLowerCase());
}

/** Says which pages may read the answer (Fetch standard, §3.2). */
export function setCors(
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  allowed: AllowedOrigins,
): void {
  if (allowed === '*') return void response.setHeader('access-control-allow-origin', '*');
  response.setHeader('vary', 'origin');
  if (origin !== undefined && isAllowed(origin, allowed)) response.setHeader('access-control-allow-origin', origin);
}

/** Answers a preflight. */
export function answerPreflight(response: ServerResponse): void {
  response.setHeader('access-control-allow-methods', 'GET, HEAD, OPTIONS');
  response.setHeader('access-control-allow-headers', 'authorization');
  response.setHeader('access-control-max-age', '86400');
  response.writeHead(204).end();
}
