import { type PeerId, SeededRng } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CloseCode,
  type ConnectionId,
  Hub,
  type HubOutput,
  type NodeInput,
  type NodeOutput,
  type ServerMessage,
  type Ticket,
} from '../src/index.js';
import { announceOf, recordOf } from './hub-bench.js';
import { type Effect, Nodes } from './nodes-bench.js';

/** A step of a random run. */
type Step =
  | {
      readonly do: 'connect';
      readonly slot: number;
      readonly id: number;
      readonly network: number;
      readonly node: number;
    }
  | {
      readonly do: 'announce';
      readonly slot: number;
      readonly epoch: number;
      readonly network: number | undefined;
      readonly seeking: number;
      readonly readme: boolean;
    }
  | { readonly do: 'lose'; readonly slot: number; readonly lost: readonly number[] }
  | { readonly do: 'goodbye' | 'ping'; readonly slot: number }
  | { readonly do: 'close' | 'die'; readonly slot: number }
  | { readonly do: 'reload'; readonly slot: number; readonly of: number; readonly node: number }
  | { readonly do: 'offer'; readonly slot: number; readonly to: number }
  | { readonly do: 'wait'; readonly ms: number };

const NODES = ['a', 'b', 'c'];

/** Steps with so many slots, ids and networks. */
function steps(slots: number, ids: number, networks: number): fc.Arbitrary<Step> {
  const slot = fc.nat(slots - 1);
  const id = fc.nat(ids - 1);
  const network = fc.nat(networks - 1);
  const node = fc.nat(NODES.length - 1);
  const announce = fc.record({
    do: fc.constant('announce' as const),
    slot,
    epoch: fc.nat(1),
    network: fc.option(network, { nil: undefined, freq: 8 }),
    seeking: fc.nat(2),
    readme: fc.boolean(),
  });
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('connect' as const), slot, id, network, node }) },
    { weight: 6, arbitrary: announce },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('lose' as const), slot, lost: fc.array(id, { maxLength: 3 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('goodbye' as const, 'ping' as const), slot }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'die' as const), slot }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('reload' as const), slot, of: slot, node }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('offer' as const), slot, to: id }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(500, 2_000, 100_000) }) },
  );
}

/** Ids spread over the whole ring, in no order. */
const idOf = (index: number): PeerId =>
  ((BigInt(index + 1) * 0x9e3779b97f4a7c15f39cc0605cedc8341082276bn) & ((1n << 160n) - 1n))
    .toString(16)
    .padStart(40, '0');

/** Runs the same steps on several nodes and on one. */
class Twins {
  readonly several: Nodes;
  readonly one: Nodes;
  /** Slots of the run → connections, which are never reused. */
  private readonly slots = new Map<
    number,
    { readonly connection: ConnectionId; readonly id: number; network: number }
  >();
  private readonly tokens = { several: new Map<number, string>(), one: new Map<number, string>() };
  private readonly ids = new Map<ConnectionId, number>();
  private serial = 0;

  constructor(config: ConstructorParameters<typeof Nodes>[1]) {
    this.several = new Nodes(NODES, config);
    this.one = new Nodes(['only'], config);
  }

  run(step: Step): Effect[] {
    const effects = this.step(step);
    // What is under probe elsewhere is known only there, so the dead are to be gone before the next step.
    return this.several.doubted.size === 0 ? effects : effects.concat(this.wait(2_000));
  }

  closeAll(): void {
    for (const slot of this.slots.keys()) this.run({ do: 'close', slot });
    this.wait(1e13);
  }

