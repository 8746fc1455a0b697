import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DatagramChannels } from '../src/adapters/datagram-channels.js';
import { DrainWatch } from '../src/adapters/drain-watch.js';

/** A data channel whose platform does what a test tells it. */
class FakeChannel {
  readyState: RTCDataChannelState = 'connecting';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  readonly sent: Uint8Array[] = [];
  readonly label: string;
  readonly ordered: boolean;
  readonly maxRetransmits: number | null;

  constructor(label: string, { ordered = true, maxRetransmits = null }: Partial<FakeChannel> = {}) {
    this.label = label;
    this.ordered = ordered;
    this.maxRetransmits = maxRetransmits;
  }

  open(): void {
    this.readyState = 'open';
    this.onopen?.();
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  close(): void {
    this.readyState = 'closed';
    this.onclose?.();
  }
}

const real = (channels: readonly FakeChannel[]): RTCDataChannel[] => channels as unknown as RTCDataChannel[];

describe('DatagramChannels', () => {
  const made: FakeChannel[] = [];
  const pc = {
    createDataChannel: (label: string, init: Partial<FakeChannel>) => {
      made.push(new FakeChannel(label, init));
      return made.at(-1);
    },
    ondatachannel: undefined as ((event: { channel: FakeChannel }) => void) | undefined,
  };
  const received: unknown[] = [];
  let channels: DatagramChannels;
  beforeEach(() => {
    made.length = 0;
    received.length = 0;
    channels = new DatagramChannels(pc as unknown as RTCPeerConnection, (data) => received.push(data));
  });

  it('opens one for each number of retransmissions, when it is first needed', () => {
    for (const times of [0, 3, 0, 3]) channels.send(times, new Uint8Array(1));
    expect(made.map(({ label, ordered, maxRetransmits }) => [label, ordered, maxRetransmits])).toEqual([
      ['datagram', false, 0],
      ['datagram', false, 3],
    ]);
  });

  it('keeps the latest while it opens, and sends them in order', () => {
    for (let i = 0; i < 100; i++) channels.send(0, new Uint8Array([i]));
    const [channel] = made as [FakeChannel];
    channel.open();
    channels.send(0, new Uint8Array([100]));
    expect(channel.sent.map(([number]) => number)).toEqual(Array.from({ length: 65 }, (_, i) => i + 36));
  });

  it('opens another where one was closed', () => {
    channels.send(0, new Uint8Array(1));
    made[0]?.open();
    made[0]?.close();
    channels.send(0, new Uint8Array(1));
    expect(made).toHaveLength(2);
    expect(channels.channels).toHaveLength(1);
  });

  it('takes what comes on those of the other side, 17 at most, and closes others', () => {
    const offer = (channel: FakeChannel): FakeChannel => {
      pc.ondatachannel?.({ channel });
      return channel;
    };
    const good = Array.from({ length: 17 }, (_, n) =>
      offer(new FakeChannel('datagram', { ordered: false, maxRetransmits: n })),
    );
    good.forEach((channel, n) => channel.onmessage?.({ data: n }));
    expect(received).toEqual(good.map((_, n) => n));
    expect(good.every(({ binaryType }) => binaryType === 'arraybuffer')).toBe(true);
    for (const bad of [
      new FakeChannel('datagram', { ordered: false }),
      new FakeChannel('datagram'),
      new FakeChannel('chat', { ordered: false }),
    ]) {
      expect(offer(bad).readyState).toBe('closed');
    }
    good[0]?.close();
    expect(offer(new FakeChannel('datagram', { ordered: false })).readyState).toBe('connecting');
  });
});

describe('DrainWatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watched(...amounts: number[]) {
    const channels = amounts.map((bufferedAmount) => Object.assign(new FakeChannel('x'), { bufferedAmount }));
    const told = vi.fn();
    return { channels, told, watch: new DrainWatch(() => real(channels), told) };
  }

  it('tells of an idle connection at once, and not from within the question', async () => {
    const { told, watch } = watched(0, 10);
    watch.ask(10);
    expect(told).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(told.mock.calls).toEqual([[{ type: 'drained', bytes: 10, control: 0, from: 10 }]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells when the platform says so', () => {
    const { channels, told, watch } = watched(5, 100);
    watch.ask(50);
    const bulk = channels[1] as FakeChannel;
    expect(bulk.bufferedAmountLowThreshold).toBe(25);
    bulk.bufferedAmount = 25;
    bulk.onbufferedamountlow?.();
    expect(told.mock.calls).toEqual([[{ type: 'drained', bytes: 30, control: 5, from: 105 }]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('looks where the platform says nothing (wrtc)', () => {
    const { channels, told, watch } = watched(0, 100);
    watch.ask(50);
    vi.advanceTimersByTime(100);
    expect(told).not.toHaveBeenCalled();
    (channels[1] as FakeChannel).bufferedAmount = 40;
    vi.advanceTimersByTime(10);
    expect(told).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells nothing once it is stopped', () => {
    const { channels, told, watch } = watched(0, 100);
    watch.ask(50);
    watch.stop();
    (channels[1] as FakeChannel).bufferedAmount = 0;
    channels[1]?.onbufferedamountlow?.();
    vi.advanceTimersByTime(1_000);
    expect(told).not.toHaveBeenCalled();
  });
});
