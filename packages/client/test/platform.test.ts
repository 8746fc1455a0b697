import { clockConformance, cryptoConformance, rngConformance } from '@peerpigeon/mesh/testing';
import { describe, expect, it, vi } from 'vitest';
import { publicKeyOf } from '../src/adapters/portable-ed25519.js';
import { secureRng } from '../src/adapters/secure-rng.js';
import { systemClock } from '../src/adapters/system-clock.js';
import { webCrypto } from '../src/adapters/web-crypto.js';
import { platform as browser } from '../src/platform/browser.js';
import { platform as node } from '../src/platform/node.js';
import { conform, turn } from './conform.js';

describe('systemClock keeps the clock port', () => {
  conform(clockConformance(() => ({ clock: systemClock(), turn })));

  it('waits longer than setTimeout can', async () => {
    const called = vi.fn();
    const cancel = systemClock().after(2 ** 32, called);
    await turn();
    cancel();
    expect(called).not.toHaveBeenCalled();
  });
});

describe('secureRng keeps the rng port', () => {
  conform(rngConformance(() => ({ rng: secureRng(webCrypto()) })));
});

describe('webCrypto keeps the crypto port', () => {
  conform(cryptoConformance(() => ({ crypto: webCrypto() })));
});

const getRandomValues = (bytes: Uint8Array<ArrayBuffer>): Uint8Array => crypto.getRandomValues(bytes);

describe('S166: webCrypto without crypto.subtle (plain http) keeps the crypto port', () => {
  const make = () => ({ crypto: webCrypto({ getRandomValues }) });
  conform(cryptoConformance(make));
});

describe('S167: webCrypto with a crypto.subtle that lacks Ed25519 keeps the crypto port', () => {
  const subtle = {
    generateKey: () => Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError')),
    exportKey: () => Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError')),
  };
  const make = () => ({ crypto: webCrypto({ getRandomValues, subtle }) });
  conform(cryptoConformance(make));
});

describe('publicKeyOf', () => {
  it('gives the public key of RFC 8032 §7.1, test 1', () => {
    const secret = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const expected = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
    expect(Buffer.from(publicKeyOf(secret)).toString('hex')).toBe(expected);
  });
});

describe('platforms', () => {
  it('S168: without secure random numbers webCrypto says so by a typed error', () => {
    const lacking = {} as unknown as Parameters<typeof webCrypto>[0];
    expect(() => webCrypto(lacking)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });

  it('Node finds @roamhq/wrtc and ws', async () => {
    expect([node.hasRtc(), node.hasWebSocket()]).toEqual([true, true]);
    expect(await node.loadRtc()).toBeTypeOf('function');
    expect(await node.loadWebSocket()).toBeTypeOf('function');
  });

  it('a browser platform offers what the globals hold', async () => {
    vi.stubGlobal('WebSocket', class {});
    vi.stubGlobal('RTCPeerConnection', undefined);
    expect([browser.hasRtc(), browser.hasWebSocket()]).toEqual([false, true]);
    expect(await browser.loadRtc()).toBeUndefined();
    expect(await browser.loadWebSocket()).toBe(WebSocket);
    vi.unstubAllGlobals();
  });
});