  private step(step: Step): Effect[] {
    if (step.do === 'wait') return this.wait(step.ms);
    const here = this.slots.get(step.slot);
    if (step.do === 'reload') {
      const other = this.slots.get(step.of);
      if (here !== undefined || other === undefined) return [];
      const { id, network } = other;
      const opened = this.run({ do: 'connect', slot: step.slot, id, network, node: step.node });
      const announce = { epoch: 1, network: undefined, seeking: 0, readme: false };
      return opened.concat(this.run({ do: 'announce', slot: step.slot, ...announce }));
    }
    if (step.do === 'connect') {
      if (here !== undefined) return [];
      const connection = this.serial++;
      this.slots.set(step.slot, { connection, id: step.id, network: step.network });
      this.ids.set(connection, step.id);
      const network = `net ${step.network}`;
      const input = { type: 'connected', connection, peerId: idOf(step.id), network } as const;
      return this.both((nodes, isOne) => nodes.feed(input, isOne ? 'only' : NODES[step.node]));
    }
    if (here === undefined) return [];
    const { connection, id } = here;
    switch (step.do) {
      case 'announce':
      case 'lose':
        return this.both((nodes, isOne) => {
          const resume = (isOne ? this.tokens.one : this.tokens.several).get(id);
          const loses = step.do === 'lose';
          const network = loses || step.network === undefined ? undefined : `net ${step.network}`;
          const base = { network, resume, record: recordOf(idOf(id), loses ? 1 : step.epoch) };
          const more = loses ? { lost: step.lost.map(idOf) } : { seeking: step.seeking };
          const protocol = !loses && step.readme ? { protocol: undefined } : {};
          return nodes.feed({
            type: 'message',
            connection,
            message: announceOf(idOf(id), { ...base, ...more, ...protocol }),
          });
        });
      case 'goodbye':
      case 'ping': {
        const message = { type: step.do } as const;
        return this.both((nodes) => nodes.feed({ type: 'message', connection, message }));
      }
      case 'offer': {
        const message = { type: 'offer', to: idOf(step.to), data: this.serial } as const;
        return this.both((nodes) => nodes.feed({ type: 'message', connection, message }));
      }
      case 'die':
        this.one.dead.add(connection);
        this.several.dead.add(connection);
        return [];
      case 'close':
        this.slots.delete(step.slot);
        return this.both((nodes) => nodes.feed({ type: 'closed', connection }));
    }
  }

  private wait(ms: number): Effect[] {
    return this.both((nodes) => nodes.advance(ms));
  }

  private both(act: (nodes: Nodes, isOne: boolean) => Effect[]): Effect[] {
    const several = act(this.several, false);
    const one = act(this.one, true);
    for (const [effects, tokens] of [
      [several, this.tokens.several],
      [one, this.tokens.one],
    ] as const) {
      for (const effect of effects) {
        if (!('write' in effect) || effect.write.type !== 'connected') continue;
        tokens.set(this.ids.get(effect.connection) as number, effect.write.resume ?? '');
      }
    }
    // Who is next to one that dies depends on the order, where several die at the same time.
    const deaths = one.filter((effect) => 'close' in effect && effect.close === CloseCode.IDLE).length;
    const isFixed = (effect: Effect): boolean =>
      deaths < 2 || !('write' in effect) || effect.write.type !== 'peer-disconnected';
    const texts = (effects: Effect[]): string[] => effects.filter(isFixed).map(comparable).sort();
    expect(texts(several)).toEqual(texts(one));
    return several;
  }
}

/** An effect as text; lists in one order, without what is drawn at random. */
function comparable(effect: Effect): string {
  if ('close' in effect) return JSON.stringify(effect);
  const { connection, write } = effect;
  const ids = (records: readonly { readonly id: PeerId }[] = []): PeerId[] => records.map((record) => record.id).sort();
  if (write.type === 'peers')
    return JSON.stringify({ connection, peers: ids(write.peers), seeking: ids(write.seeking) });
  return JSON.stringify({ connection, ...write, ...(write.type === 'connected' && { resume: '' }) });
}

function namedBy(message: ServerMessage): PeerId[] {
  if (message.type === 'peers') return [...message.peers, ...(message.seeking ?? [])].map((record) => record.id);
  if (message.type === 'peer-discovered' || message.type === 'peer-disconnected') return [message.peerId];
  return message.type === 'offer' ? [message.from] : [];
}

