import { type PeerId, SeededRng, below, pick } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import {
  type Epoch,
  type NodeId,
  type NodeInput,
  type NodeOutput,
  type Search,
  type Ticket,
  Registry,
} from '@peerpigeon/signaling-protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Attachment, Backplane } from '../../src/index.js';

const NODES = ['a', 'b', 'c'] as const;
const PATIENCE = { timeout: 10_000, interval: 2 };
const SEARCH: Search = { around: 4, nearest: 4, random: 0, seeking: 0, also: [] };

const rng = new SeededRng(5);
const newId = (): PeerId => Array.from({ length: 5 }, () => rng.uint32().toString(16).padStart(8, '0')).join('');
const recordOf = (id: PeerId, epoch = 1): PeerRecord => ({ id, epoch, caps: { maxPeers: 3 }, expires: 1e15 });

/** A node without a hub: keeps what it is told. */
class Probe {
  readonly inputs: NodeInput[] = [];
  readonly errors: Error[] = [];
  readonly attachment: Promise<Attachment>;
  private serial = 0;

  constructor(backplane: Backplane, node: NodeId) {
    this.attachment = backplane.attach(node, {
      receive: (input) => this.inputs.push(input),
      error: (error) => this.errors.push(error),
    });
  }

  async say(output: NodeOutput): Promise<void> {
    (await this.attachment).handle(output);
  }

  /** Asks, and waits for the answer, which it takes. */
  async ask(output: NodeOutput, ...types: NodeInput['type'][]): Promise<NodeInput> {
    await this.say(output);
    return this.next(...types);
  }

  /** Waits for the next input, of one of these types if any are given, and takes it. */
  async next(...types: NodeInput['type'][]): Promise<NodeInput> {
    const find = (): number => this.inputs.findIndex(({ type }) => types.length === 0 || types.includes(type));
    await vi.waitUntil(() => find() !== -1, PATIENCE);
    return this.inputs.splice(find(), 1)[0] as NodeInput;
  }

  claim(peerId: PeerId, more: { network?: string; over?: Epoch } = {}): Promise<NodeInput> {
    const claim = { type: 'claim', connection: this.serial++, network: 'global', peerId, ...more } as const;
    return this.ask(claim, 'claimed', 'held');
  }

  async hold(peerId: PeerId, network?: string): Promise<Epoch> {
    const answer = await this.claim(peerId, network === undefined ? {} : { network });
    if (answer.type !== 'claimed') throw new Error(`expected claimed, got ${answer.type}`);
    return answer.epoch;
  }

  announce(peerId: PeerId, epoch: Epoch, search: Partial<Search> = {}, network = 'global'): Promise<NodeInput> {
    const announce = { type: 'announce' } as const;
    const ticket: Ticket = { connection: 1, announce, isNews: true };
    const member = { record: recordOf(peerId), isOurs: true };
    const wanted = { ...SEARCH, ...search };
    return this.ask(
      { type: 'announce', network, peerId, epoch, member, ticket, search: wanted },
      'found',
      'superseded',
    );
  }

  async join(peerId: PeerId, network?: string): Promise<Epoch> {
    const epoch = await this.hold(peerId, network);
    await this.announce(peerId, epoch, {}, network);
    return epoch;
  }

  depart(peerId: PeerId, epoch: Epoch, more: Partial<Extract<NodeOutput, { type: 'depart' }>> = {}): Promise<void> {
    const nobody = { stays: false, knownBy: [], told: [] };
    return this.say({ type: 'depart', network: 'global', peerId, epoch, ...nobody, ...more });
  }
}

