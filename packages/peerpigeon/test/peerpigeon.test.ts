import { describe, expect, it } from 'vitest';
import * as browser from '../src/index.js';
import * as node from '../src/node.js';

describe('peerpigeon', () => {
  it('S3: in Node the server comes from the same entry', async () => {
    const server = new node.PeerPigeonServer({ port: 0, host: '127.0.0.1' });
    const { port } = await server.start();
    expect(port).toBeGreaterThan(0);
    await server.stop();
  });

  it('S3: in browsers the server is a stub whose constructor throws a typed error', () => {
    expect(() => new browser.PeerPigeonServer()).toThrow(browser.PeerPigeonError);
    expect(() => new browser.PeerPigeonServer()).toThrow(expect.objectContaining({ code: 'NOT_AVAILABLE' }));
  });

  it('both entries have the same values, so that code moves between them', () => {
    expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
  });
});