describe('several nodes do what one would', () => {
  for (const [title, slots, ids, networks, length] of [
    ['few ids, which meet', 16, 8, 2, 120],
    ['many members', 160, 400, 1, 400],
  ] as const) {
    test(`${title}: the same is written to everybody, and closed, whatever happens`, () => {
      let written = 0;
      const closed = new Map<number, number>();
      fc.assert(
        fc.property(fc.array(steps(slots, ids, networks), { maxLength: length, size: 'max' }), (run) => {
          // Sweeps begin with each hub's first visitor, and so at different times.
          const twins = new Twins({ random: 0, peerTimeoutMs: 1e12, sweepIntervalMs: 1e12 });
          for (const step of run) {
            for (const effect of twins.run(step)) {
              if ('write' in effect) written++;
              else closed.set(effect.close, (closed.get(effect.close) ?? 0) + 1);
            }
          }
          twins.closeAll();
          for (const nodes of [twins.several, twins.one]) {
            expect(nodes.connections).toBe(0);
            expect(nodes.pending).toBe(0);
            expect(nodes.registry.networkCount).toBe(0);
          }
        }),
        { numRuns: slots > 50 ? 40 : 600 },
      );
      expect(written).toBeGreaterThan(1_000);
      expect(closed.get(CloseCode.ID_TAKEN)).toBeGreaterThan(5);
      if (slots < 50) expect(closed.get(CloseCode.SUPERSEDED)).toBeGreaterThan(50);
    });
  }

  test('S127, C8 11: 10,000 random steps in 20 networks, with random members: nobody hears of another network', () => {
    const nodes = new Nodes(NODES);
    const networks = new Map<ConnectionId, number>();
    const holders = new Map<PeerId, Set<number>>();
    let heard = 0;
    const check = (effects: readonly Effect[]): void => {
      for (const effect of effects) {
        if (!('write' in effect)) continue;
        for (const peer of namedBy(effect.write)) {
          heard++;
          expect(holders.get(peer)?.has(networks.get(effect.connection) as number)).toBe(true);
        }
      }
    };
    // Each id is ever used in one network alone, so that whatever names it tells where it comes from.
    const [run] = fc.sample(fc.array(steps(100, 400, 1), { minLength: 10_000, maxLength: 10_000, size: 'max' }), {
      seed: 7,
      numRuns: 1,
    });
    const slots = new Map<number, { readonly connection: ConnectionId; readonly id: number }>();
    for (const [serial, step] of (run as Step[]).entries()) {
      if (step.do === 'wait') {
        check(nodes.advance(step.ms));
        continue;
      }
      const here = slots.get(step.slot);
      const message = messageOf(step, here?.id ?? 0);
      if (step.do === 'connect' && here === undefined) {
        const network = step.id % 20;
        const peerId = idOf(step.id);
        slots.set(step.slot, { connection: serial, id: step.id });
        networks.set(serial, network);
        holders.set(peerId, new Set([network]));
        check(
          nodes.feed({ type: 'connected', connection: serial, peerId, network: `net ${network}` }, NODES[step.node]),
        );
      } else if (step.do === 'close' && here !== undefined) {
        slots.delete(step.slot);
        check(nodes.feed({ type: 'closed', connection: here.connection }));
      } else if (message !== undefined && here !== undefined) {
        check(nodes.feed({ type: 'message', connection: here.connection, message }));
      }
    }
    expect(heard).toBeGreaterThan(2_000);
  });
});

function messageOf(step: Step, id: number) {
  if (step.do === 'announce') return announceOf(idOf(id), { seeking: step.seeking });
  if (step.do === 'lose') return announceOf(idOf(id), { lost: step.lost.map(idOf) });
  if (step.do === 'offer') return { type: 'offer', to: idOf(step.to), data: 1 } as const;
  return step.do === 'goodbye' ? ({ type: 'goodbye' } as const) : undefined;
}

describe('nodes that do not answer', () => {
  const ID = idOf(1);
  const join = (nodes: Nodes, connection: ConnectionId, node: string, id = ID): Effect[] => [
    ...nodes.feed({ type: 'connected', connection, peerId: id }, node),
    ...nodes.feed({ type: 'message', connection, message: announceOf(id) }),
  ];
  const typesOf = (effects: readonly Effect[], connection: ConnectionId): unknown[] =>
    effects
      .filter((effect) => effect.connection === connection)
      .map((effect) => ('write' in effect ? effect.write.type : effect.close));

  test('the holder’s node stands still: after 2.5 s the newcomer has the id; awake again, it closes its holder', () => {
    const nodes = new Nodes(NODES);
    join(nodes, 1, 'a');
    nodes.paused.add('a');
    expect(typesOf(join(nodes, 2, 'b'), 2)).toEqual([]);
    expect(typesOf(nodes.advance(2_400), 2)).toEqual([]);
    expect(typesOf(nodes.advance(200), 2)).toEqual(['connected', 'peers']);
    expect(typesOf(nodes.resume('a'), 1)).toEqual([CloseCode.SUPERSEDED]);
    expect(nodes.registry.entry('global', ID)).toMatchObject({ node: 'b' });
    // Each node's own events pair up.
    nodes.feed({ type: 'closed', connection: 2 });
    const counts = nodes.events.map(({ type, node }) => `${node} ${type}`);
    expect(counts).toEqual([
      'a peerConnected',
      'a peerAnnounced',
      'b peerConnected',
      'b peerAnnounced',
      'a peerDisconnected',
      'b peerDisconnected',
    ]);
  });

  test('the newcomer is gone when the id is given up for it: nobody has it, and those who knew are told', () => {
    const nodes = new Nodes(NODES);
    nodes.dead.add(1);
    join(nodes, 1, 'a');
    join(nodes, 3, 'c', idOf(2));
    nodes.feed({ type: 'connected', connection: 2, peerId: ID }, 'b');
    nodes.feed({ type: 'closed', connection: 2 });
    const effects = nodes.advance(2_500);
    expect(typesOf(effects, 1)).toEqual([CloseCode.SUPERSEDED]);
    expect(typesOf(effects, 3)).toEqual(['peer-disconnected']);
    expect(nodes.registry.entry('global', ID)).toBeUndefined();
  });

  test('a signal to a dead peer of another node: its sender is told', () => {
    const nodes = new Nodes(NODES);
    nodes.dead.add(1);
    join(nodes, 1, 'a');
    join(nodes, 2, 'b', idOf(2));
    nodes.advance(3_000);
    const offer = { type: 'offer', to: ID, data: 1 } as const;
    expect(typesOf(nodes.feed({ type: 'message', connection: 2, message: offer }), 1)).toEqual(['offer']);
    const effects = nodes.advance(2_000);
    expect(typesOf(effects, 1)).toEqual([CloseCode.IDLE]);
    expect(new Set(typesOf(effects, 2))).toEqual(new Set(['error', 'peer-disconnected']));
  });

  test('after losses only members of other nodes that have shown life are given, within 500 ms', () => {
    const nodes = new Nodes(NODES, { random: 0 });
    const ids = Array.from({ length: 60 }, (_, index) => idOf(index));
    for (const [index, id] of ids.entries()) join(nodes, index, NODES[index % 3] as string, id);
    nodes.advance(3_000);
    for (let index = 1; index < 60; index++) if (index % 4 !== 0) nodes.dead.add(index);
    const lost = [idOf(1), idOf(2)];
    const announce = { type: 'message', connection: 0, message: announceOf(idOf(0), { lost }) } as const;
    expect(typesOf(nodes.feed(announce), 0)).toEqual([]);
    const [peers] = nodes.advance(500).filter((effect) => 'write' in effect && effect.write.type === 'peers');
    const given = peers !== undefined && 'write' in peers ? namedBy(peers.write) : [];
    expect(given.length).toBeGreaterThan(4);
    expect(given.filter((id) => ids.indexOf(id) % 4 !== 0)).toEqual([]);
  });
});

