import { createHash } from 'node:crypto';
import { SeededRng, bytesToHex, randomBytes } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import type { Protocol } from '@peerpigeon/mesh';
import { Transfer, decodeMessage, encodeMessage } from '@peerpigeon/transfer';
import type { Event, Input, Message, Output } from '@peerpigeon/transfer';
import { describe, expect, test } from 'vitest';
import { createNetwork } from '../src/index.js';
import type { JoinOptions, NetworkOptions } from '../src/index.js';
import type { Network } from '../src/network.js';
import type { SimulatedPeer } from '../src/peer.js';

const NAME = 'transfer';

function protocol(): Protocol {
  return {
    name: NAME,
    tag: 5,
    encode: (message) => encodeMessage(message as Message),
    decode: decodeMessage,
    contentBytes: (message) =>
      (message as Message).type === 'chunk' ? (message as { bytes: Uint8Array }).bytes.length : 0,
    machine: new Transfer(),
  };
}

/** A simulated peer that sends and takes files. */
class FilePeer {
  readonly peer: SimulatedPeer;
  readonly events: Event[] = [];
  arrived: Uint8Array[] = [];
  private source = new Uint8Array(0);
  private readonly blocks = new Map<number, Uint8Array>();

  constructor(network: Network, options: JoinOptions = {}) {
    const onProtocol = (_: string, output: object): void => this.perform(output as Output);
    this.peer = network.join({ ...options, config: { ...options.config, protocols: [protocol()] }, onProtocol });
  }

  send(to: PeerId, bytes: Uint8Array): void {
    this.source = bytes as Uint8Array<ArrayBuffer>;
    const description = { kind: 'file', name: 'a', mime: '', size: bytes.length, timestamp: 1 } as const;
    this.feed({ type: 'offer', id: bytesToHex(randomBytes(new SeededRng(9), 16)), to, description });
  }

  of(type: Event['type']): Event[] {
    return this.events.filter((event) => event.type === type);
  }

  private feed(input: Input): void {
    this.peer.input({ type: 'protocol', name: NAME, input });
  }

  private perform(output: Output): void {
    switch (output.type) {
      case 'event':
        this.events.push(output.event);
        if (output.event.type === 'offered') this.feed({ type: 'accept', transfer: output.event.transfer });
        return;
      case 'hash': {
        const { transfer, offset, length, attempt } = output;
        const bytes = this.blocks.get(offset) ?? this.source.subarray(offset, offset + length);
        const hash = Uint8Array.from(createHash('sha256').update(bytes).digest());
        return this.feed({ type: 'hashed', transfer, offset, length: bytes.length, attempt, hash });
      }
      case 'read': {
        const { transfer, offset, length } = output;
        return this.feed({ type: 'chunk', transfer, offset, bytes: this.source.slice(offset, offset + length) });
      }
      case 'write': {
        const block = this.blocks.get(output.block) ?? new Uint8Array(output.blockLength);
        block.set(output.bytes, output.offset - output.block);
        this.blocks.set(output.block, block);
        return;
      }
      case 'commit': {
        const { transfer, offset, length } = output;
        this.arrived.push(this.blocks.get(offset) as Uint8Array);
        this.blocks.delete(offset);
        return this.feed({ type: 'written', transfer, offset: offset + length });
      }
      case 'finish':
        return this.feed({ type: 'finished', transfer: output.transfer });
      default:
        // The mesh carries out the rest; the source forgets nothing.
        return;
    }
  }
}

function ring(count: number, options: NetworkOptions): FilePeer[] {
  const network = createNetwork({ seed: 4, wire: true, ...options });
  const settings = { maxPeers: 2 };
  const peers = Array.from(
    { length: count },
    () => new FilePeer(network, { settings, config: { topology: { maxExtraPeers: 0 } } }),
  );
  network.run(30_000);
  peers.sort((a, b) => (a.peer.id < b.peer.id ? -1 : 1));
  const [from, to] = [peers[0], peers[count / 2]] as [FilePeer, FilePeer];
  from.send(to.peer.id, bytes);
  network.run(240_000);
  return [from, to];
}

const bytes = randomBytes(new SeededRng(1), 1_500_000);

describe('a transfer in a simulated mesh', () => {
  test.each([
    ['over two relays', 6, {}],
    ['over two relays, while links are reset', 6, { loss: 0.1 }],
    ['over four relays whose lines carry 2 Mb/s', 10, { bandwidthKbps: 2_000 }],
  ])('%s arrives as it was', (_, count, options) => {
    const [from, to] = ring(count, options) as [FilePeer, FilePeer];
    expect(from.of('failed')).toEqual([]);
    expect(from.of('completed')).toMatchObject([{ size: bytes.length }]);
    expect(Buffer.concat(to.arrived).equals(bytes)).toBe(true);
    expect(to.events.find(({ type }) => type === 'completed')).toMatchObject({ path: { length: count / 2 } });
  });
});
