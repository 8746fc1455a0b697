import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Link, TRANSITIONS, linkConfig } from '../src/index.js';
import type { Input, Output, Signal, SignalBody, TransportEvent } from '../src/index.js';
import { Lifecycle } from '../src/lifecycle.js';
import { LARGE, SMALL, recordOf } from './wire.js';

const made = new Set<string>();

beforeEach(() => {
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const { enter } = Lifecycle.prototype;
  vi.spyOn(Lifecycle.prototype, 'enter').mockImplementation(function (this: Lifecycle, next) {
    made.add(`${this.state.name} → ${next.name}`);
    enter.call(this, next);
  });
});
afterEach(() => vi.restoreAllMocks());

const request: SignalBody = { kind: 'request', purpose: '', isolated: false, record: recordOf(LARGE) };
const hello = (network = 'global'): Input => ({
  type: 'received',
  message: { type: 'hello', versions: [1], network, maxFrameBytes: 65_536, record: recordOf(LARGE) },
});
const offer: SignalBody = { kind: 'offer', description: { type: 'offer', sdp: 'o' } };
const answer: SignalBody = { kind: 'answer', description: { type: 'answer', sdp: 'a' } };
const dial: Input = { type: 'dial', purpose: '', isolated: true };
const hangup: Input = { type: 'hangup', reason: 'x' };

/** Scripts of a link of SMALL with LARGE: a signal of session `s` or another, an event of its transport, or an input. */
type Step = Input | { readonly from: string; readonly body: SignalBody } | { readonly event: TransportEvent };
const says = (body: SignalBody, from = 's'): Step => ({ from, body });
const does = (event: TransportEvent): Step => ({ event });
const described = (type: 'offer' | 'answer'): Step => does({ type: 'description', description: { type, sdp: type } });
const opened = does({ type: 'opened' });

const toReady: Step[] = [dial, says({ kind: 'accept' }), described('offer'), says(answer), opened, hello()];

const SCRIPTS: readonly (readonly Step[])[] = [
  [hangup],
  [says(answer)],
  [{ type: 'adopt' }, opened, hello(), hangup],
  [dial, hangup],
  [dial, says(request, 'theirs'), says(request, 'again'), hangup],
  [says(request), says(request, 'again'), hangup],
  [says(request), { type: 'grant' }, says(offer), says(request, 'anew'), says(offer, 'anew'), says(offer, 'newer')],
  [says(offer, ''), { type: 'grant' }, hangup],
  [dial, says(offer), described('answer'), says(request, 'anew')],
  [dial, says(offer), described('answer'), says(offer, 'anew')],
  [dial, says(offer), described('answer'), hangup],
  [...toReady.slice(0, -1), hello('elsewhere')],
  [...toReady, hangup],
];

function play(script: readonly Step[], link = new Link({ ...OPTIONS, session: 's' })): Output[] {
  const all: Output[] = [];
  let seq = 0;
  for (const step of script) {
    const input: Input =
      'from' in step
        ? { type: 'signal', signal: { ...step.body, session: step.from, seq: seq++ } }
        : 'event' in step
          ? { type: 'transport', session: link.session, event: step.event }
          : step;
    link.handle(input, 0, all);
  }
  return all;
}

/** A ready link that hears nothing, until it is closed; `look` sees it after each of its timers. */
function silent(look: (link: Link, now: number) => void): Link {
  const link = new Link({ ...OPTIONS, session: 's' });
  const pending = play(toReady, link);
  for (const output of pending) {
    if (output.type !== 'timer' || link.state === 'closed') continue;
    const { at, timer } = output;
    link.handle({ type: 'timer', timer }, at, pending);
    look(link, at);
  }
  return link;
}

const OPTIONS = { local: recordOf(SMALL), network: 'global', remote: LARGE, config: linkConfig() };

describe('transitions', () => {
  it('all that the table names are made, and no other', () => {
    for (const script of SCRIPTS) play(script);
    // Silence: degraded, heard, degraded, reconnecting, heard, the same, dead.
    const heard = new Set<string>();
    const link = silent((one, now) => {
      if ((one.state !== 'degraded' && one.state !== 'reconnecting') || heard.has(one.state)) return;
      heard.add(one.state);
      one.handle({ type: 'heard' }, now, []);
    });
    expect(link.state).toBe('closed');
    silent((one, now) => {
      if (one.state === 'degraded') one.handle(hangup, now, []);
    });
    const table = Object.entries(TRANSITIONS).flatMap(([from, tos]) => tos.map((to) => `${from} → ${to}`));
    expect(made).toEqual(new Set(table));
  });
});