test('what a peer sends while the index is asked for its id is sent once it is its own, and lost if another has it', () => {
  const [id, other] = [idOf(1), idOf(2)];
  const offer = { type: 'message', connection: 1, message: { type: 'offer', to: other, data: 1 } } as const;
  const typesAfter = (answer: NodeInput): string[] => {
    const hub = new Hub({ rng: new SeededRng(1), node: 'a' });
    const out: (HubOutput | NodeOutput)[] = [];
    hub.handle({ type: 'connected', connection: 1, peerId: id }, 0, out);
    for (let i = 0; i < 20; i++) hub.handle(offer, 1, out);
    expect(out.map(({ type }) => type)).toEqual(['claim', 'timer']);
    out.length = 0;
    hub.handle(answer, 2, out);
    return out.map(({ type }) => type).filter((type) => type !== 'timer');
  };
  const claimed = { type: 'claimed', connection: 1, network: 'global', peerId: id, epoch: 1 } as const;
  expect(typesAfter(claimed)).toEqual(['event', 'write', ...Array<string>(16).fill('forward')]);
  const held = { type: 'held', connection: 1, network: 'global', node: 'b', epoch: 1 } as const;
  expect(typesAfter(held)).toEqual(['post']);
});

test('S126: the pong comes after the answer to the announce before it, however long the index takes', () => {
  const id = idOf(1);
  const hub = new Hub({ rng: new SeededRng(1), node: 'a' });
  const after = (input: Parameters<Hub['handle']>[0]): string[] => {
    const out: (HubOutput | NodeOutput)[] = [];
    hub.handle(input, 1, out);
    return out.map((output) => (output.type === 'write' ? output.message.type : output.type));
  };
  const say = (message: ReturnType<typeof announceOf>): string[] => after({ type: 'message', connection: 1, message });
  expect(after({ type: 'connected', connection: 1, peerId: id })).toEqual(['claim', 'timer']);
  expect([...say(announceOf(id)), ...say({ type: 'ping' })]).toEqual([]);
  const claimed = { type: 'claimed', connection: 1, network: 'global', peerId: id, epoch: 1 } as const;
  expect(after(claimed)).toEqual(['event', 'connected', 'announce', 'event']);
  expect(say({ type: 'ping' })).toEqual([]);
  const ticket = { connection: 1, announce: announceOf(id), isNews: true } as Ticket;
  const found = { type: 'found', ticket, members: [], drawn: [], seeking: [], held: [] } as const;
  expect(after(found)).toEqual(['peers', 'pong', 'pong']);
  expect(say({ type: 'ping' })).toEqual(['pong']);
  // A client that goes on and on is answered all the same.
  expect(say(announceOf(id))).toEqual(['announce']);
  expect(Array.from({ length: 20 }, () => say({ type: 'ping' })).flat()).toEqual(Array(4).fill('pong'));
});
