import { assert, type PeerId } from '@peerpigeon/core';
import type { Carrier, Description, Lane, TransportCommand, TransportEvent } from '@peerpigeon/link';
import { MAX_RETRANSMITS } from '../datagram.js';
import type { Link, Links } from '../ports.js';
import { equal, quiet, throws, until, type Conformance, type Turn } from './conformance.js';

/** The ports of two peers that can reach each other, and what makes time pass. */
export interface LinksFixture {
  readonly ours: Links;
  readonly theirs: Links;
  readonly turn: Turn;
}

const OUR_ID: PeerId = '0'.repeat(40);
const THEIR_ID: PeerId = 'f'.repeat(40);
/** Every WebRTC data channel carries this much (RFC 8831 §6.6). */
const LEAST_MESSAGE_BYTES = 16_384;
const LANES: readonly Lane[] = ['control', 'bulk'];
/** What is sent to see it drain: some milliseconds of any link. */
const DRAIN_BYTES = 2_097_152;
const DRAIN_MESSAGES = 64;
/** What fits into one packet everywhere, and how often it may be sent again. */
const DATAGRAM_BYTES = 1_000;
const DATAGRAM_RETRANSMITS: readonly number[] = [0, 1, MAX_RETRANSMITS];

/** What every {@link Links} keeps. Each case closes the links it made. */
export function linksConformance(make: () => LinksFixture): Conformance[] {
  const withPair = (name: string, check: (a: End, b: End, turn: Turn) => Promise<void>): Conformance => ({
    name,
    run: async () => {
      const { ours, theirs, turn } = make();
      const a = new End(ours, THEIR_ID);
      const b = new End(theirs, OUR_ID);
      try {
        await connect(a, b, turn);
        await check(a, b, turn);
        equal([...a.trespasses, ...b.trespasses], [], 'handlers called from within a call');
      } finally {
        a.close();
        b.close();
      }
    },
  });
  return [
    withPair('opens by offer, answer and accept; each side is told once', async (a, b, turn) => {
      await quiet(turn);
      for (const end of [a, b]) equal(end.events.filter((type) => type === 'opened').length, 1, 'opened events');
      equal(a.description?.type, 'offer', 'our description');
      equal(b.description?.type, 'answer', 'their description');
    }),
    withPair('carries at least 16 KiB a message', async (a) => {
      assert(a.link.maxMessageBytes >= LEAST_MESSAGE_BYTES, `only ${a.link.maxMessageBytes} bytes`);
    }),
    withPair('carries messages whole and in order on both lanes, both ways', async (a, b, turn) => {
      const sizes = [1, 2, 255, LEAST_MESSAGE_BYTES, a.link.maxMessageBytes, 3];
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        for (const lane of LANES) for (const size of sizes) from.link.send(lane, pattern(size));
        await until(turn, () => to.messages.length === 2 * sizes.length, 'the messages');
        for (const lane of LANES) {
          const got = to.messages.filter((message) => message.carrier === lane).map((message) => message.bytes);
          equal(
            got.map((bytes) => bytes.length),
            sizes,
            `sizes on ${lane}`,
          );
          for (const bytes of got)
            assert(
              bytes.every((byte, at) => byte === at % 251),
              `bytes on ${lane} changed`,
            );
        }
      }
    }),
    withPair('has taken the bytes when send returns; part of a buffer is sent as that part', async (a, b, turn) => {
      const buffer = pattern(10);
      a.link.send('control', buffer.subarray(2, 5));
      buffer.fill(0);
      await until(turn, () => b.messages.length > 0, 'the message');
      equal(b.messages[0]?.bytes, new Uint8Array([2, 3, 4]), 'bytes');
    }),
    withPair('refuses a message over maxMessageBytes with a RangeError, and lives', async (a, b, turn) => {
      throws(() => a.link.send('bulk', new Uint8Array(a.link.maxMessageBytes + 1)), 'RangeError', 'too large');
      a.link.send('bulk', pattern(1));
      await until(turn, () => b.messages.length > 0, 'the next message');
      equal(b.messages.length, 1, 'messages');
    }),
    withPair('tells once, and each time it is asked, when it has drained so far', async (a, b, turn) => {
      a.command({ type: 'drain', below: 0 });
      await until(turn, () => a.drained.length === 1, 'drained, of an idle link');
      const size = Math.min(a.link.maxMessageBytes, DRAIN_BYTES / DRAIN_MESSAGES);
      for (const below of [DRAIN_BYTES / 2, 0]) {
        for (let i = 0; i < DRAIN_MESSAGES; i++) a.link.send(i % 2 === 0 ? 'bulk' : 'control', new Uint8Array(size));
        const asked = a.drained.length;
        a.command({ type: 'drain', below });
        await until(turn, () => a.drained.length > asked, `drained to ${below}`);
        const { bytes, control, from } = a.drained[asked] as Drained;
        assert(bytes <= below, `drained to ${bytes} bytes, asked for ${below}`);
        assert(control <= bytes, `${control} bytes on control, ${bytes} in all`);
        assert(from >= bytes && from <= 2 * DRAIN_MESSAGES * size, `drained from ${from} bytes to ${bytes}`);
      }
      await until(turn, () => b.messages.length === 2 * DRAIN_MESSAGES, 'the messages');
      await quiet(turn);
      equal(a.drained.length, 3, 'drained events');
    }),
    withPair('restarts: described anew while messages go on, and open once', async (a, b, turn) => {
      a.link.send('bulk', pattern(LEAST_MESSAGE_BYTES));
      [a.description, b.description] = [undefined, undefined];
      a.command({ type: 'restart' });
      await answer(a, b, turn);
      a.link.send('control', pattern(3));
      b.link.send('control', pattern(4));
      await until(turn, () => b.messages.length === 2 && a.messages.length === 1, 'the messages');
      await quiet(turn);
      for (const end of [a, b]) {
        equal(end.events.filter((type) => type === 'opened').length, 1, 'opened events');
        equal([end.failed, end.events.includes('closed')], [[], false], 'failed commands, closed');
      }
    }),
    withPair('carries datagrams whole, both ways, each once at most', async (a, b, turn) => {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        let sent = 0;
        const sizes = (): number[] => to.messages.map(({ bytes }) => bytes.length);
        // None need arrive: so many are sent that one of each kind does.
        const step = async (): Promise<void> => {
          for (const maxRetransmits of DATAGRAM_RETRANSMITS) {
            from.link.datagram(maxRetransmits, pattern(DATAGRAM_BYTES - maxRetransmits));
          }
          sent++;
          await turn();
        };
        const all = (): boolean => DATAGRAM_RETRANSMITS.every((count) => sizes().includes(DATAGRAM_BYTES - count));
        await until(step, all, 'a datagram of each kind');
        await quiet(turn);
        for (const { carrier, bytes } of to.messages) {
          equal(carrier, 'datagram', 'carrier');
          equal(bytes, pattern(bytes.length), 'bytes');
        }
        for (const count of DATAGRAM_RETRANSMITS) {
          const got = sizes().filter((size) => size === DATAGRAM_BYTES - count).length;
          assert(got <= sent, `${got} of ${sent} datagrams came`);
        }
      }
    }),
    withPair('delivers what was sent just before close, then tells the other side why, once', async (a, b, turn) => {
      a.link.send('control', pattern(40));
      a.close();
      await until(turn, () => b.events.includes('closed'), 'closed');
      await quiet(turn);
      equal(b.messages.length, 1, 'messages before it closed');
      equal(b.events.filter((type) => type === 'closed').length, 1, 'closed events');
      assert(b.closeReason !== '', 'a reason');
    }),
    withPair('tells nothing after close; to close, command or write then is harmless', async (a, b, turn) => {
      const before = a.events.length;
      b.link.send('control', pattern(4));
      a.close();
      a.close();
      a.link.send('control', pattern(4));
      a.link.datagram(0, pattern(4));
      a.link.command({ type: 'drain', below: 0 });
      a.link.command({ type: 'offer' });
      await until(turn, () => b.events.includes('closed'), 'closed at the other side');
      await quiet(turn);
      equal([a.events.length - before, a.messages.length], [0, 0], 'events and messages after close');
    }),
    withPair('reports a command that the platform refuses', async (a, _b, turn) => {
      // Both are agreed already: another answer has nothing to answer.
      a.command({ type: 'accept', description: { type: 'answer', sdp: 'no description' } });
      await until(turn, () => a.failed.length > 0, 'failed');
      equal(a.failed, ['accept'], 'failed commands');
    }),
    {
      name: 'closes while it is still opening, without a word',
      run: async () => {
        const { ours, turn } = make();
        const end = new End(ours, THEIR_ID);
        end.command({ type: 'offer' });
        end.close();
        await quiet(turn);
        equal(end.events, [], 'events');
      },
    },
    {
      name: 'keeps candidates that come before the description',
      run: async () => {
        const { ours, theirs, turn } = make();
        const a = new End(ours, THEIR_ID);
        const b = new End(theirs, OUR_ID);
        a.command({ type: 'offer' });
        await until(turn, () => a.description !== undefined, 'the offer');
        // A real one where descriptions are SDP.
        const candidate = /^a=(candidate:.*)$/m.exec(a.description?.sdp ?? '')?.[1]?.trim() ?? '';
        b.command({ type: 'candidate', candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 } });
        await answer(a, b, turn);
        await until(turn, () => a.events.includes('opened') && b.events.includes('opened'), 'opened');
        equal([a.failed, b.failed], [[], []], 'failed commands');
        a.close();
        b.close();
      },
    },
  ];
}

