import { linksConformance } from '@peerpigeon/mesh/testing';
import wrtc from '@roamhq/wrtc';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { liveConnections, webRtc, type WebRtcLinks } from '../src/adapters/web-rtc.js';
import { conform, turn } from './conform.js';

const { RTCPeerConnection } = wrtc;
const PEER = 'a'.repeat(40);
const handlers = { event: () => {}, message: () => {} };

describe('webRtc over @roamhq/wrtc keeps the links port', () => {
  let made: WebRtcLinks[] = [];
  afterEach(() => {
    expect(made.map((links) => links.count)).toEqual([0, 0]);
    made = [];
  });
  const make = () => {
    const [ours, theirs] = [webRtc({ RTCPeerConnection }), webRtc({ RTCPeerConnection })];
    made = [ours, theirs];
    return { ours, theirs, turn };
  };
  conform(linksConformance(make));
});

describe('webRtc', () => {
  it('S98: contacts no ICE server unless told to', () => {
    const configurations: (RTCConfiguration | undefined)[] = [];
    class Recorder extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        configurations.push(configuration);
      }
    }
    const links = webRtc({ RTCPeerConnection: Recorder });
    links.open(PEER, handlers).close();
    expect(configurations).toEqual([{ iceServers: [], iceTransportPolicy: 'all' }]);
  });

  it('S98: ICE servers may come from an async provider, asked once for links made at once', async () => {
    const servers: RTCIceServer[] = [{ urls: 'turn:127.0.0.1:9', username: 'u', credential: 'c' }];
    const iceServers = vi.fn(async () => servers);
    const configurations: (RTCConfiguration | undefined)[] = [];
    class Recorder extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super({});
        configurations.push(configuration);
      }
    }
    const links = webRtc({ RTCPeerConnection: Recorder, iceServers, iceTransportPolicy: 'relay' });
    const first = links.open(PEER, handlers);
    const second = links.open(PEER, handlers);
    await vi.waitUntil(() => configurations.length === 2);
    expect(configurations[0]).toEqual({ iceServers: servers, iceTransportPolicy: 'relay' });
    expect(iceServers).toHaveBeenCalledTimes(1);
    first.close();
    second.close();
    expect(links.count).toBe(0);
  });

  it('a provider that fails is a refused open', async () => {
    const event = vi.fn();
    const iceServers = async (): Promise<RTCIceServer[]> => {
      throw new Error('no credentials today');
    };
    const link = webRtc({ RTCPeerConnection, iceServers }).open(PEER, { ...handlers, event });
    await vi.waitUntil(() => event.mock.calls.length > 0);
    expect(event).toHaveBeenCalledWith({ type: 'failed', command: 'open', detail: 'no credentials today' });
    link.close();
  });

  it('a platform without connections left throws, and counts none', () => {
    class Exhausted {
      constructor() {
        throw new Error('Cannot create so many PeerConnections');
      }
    }
    const links = webRtc({ RTCPeerConnection: Exhausted as unknown as typeof RTCPeerConnection });
    expect(() => links.open(PEER, handlers)).toThrow('so many PeerConnections');
    expect(links.count).toBe(0);
  });

  it('beyond maxConnections nothing is constructed, and it is said once', () => {
    const constructed = vi.fn();
    class Counting extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        constructed();
      }
    }
    const before = liveConnections();
    const onWarning = vi.fn();
    const links = webRtc({ RTCPeerConnection: Counting, maxConnections: 2, onWarning });
    const open = [links.open(PEER, handlers), links.open(PEER, handlers)];
    for (let i = 0; i < 3; i++) expect(() => links.open(PEER, handlers)).toThrow('maxConnections');
    expect(onWarning).toHaveBeenCalledTimes(1);
    expect(onWarning).toHaveBeenCalledWith(expect.objectContaining({ code: 'connection-limit' }));
    expect([links.count, liveConnections() - before, constructed.mock.calls.length]).toEqual([2, 2, 2]);
    open[0]?.close();
    open[0]?.close();
    open.push(links.open(PEER, handlers));
    for (const link of open) link.close();
    expect([links.count, liveConnections() - before]).toEqual([0, 0]);
    expect(() => webRtc({ RTCPeerConnection, maxConnections: 0 })).toThrow(RangeError);
  });

  it('a closed connection holds none of our handlers', () => {
    const made: object[] = [];
    class Recorder extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        made.push(this);
      }
      override createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
        const channel = super.createDataChannel(label, init);
        made.push(channel);
        return channel;
      }
    }
    webRtc({ RTCPeerConnection: Recorder }).open(PEER, handlers).close();
    const held = made.flatMap((one) =>
      Object.entries(one).filter(([name, value]) => name.startsWith('on') && value !== null),
    );
    expect([made.length, held]).toEqual([3, []]);
  });

  it('S82: a goodbye is heard although the end of the other channel came before it, as it may in wrtc', async () => {
    const channels: FakeChannel[] = [];
    class FakeChannel {
      readyState = 'connecting';
      onopen: () => void = () => {};
      onclose: () => void = () => {};
      onmessage: (event: { readonly data: unknown }) => void = () => {};
      close(): void {}
    }
    class Fake {
      readonly connectionState = 'connected';
      readonly iceConnectionState = 'connected';
      readonly iceGatheringState = 'complete';
      readonly remoteDescription = null;
      createDataChannel(): FakeChannel {
        channels.push(new FakeChannel());
        return channels.at(-1) as FakeChannel;
      }
      close(): void {}
    }
    const told: unknown[] = [];
    const link = webRtc({ RTCPeerConnection: Fake as unknown as typeof RTCPeerConnection }).open(PEER, {
      event: (event) => told.push(event.type),
      message: (lane, bytes) => told.push([lane, [...bytes]]),
    });
    for (const channel of channels) channel.readyState = 'open';
    for (const channel of channels) channel.onopen();
    const [control, bulk] = channels as [FakeChannel, FakeChannel];
    bulk.onclose();
    control.onmessage({ data: new Uint8Array([7]).buffer });
    control.onclose();
    await vi.waitUntil(() => told.includes('closed'));
    expect(told).toEqual(['opened', ['control', [7]], 'closed']);
    link.close();
  });

  it('one description carries the candidates', async () => {
    const sdps: string[] = [];
    const link = webRtc({ RTCPeerConnection }).open(PEER, {
      ...handlers,
      event: (event) => event.type === 'description' && sdps.push(event.description.sdp),
    });
    link.command({ type: 'offer' });
    await vi.waitUntil(() => sdps.length > 0);
    expect(sdps[0]).toMatch(/^a=candidate:/m);
    link.close();
  });
});