/** What every backplane does. */
export function backplaneContract(create: () => Promise<Backplane>): void {
  describe('a backplane', () => {
    let backplane: Backplane;
    let probes: Probe[];
    const errors = (): Error[] => probes.flatMap((probe) => probe.errors);

    beforeEach(async () => {
      backplane = await create();
      probes = NODES.map((node) => new Probe(backplane, node));
      await Promise.all(probes.map((probe) => probe.attachment));
    });

    afterEach(async () => {
      await Promise.all(probes.map(async (probe) => (await probe.attachment).detach()));
      expect(errors()).toEqual([]);
    });

    const pair = (): [Probe, Probe] => [probes[0] as Probe, probes[1] as Probe];

    test('an id has one holder; another node is told which, and with its epoch may take it over', async () => {
      const [a, b] = pair();
      const id = newId();
      const epoch = await a.hold(id);
      const held = await b.claim(id);
      expect(held).toMatchObject({ type: 'held', node: 'a', epoch });
      expect(await b.claim(id, { over: epoch - 1 })).toMatchObject({ type: 'held' });
      const claimed = await b.claim(id, { over: epoch });
      expect(claimed).toMatchObject({ type: 'claimed', peerId: id, network: 'global' });
      expect((claimed as { epoch: Epoch }).epoch).toBeGreaterThan(epoch);
      expect(await a.next()).toEqual({ type: 'superseded', network: 'global', peerId: id, epoch });
      // The former holder's late leave is fenced.
      await a.depart(id, epoch);
      expect(await a.claim(id)).toMatchObject({ type: 'held', node: 'b' });
    });

    test('a node takes its own id anew, and one that was freed', async () => {
      const [a, b] = pair();
      const id = newId();
      const first = await a.hold(id);
      const second = await a.hold(id);
      expect(second).toBeGreaterThan(first);
      await a.depart(id, second);
      expect(await b.hold(id)).toBeGreaterThan(second);
    });

    test('what the former holder had announced goes over with the id', async () => {
      const [a, b] = pair();
      const [id, other] = [newId(), newId()];
      const epoch = await a.join(id);
      const claimed = await b.claim(id, { over: epoch });
      expect(claimed).toMatchObject({ type: 'claimed', former: { record: recordOf(id), isOurs: true } });
      const found = await b.announce(other, await b.hold(other));
      expect(found).toMatchObject({ type: 'found', members: [{ record: recordOf(id) }] });
    });

    test('networks are apart, whatever their names', async () => {
      const [a, b] = pair();
      const id = newId();
      const names = ['global', 'a:b', 'a*', '{x}', '"', 'a b', '日本', "'", '\\', ':own', 'net:global'];
      for (const name of names) await a.join(id, name);
      for (const name of names) {
        const other = newId();
        const answer = await b.announce(other, await b.hold(other, name), {}, name);
        expect(answer).toMatchObject({ type: 'found', members: [{ record: recordOf(id) }] });
      }
    });

    test('who is held elsewhere is reached, in order; of the absent the sender is told', async () => {
      const [a, b] = pair();
      const [here, there, nowhere] = [newId(), newId(), newId()];
      await a.hold(here);
      await b.hold(there);
      const send = (to: PeerId[], data: unknown, sender?: number): Promise<void> => {
        const message = { type: 'write', message: { type: 'offer', from: here, data } } as const;
        return a.say({ type: 'forward', network: 'global', to, message, ...(sender !== undefined && { sender }) });
      };
      for (let i = 0; i < 200; i++) await send([there], { i, text: 'é "\\ \u2028' }, 7);
      for (let i = 0; i < 200; i++) {
        const input = await b.next();
        expect(input).toMatchObject({ type: 'delivered', from: 'a', network: 'global', to: [there], sender: 7 });
        const message = (input as Extract<NodeInput, { type: 'delivered' }>).message;
        expect(JSON.parse(JSON.stringify(message))).toEqual({
          type: 'write',
          message: { type: 'offer', from: here, data: { i, text: 'é "\\ \u2028' } },
        });
      }
      await send([there, nowhere], 1, 9);
      expect(await a.next()).toEqual({ type: 'absent', connection: 9, peerId: nowhere });
      await send([nowhere], 1);
      await a.say({ type: 'forward', network: 'other', to: [there], message: { type: 'known', by: here }, sender: 3 });
      expect(await a.next()).toEqual({ type: 'absent', connection: 3, peerId: there });
    });

    test('what is posted arrives as it was sent', async () => {
      const [a, b] = pair();
      const id = newId();
      const contest = { connection: 4, network: 'né "t', peerId: id, epoch: 7 };
      for (const message of [
        { type: 'contest', ...contest, resume: 'token' },
        { type: 'contested', ...contest, verdict: 'yielded', knownBy: [id] },
        { type: 'verified', connection: 1, peerIds: [id], alive: false },
        { type: 'absent', connection: 1, peerId: id },
        { type: 'write', message: { type: 'peer-discovered', peerId: id, record: recordOf(id) } },
      ] as const) {
        await a.say({ type: 'post', node: 'b', message });
        expect(await b.next()).toEqual({ type: 'delivered', from: 'a', message });
      }
      await a.say({ type: 'post', node: 'nobody', message: { type: 'absent', connection: 1, peerId: id } });
    });

    test('who knew a peer and its ring neighbours are told that it left, less those told already', async () => {
      const [a, b] = pair();
      const ids = Array.from({ length: 9 }, (_, index) => `${index + 1}`.repeat(40));
      for (const [index, id] of ids.entries()) await (index % 2 === 0 ? a : b).join(id);
      const leaving = newId().replace(/^./, '5');
      const epoch = await a.join(leaving);
      const near = ids.filter((id) => id > leaving)[0] as PeerId;
      const before = ids.filter((id) => id < leaving).at(-1) as PeerId;
      const [far, gone] = [ids[8] as PeerId, newId()];
      await a.depart(leaving, epoch, { stays: true, knownBy: [far, gone], told: [before] });
      const told: PeerId[] = [];
      const expected = [near, far].filter((id) => id !== before);
      await vi.waitUntil(() => {
        for (const input of [...a.inputs.splice(0), ...b.inputs.splice(0)]) {
          expect(input).toMatchObject({ message: { message: { type: 'peer-disconnected', peerId: leaving } } });
          told.push(...((input as { to?: PeerId[] }).to ?? []));
        }
        return told.length >= expected.length;
      }, PATIENCE);
      expect(told.sort()).toEqual(expected.sort());
      // It stays a holder, whom nobody finds.
      expect(await b.claim(leaving)).toMatchObject({ type: 'held', node: 'a', epoch });
      const found = await b.announce(far, await b.hold(far).catch(() => 0));
      expect(found.type === 'found' ? found.members.map(({ record }) => record.id) : []).not.toContain(leaving);
    });

    test('those who seek links are brought together, the latest first, as often as they seek', async () => {
      const [a, b] = pair();
      const [first, second, third, fourth] = [newId(), newId(), newId(), newId()];
      const seek = async (probe: Probe, id: PeerId, seeking: number): Promise<unknown> => {
        const answer = await probe.announce(id, await probe.hold(id), { seeking });
        return (answer as { seeking: unknown }).seeking;
      };
      expect(await seek(a, first, 2)).toEqual([]);
      expect(await seek(b, second, 1)).toEqual([first]);
      expect(await seek(a, third, 2)).toEqual([first]);
      expect(await seek(b, fourth, 3)).toEqual([third]);
      expect(await seek(a, newId(), 3)).toEqual([fourth]);
    });

    test('of 300 members an announce finds exactly those that a reference finds, and random ones', async () => {
      const [a, b] = pair();
      const reference = new Registry({ rng: new SeededRng(1), deliver: (_, input) => known.push(input) > 0 });
      const known: NodeInput[] = [];
      const ids: PeerId[] = [];
      const prefix = newId().slice(0, 30);
      const draws = new Map<PeerId, number>();
      const holders = new Map<PeerId, Probe>();
      for (let i = 0; i < 300; i++) {
        // Every third is close to the others of its kind: many share a prefix.
        const id = i % 3 === 0 ? prefix + newId().slice(30) : newId();
        const probe = i % 2 === 0 ? a : b;
        holders.set(id, probe);
        ids.push(id);
        const epoch = await probe.hold(id);
        const search = {
          around: 7,
          nearest: 9,
          random: i > 100 ? 5 : 0,
          seeking: 0,
          also: [pick(rng, ids) as PeerId, newId()],
        };
        const found = (await probe.announce(id, epoch, search)) as Extract<NodeInput, { type: 'found' }>;
        reference.set('global', id, { node: 'a', epoch }, undefined);
        const ticket: Ticket = { connection: 1, announce: { type: 'announce' }, isNews: true };
        const member = { record: recordOf(id), isOurs: true };
        const asked = { type: 'announce', network: 'global', peerId: id, epoch, member, ticket } as const;
        reference.handle('a', { ...asked, search: { ...search, random: 0 } });
        const expected = known.splice(0)[0] as typeof found;
        const listed = found.members.map(({ record }) => record.id);
        expect(new Set(listed).size).toBe(listed.length);
        const drawn = new Set(found.drawn);
        const exact = expected.members.map(({ record }) => record.id);
        expect(listed).toEqual(expect.arrayContaining(exact));
        expect(listed.filter((other) => !drawn.has(other) && !exact.includes(other))).toEqual([]);
        expect(found.held).toEqual(expected.held);
        expect(drawn.size).toBe(found.drawn.length);
        expect(drawn.has(id)).toBe(false);
        if (search.random > 0) expect(drawn.size).toBeGreaterThanOrEqual(4);
        for (const other of drawn) draws.set(other, (draws.get(other) ?? 0) + 1);
        if (below(rng, 6) > 0) continue;
        const [gone] = ids.splice(below(rng, ids.length), 1) as [PeerId];
        const holder = reference.entry('global', gone)?.epoch as Epoch;
        const from = holders.get(gone) as Probe;
        await from.depart(gone, holder);
        // Answered in order, so that it has left by then.
        await from.claim(newId());
        reference.delete('global', gone);
      }
      // Some thousand draws among some hundred: nobody is drawn again and again.
      expect(draws.size).toBeGreaterThan(150);
      expect(Math.max(...draws.values())).toBeLessThan(25);
    });

    test('who detaches gives up everything at once', async () => {
      const [a, b] = pair();
      const id = newId();
      await a.join(id);
      await (await a.attachment).detach();
      await b.hold(id);
      await b.say({ type: 'post', node: 'a', message: { type: 'absent', connection: 1, peerId: id } });
      const stats = (await b.attachment).stats();
      expect(stats).toMatchObject({ up: true });
      expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
    });
  });
}
