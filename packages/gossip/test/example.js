import { SeededRng, sealEnvelope, utf8Decode, utf8Encode } from '@peerpigeon/core';
import { Gossip } from '@peerpigeon/gossip';

const network = 'readme';
const [ann, bob, cat] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
const rng = new SeededRng(1); // in earnest, one that cannot be guessed
const machines = new Map([ann, bob, cat].map((peerId) => [peerId, new Gossip({ peerId, network, rng })]));

/** The whole interpreter: feed one input, carry out what follows. A real one sends over links. */
function feed(peer, input) {
  const out = [];
  machines.get(peer).handle(input, 0, out);
  for (const output of out) {
    if (output.type === 'send') feed(output.to, { type: 'received', from: peer, message: output.message });
    if (output.type === 'event') {
      const { envelope, hops, path } = output.event;
      console.log(`${peer[0]} got "${utf8Decode(envelope.content)}", hops ${hops}, path ${path.map((id) => id[0])}`);
    }
  }
}

for (const [a, b] of [
  [ann, bob],
  [bob, cat],
]) {
  feed(a, { type: 'peerUp', peer: b });
  feed(b, { type: 'peerUp', peer: a });
}

const envelope = sealEnvelope({
  kind: 'broadcast',
  network,
  channel: 'chat',
  from: ann,
  epoch: 1,
  seq: 1,
  timestamp: 0,
  content: utf8Encode('hello'),
});
feed(ann, { type: 'broadcast', envelope });