const sdp = fc.constantFrom('o', 'a', 'other');
const body: fc.Arbitrary<SignalBody> = fc.oneof(
  fc.record({
    kind: fc.constant('request' as const),
    purpose: fc.constant(''),
    isolated: fc.boolean(),
    record: fc.constantFrom(recordOf(LARGE), recordOf(SMALL)),
  }),
  fc.constant<SignalBody>({ kind: 'accept' }),
  fc.constant<SignalBody>({ kind: 'redirect', reason: 'full', peers: [] }),
  sdp.map<SignalBody>((text) => ({ kind: 'offer', description: { type: 'offer', sdp: text } })),
  sdp.map<SignalBody>((text) => ({ kind: 'answer', description: { type: 'answer', sdp: text } })),
  fc.constant<SignalBody>({ kind: 'candidate', candidate: { candidate: 'c', sdpMid: null, sdpMLineIndex: null } }),
  fc.constant<SignalBody>({ kind: 'cancel', reason: 'x' }),
);
const signal: fc.Arbitrary<Signal> = fc
  .record({ body, session: fc.constantFrom('s', 't', 'u', ''), seq: fc.nat(6) })
  .map(({ body: inner, session, seq }) => ({ ...inner, session, seq }));
const event: fc.Arbitrary<TransportEvent> = fc.oneof(
  fc.constantFrom<TransportEvent>(
    { type: 'opened' },
    { type: 'closed', reason: 'x' },
    { type: 'failed', command: 'offer', detail: 'x' },
    { type: 'failed', command: 'candidate', detail: 'x' },
    { type: 'candidate', candidate: { candidate: 'c', sdpMid: null, sdpMLineIndex: null } },
  ),
  fc.constantFrom('offer' as const, 'answer' as const).map<TransportEvent>((type) => ({
    type: 'description',
    description: { type, sdp: type },
  })),
);
const inputs: fc.Arbitrary<Input> = fc.oneof(
  { weight: 6, arbitrary: signal.map<Input>((inner) => ({ type: 'signal', signal: inner })) },
  {
    weight: 5,
    arbitrary: fc
      .record({ session: fc.constantFrom('s', 't', ''), event })
      .map<Input>((inner) => ({ type: 'transport', ...inner })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Input>(
      hello(),
      hello('elsewhere'),
      { type: 'received', message: { type: 'ping', nonce: 1 } },
      { type: 'received', message: { type: 'pong', nonce: 1 } },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Input>(
      dial,
      { type: 'grant' },
      { type: 'refuse', reason: 'full', peers: [] },
      { type: 'heard' },
      { type: 'wrote' },
      { type: 'timer', timer: { type: 'due', at: 5 } },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Input>(hangup, { type: 'received', message: { type: 'goodbye', reason: 'x' } }),
  },
);

describe('any inputs in any order', () => {
  it('S175: never a throw, at most one last event and nothing after it, transports opened and closed in turn', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(inputs, fc.nat(4_000)), { maxLength: 60 }), fc.boolean(), (steps, larger) => {
        const [local, remote] = larger ? [LARGE, SMALL] : [SMALL, LARGE];
        const link = new Link({ ...OPTIONS, local: recordOf(local), remote, session: 's' });
        const outputs: Output[] = [];
        let now = 0;
        const timers: Extract<Output, { type: 'timer' }>[] = [];
        for (const [input, afterMs] of steps) {
          const out: Output[] = [];
          now += afterMs;
          link.handle(input, now, out);
          for (const due of timers.splice(0)) {
            if (due.at <= now) link.handle({ type: 'timer', timer: due.timer }, now, out);
            else timers.push(due);
          }
          for (const output of out) if (output.type === 'timer') timers.push(output);
          outputs.push(...out);
        }
        let open = 0;
        for (const output of outputs) {
          if (output.type !== 'transport') continue;
          if (output.command.type === 'open') expect(open++).toBe(0);
          else expect(open).toBe(1);
          if (output.command.type === 'close') open--;
        }
        const events = outputs.flatMap((output) => (output.type === 'event' ? [output.event.type] : []));
        const end = events.findIndex((type) => type === 'closed' || type === 'redirected');
        expect(end).toBe(link.state === 'closed' ? events.length - 1 : -1);
        if (link.state === 'closed') expect(open).toBe(0);
      }),
      { numRuns: 10_000 },
    );
  });
});
