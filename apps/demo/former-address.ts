import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';

/** Where the README's demo lived. */
const FORMER = /^\/examples\/browser(?:\/(?:index\.html)?)?(?=\?|$)/;

/** The present address of a request for the former one, its query kept (S156); undefined for any other request. */
export function presentAddress(url: string): string | undefined {
  return FORMER.test(url) ? url.replace(FORMER, '/') : undefined;
}

/** Redirects the former address while Vite serves; in the built demo public/examples/browser/index.html does. */
export function formerAddress(): Plugin {
  return {
    name: 'peerpigeon:former-address',
    configureServer: ({ middlewares }) => void middlewares.use(redirect),
    configurePreviewServer: ({ middlewares }) => void middlewares.use(redirect),
  };
}

function redirect(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const location = presentAddress(request.url ?? '');
  if (location === undefined) return next();
  response.writeHead(302, { location }).end();
}
