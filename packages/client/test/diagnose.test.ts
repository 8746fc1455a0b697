import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MeshOptions } from '../src/index.js';
import { FakeNetwork } from './fake-rtc.js';
import { URL as SERVER, World } from './world.js';

const STUN: RTCIceServer = { urls: 'stun:stun.test' };
const TURN: RTCIceServer = { urls: 'turn:turn.test', username: 'u', credential: 'c' };

let world: World;
let network: FakeNetwork;
beforeEach(() => {
  world = new World();
  network = new FakeNetwork();
});
afterEach(() => {
  world.close();
  expect(network.open).toBe(0);
  expect(world.signaling.count).toBe(0);
});

const mesh = (options: MeshOptions = {}) => world.mesh({ RTCPeerConnection: network.RTCPeerConnection, ...options });
const codes = ({ findings }: { readonly findings: readonly { readonly code: string }[] }) =>
  findings.map(({ code }) => code);

describe('diagnose()', () => {
  it('S98: says what there is, as plain data, before connect(), and leaves nothing open', async () => {
    network.answers({ 'stun:stun.test': 'srflx', 'turn:turn.test': 'relay' });
    const diagnosis = await mesh({ iceServers: [STUN, TURN] }).diagnose({ url: SERVER });
    expect(diagnosis).toMatchObject({
      webRtc: { available: true, error: null },
      ice: {
        candidates: { host: 1, srflx: 1, relay: 1 },
        servers: [
          { url: 'stun:stun.test', works: true, errors: [] },
          { url: 'turn:turn.test', works: true, errors: [] },
        ],
      },
      signaling: [{ url: SERVER, reachable: true, reason: '' }],
      findings: [],
    });
    expect(JSON.parse(JSON.stringify(diagnosis))).toEqual(diagnosis);
  });

  it('asks the signaling server in use', async () => {
    const one = mesh();
    await one.connect(SERVER);
    expect((await one.diagnose()).signaling).toMatchObject([{ url: SERVER, reachable: true }]);
    one.disconnect();
  });

  it('names wrong TURN credentials, also with an IPv6 interface that cannot reach an IPv4 server', async () => {
    network.answers({ 'turn:turn.test': [701, 'STUN server address is incompatible.', 401, 'Unauthorized'] });
    const { findings } = await mesh({ iceServers: [TURN] }).diagnose();
    expect(findings).toEqual([
      {
        code: 'turn-credentials',
        message: 'TURN server turn:turn.test refuses the credentials (401)',
        url: 'turn:turn.test',
      },
    ]);
  });

  it('says what is not configured, and what hides addresses', async () => {
    network.host = 'candidate:1 1 udp 2122260223 0f1e2d3c.local 5000 typ host';
    expect(codes(await mesh().diagnose())).toEqual(['no-stun', 'addresses-hidden']);
    network.answers({ 'stun:stun.test': 'redundant' });
    expect(codes(await mesh({ iceServers: [STUN] }).diagnose())).toEqual(['no-turn', 'addresses-hidden']);
    expect(codes(await mesh({ iceTransportPolicy: 'relay' }).diagnose())).toEqual(['no-relay', 'addresses-hidden']);
  });

  it('servers that are silent: unreachable, and UDP is blocked where others are reached', async () => {
    network.answers({ 'stun:stun.test': [701, 'STUN binding request timed out.'], 'turn:turn.test': 'silence' });
    const diagnosis = await mesh({ iceServers: [STUN, TURN] }).diagnose({ url: SERVER, timeoutMs: 50 });
    expect(codes(diagnosis)).toEqual(['ice-server-unreachable', 'ice-server-unreachable', 'udp-blocked']);
    expect(diagnosis.findings[0]?.message).toContain('STUN binding request timed out. (701)');
  });

  it('signaling that cannot be reached, or says nothing', async () => {
    world.signaling.down.add('down.test');
    world.signaling.silent.add('silent.test');
    const url = ['ws://down.test', 'ws://silent.test'];
    const { signaling } = await mesh().diagnose({ url, timeoutMs: 50 });
    expect(signaling).toMatchObject([
      { url: url[0], reachable: false, reason: 'it was closed (1006)' },
      { url: url[1], reachable: false, reason: 'no answer in time' },
    ]);
  });

  it('a provider that fails, and a platform that makes no connection', async () => {
    const iceServers = (): never => {
      throw new Error('503');
    };
    expect((await mesh({ iceServers }).diagnose()).findings[0]).toMatchObject({
      code: 'ice-servers-failed',
      message: 'the provider of ICE servers fails: 503',
    });
    network.exhausted = true;
    const { webRtc, findings } = await mesh().diagnose();
    expect(webRtc).toEqual({ available: true, error: 'Cannot create so many PeerConnections' });
    expect(codes({ findings })).toEqual(['webrtc-failed']);
  });

  it('ends when its signal says so; wrong options are told at once', async () => {
    network.answers({ 'turn:turn.test': 'silence' });
    const abort = new AbortController();
    const one = mesh({ iceServers: [TURN] });
    const diagnosis = one.diagnose({ signal: abort.signal }).catch((error: unknown) => error);
    await vi.waitUntil(() => network.open > 0);
    abort.abort();
    expect(await diagnosis).toMatchObject({ code: 'ABORTED' });
    await expect(one.diagnose({ signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(one.diagnose({ timeoutMs: 0 })).rejects.toThrow(RangeError);
    await expect(one.diagnose({ url: 'nowhere' })).rejects.toThrow(RangeError);
  });
});
