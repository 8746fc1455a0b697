import { type Millis, type PeerId, SeededRng } from '@peerpigeon/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CloseCode, type ConnectionId, Hub, type HubOutput, type ServerMessage } from '../src/index.js';

/** A step of a random run. Slots, ids and networks are few, so that they meet. */
type Step =
  | { readonly do: 'connect'; readonly slot: number; readonly id: number; readonly network: string }
  | {
      readonly do: 'announce';
      readonly slot: number;
      readonly epoch: number;
      readonly network: string | undefined;
      readonly lost: number[];
    }
  | { readonly do: 'goodbye' | 'close' | 'alive'; readonly slot: number }
  /** The peer of another slot once more, as `connect` and `announce` would have it. */
  | { readonly do: 'reload'; readonly slot: number; readonly of: number; readonly network: string }
  | { readonly do: 'offer'; readonly slot: number; readonly to: number }
  | { readonly do: 'wait'; readonly ms: Millis };

const slot = fc.nat(19);
const id = fc.nat(11);
const network = fc.constantFrom('global', 'chess', 'go');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('connect' as const), slot, id, network }),
  fc.record({
    do: fc.constant('announce' as const),
    slot,
    epoch: fc.nat(1),
    network: fc.option(network, { nil: undefined }),
    lost: fc.array(id, { maxLength: 3 }),
  }),
  fc.record({ do: fc.constantFrom('goodbye' as const, 'close' as const, 'alive' as const), slot }),
  fc.record({ do: fc.constant('reload' as const), slot, of: slot, network }),
  fc.record({ do: fc.constant('offer' as const), slot, to: id }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(500, 2_000, 100_000) }),
);
const idOf = (index: number): PeerId => index.toString(16).padStart(40, '0');

/** Runs steps on a hub, and checks after each what must hold whatever happens. */
class Model {
  readonly hub: Hub;
  readonly timers: Extract<HubOutput, { type: 'timer' }>[] = [];
  readonly seen = { relayed: 0, introduced: 0, departed: 0, refused: 0, resumed: 0 };
  /** The token given last to each id. */
  private readonly tokens = new Map<PeerId, string>();
  private now: Millis = 0;
  private serial = 0;
  /** Slots of the run → the hub's connections, which are never reused, with the id each came with. */
  private readonly slots = new Map<number, { readonly connection: ConnectionId; readonly id: PeerId }>();
  /** peerConnected less peerDisconnected. */
  private readonly up = new Map<PeerId, number>();

  constructor(seed: number) {
    this.hub = new Hub({ rng: new SeededRng(seed), tokens: new SeededRng(seed + 1) });
  }

  run(action: Step): void {
    if (action.do === 'wait') return this.wait(action.ms);
    const visitor = this.slots.get(action.slot);
    if (action.do === 'reload') {
      const other = this.slots.get(action.of);
      if (visitor !== undefined || other === undefined) return;
      const once = { slot: action.slot, id: Number.parseInt(other.id, 16), network: action.network };
      this.run({ do: 'connect', ...once });
      return this.run({ do: 'announce', slot: action.slot, epoch: 1, network: undefined, lost: [] });
    }
    if (action.do === 'connect') {
      if (visitor !== undefined) return;
      const opened = { connection: this.serial++, id: idOf(action.id) };
      this.slots.set(action.slot, opened);
      return this.feed({
        type: 'connected',
        connection: opened.connection,
        peerId: opened.id,
        network: action.network,
      });
    }
    if (visitor === undefined) return;
    const { connection } = visitor;
    switch (action.do) {
      case 'announce': {
        const record = { id: visitor.id, epoch: action.epoch, caps: { maxPeers: 3 }, expires: 1 };
        const lost = action.lost.map(idOf);
        const resume = this.tokens.get(visitor.id);
        const message = { type: 'announce', protocol: 1, network: action.network, record, lost, resume } as const;
        return this.feed({ type: 'message', connection, message });
      }
      case 'goodbye':
        return this.feed({ type: 'message', connection, message: { type: 'goodbye' } });
      case 'offer':
        return this.feed({ type: 'message', connection, message: { type: 'offer', to: idOf(action.to), data: 1 } });
      case 'alive':
        return this.feed({ type: 'alive', connection });
      case 'close':
        this.slots.delete(action.slot);
        return this.feed({ type: 'closed', connection });
    }
  }

  closeAll(): void {
    for (const { connection } of this.slots.values()) this.feed({ type: 'closed', connection });
    this.slots.clear();
  }

  wait(ms: Millis): void {
    const end = this.now + ms;
    for (;;) {
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers[0];
      if (next === undefined || next.at > end) break;
      this.timers.shift();
      this.now = next.at;
      this.feed({ type: 'timer', timer: next.timer });
    }
    this.now = end;
  }

  private feed(input: Parameters<Hub['handle']>[0]): void {
    const out: HubOutput[] = [];
    this.hub.handle(input, this.now, out);
    const here = [...this.hub.presences()];
    const departures: string[] = [];
    for (const output of out) {
      if (output.type === 'timer') this.timers.push(output);
      else if (output.type === 'close') {
        // By timers alone the dead are taken over; by a message only who has the token.
        if (input.type === 'message' && output.code === CloseCode.SUPERSEDED) this.seen.resumed++;
        else this.seen.refused++;
      } else if (output.type === 'event') this.count(output.event.type, output.event.peerId);
      else if (output.type === 'write') {
        const receiver = here.find((presence) => presence.connection === output.connection);
        // Who is written to is an accepted peer, but for the pong or complaint to one that waits.
        for (const named of namedBy(output.message)) {
          expect(here.some((other) => other.peerId === named && other.network === receiver?.network)).toBe(true);
        }
        const { message } = output;
        if (message.type === 'connected') this.tokens.set(receiver?.peerId ?? '', message.resume ?? '');
        if (message.type === 'offer') this.seen.relayed++;
        if (output.message.type === 'peer-disconnected')
          departures.push(`${output.connection} ${output.message.peerId}`);
      }
    }
    this.seen.departed += departures.length;
    expect(new Set(departures).size).toBe(departures.length);
    const counts = new Map<PeerId, number>();
    for (const { peerId } of here) counts.set(peerId, (counts.get(peerId) ?? 0) + 1);
    for (const [peer, count] of this.up) expect(counts.get(peer) ?? 0).toBe(count);
  }

  private count(type: string, peerId: PeerId): void {
    const change = type === 'peerConnected' ? 1 : type === 'peerDisconnected' ? -1 : 0;
    this.up.set(peerId, (this.up.get(peerId) ?? 0) + change);
    if (type === 'peerAnnounced') this.seen.introduced++;
  }
}

/** The peers that a message makes known, each of which must be in the receiver's network. */
function namedBy(message: ServerMessage): PeerId[] {
  if (message.type === 'peers') return message.peers.map((record) => record.id);
  if (message.type === 'peer-discovered') return [message.peerId];
  return message.type === 'offer' ? [message.from] : [];
}

test('whatever happens: nobody hears of another network, events pair up, and nothing is left in the end', () => {
  const total = { relayed: 0, introduced: 0, departed: 0, refused: 0, resumed: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 150 }), fc.nat(), (steps, seed) => {
      const model = new Model(seed);
      for (const action of steps) model.run(action);
      model.closeAll();
      expect(model.hub.connections).toBe(0);
      expect(model.hub.networkCount).toBe(0);
      model.wait(1_000_000);
      expect(model.timers).toEqual([]);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += model.seen[key];
    }),
    { numRuns: 500 },
  );
  // The runs did what they are for.
  for (const count of Object.values(total)) expect(count).toBeGreaterThan(200);
});
