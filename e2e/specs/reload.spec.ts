import type { Page } from '@playwright/test';
import { HOST } from '../fixtures/ports.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';
import { expect, oneMesh, test } from '../fixtures/test.js';

test('a tab that is loaded anew takes over its own connection, which the server still takes for alive', async ({
  openTab,
  server,
  figure,
}) => {
  const path = await TcpProxy.start(server.port);
  const other = await openTab();
  const tab = await openTab({ api: `ws://${HOST}:${path.port}`, peerId: 'the same tab' });
  await oneMesh([other, tab]);
  const id = await tab.id();
  figure('first load, connect() to connected', await tab.msUntil('connected'));

  // As when a NAT forgets: whatever the page still says over its socket, its end included, gets nowhere.
  path.strand();
  const tokens = watchTokens(tab.page);
  await tab.page.reload();
  await oneMesh([other, tab]);
  expect(await tab.id()).toBe(id);
  // Without the token the server would ask the former connection for a sign of life first, and wait 2 s for it.
  figure('reload, connect() to connected', await tab.msUntil('connected'));
  expect(tokens.given).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  const presented = tokens.presented.filter((token) => token !== undefined);
  expect(presented).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  expect(presented).not.toEqual(tokens.given);
  const left = await tab.page.evaluate(() => Object.keys(sessionStorage));
  expect(left.filter((key) => key.includes('resume'))).toEqual([]);
  await path.close();
});

/** The resume tokens that a page's signaling is given and presents, in order. */
function watchTokens(page: Page): { readonly given: unknown[]; readonly presented: unknown[] } {
  const tokens = { given: [] as unknown[], presented: [] as unknown[] };
  const read = (payload: string | Buffer): { readonly type?: string; readonly data?: { readonly resume?: unknown } } =>
    JSON.parse(String(payload)) as object;
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      const { type, data } = read(payload);
      if (type === 'connected') tokens.given.push(data?.resume);
    });
    socket.on('framesent', ({ payload }) => {
      const { type, data } = read(payload);
      if (type === 'announce') tokens.presented.push(data?.resume);
    });
  });
  return tokens;
}