/** The answer to `drain`. */
type Drained = Extract<TransportEvent, { readonly type: 'drained' }>;

/** One side: a link and what it told. */
class End {
  readonly link: Link;
  readonly events: TransportEvent['type'][] = [];
  readonly messages: { readonly carrier: Carrier; readonly bytes: Uint8Array }[] = [];
  readonly drained: Drained[] = [];
  readonly failed: TransportCommand['type'][] = [];
  description: Description | undefined;
  closeReason = '';
  /** Events told from within a call to the link. */
  readonly trespasses: TransportEvent['type'][] = [];
  /** Where candidates go. */
  other: End | undefined;
  private within = false;

  constructor(links: Links, peer: PeerId) {
    this.within = true;
    this.link = links.open(peer, {
      event: (event) => this.onEvent(event),
      message: (carrier, bytes) => this.messages.push({ carrier, bytes }),
    });
    this.within = false;
  }

  command(command: Parameters<Link['command']>[0]): void {
    this.within = true;
    this.link.command(command);
    this.within = false;
  }

  close(): void {
    this.within = true;
    this.link.close();
    this.within = false;
  }

  private onEvent(event: TransportEvent): void {
    if (this.within) this.trespasses.push(event.type);
    this.events.push(event.type);
    if (event.type === 'description') this.description = event.description;
    if (event.type === 'drained') this.drained.push(event);
    if (event.type === 'closed') this.closeReason = event.reason;
    if (event.type === 'failed') this.failed.push(event.command);
    if (event.type === 'candidate') this.other?.command(event);
  }
}

async function connect(a: End, b: End, turn: Turn): Promise<void> {
  a.command({ type: 'offer' });
  await answer(a, b, turn);
  await until(turn, () => a.events.includes('opened') && b.events.includes('opened'), 'both sides to open');
}

async function answer(a: End, b: End, turn: Turn): Promise<void> {
  a.other = b;
  b.other = a;
  await until(turn, () => a.description !== undefined, 'the offer');
  b.command({ type: 'answer', description: a.description as Description });
  await until(turn, () => b.description !== undefined, 'the answer');
  a.command({ type: 'accept', description: b.description as Description });
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at % 251);
}
