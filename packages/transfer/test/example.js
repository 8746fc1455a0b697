import { createHash } from 'node:crypto';
import { Transfer } from '@peerpigeon/transfer';

const [ann, bob] = ['a', 'b'].map((digit) => digit.repeat(40));
const machines = new Map([ann, bob].map((peer) => [peer, new Transfer()]));
const file = Buffer.from('coo '.repeat(500_000));
const blocks = new Map();

const queue = [];
const feed = (peer, input) => queue.push([peer, input]);

/** The interpreter: it holds the bytes, the machines say what becomes of them. A real one sends over links. */
function carryOut(peer, output) {
  const { type, transfer, offset, length, attempt } = output;
  if (type === 'send') feed(output.to, { type: 'received', from: peer, message: output.message, path: [peer] });
  if (type === 'hash') {
    const bytes = peer === ann ? file.subarray(offset, offset + length) : blocks.get(offset);
    const hash = new Uint8Array(createHash('sha256').update(bytes).digest());
    feed(peer, { type: 'hashed', transfer, offset, length: bytes.length, attempt, hash });
  }
  if (type === 'read') feed(peer, { type: 'chunk', transfer, offset, bytes: file.subarray(offset, offset + length) });
  if (type === 'write') {
    if (offset === output.block) blocks.set(offset, new Uint8Array(output.blockLength));
    blocks.get(output.block).set(output.bytes, offset - output.block);
  }
  if (type === 'commit') feed(peer, { type: 'written', transfer, offset: offset + length });
  if (type === 'finish') feed(peer, { type: 'finished', transfer });
  if (type === 'event' && output.event.type !== 'progress') console.log(`${peer[0]} ${output.event.type}`);
  if (type === 'event' && output.event.type === 'offered') {
    feed(peer, { type: 'accept', transfer: output.event.transfer });
  }
}

for (const [peer, other] of [
  [ann, bob],
  [bob, ann],
]) {
  feed(peer, { type: 'peerUp', peer: other, maxFrameBytes: 65_536 });
  feed(peer, { type: 'writable', peer: other, bytes: 9_000_000 });
}
const description = { kind: 'file', name: 'coo.txt', mime: 'text/plain', size: file.length, timestamp: Date.now() };
feed(ann, { type: 'offer', id: '5a'.repeat(16), to: bob, description });
for (const [peer, input] of queue) {
  const out = [];
  machines.get(peer).handle(input, 0, out);
  for (const output of out) carryOut(peer, output);
}
console.log(Buffer.concat([...blocks.values()]).equals(file));
