import { SeededRng, sealEnvelope, utf8Decode, utf8Encode } from '@peerpigeon/core';
import { Routing } from '@peerpigeon/routing';

const network = 'readme';
const [ann, bob, cat] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
const rng = new SeededRng(1); // in earnest, one that cannot be guessed
const machines = new Map([ann, bob, cat].map((peerId) => [peerId, new Routing({ peerId, network, rng })]));

/** The whole interpreter: feed one input, carry out what follows. A real one sends over links and keeps timers. */
function feed(peer, input) {
  const out = [];
  machines.get(peer).handle(input, 0, out);
  for (const output of out) {
    if (output.type === 'send') feed(output.to, { type: 'received', from: peer, message: output.message });
    if (output.type === 'event') console.log(peer[0], describe(output.event));
  }
}

function describe(event) {
  if (event.type === 'message') return `got "${utf8Decode(event.envelope.content)}" over ${event.hops} links`;
  return `${event.type} to ${event.to[0]}`;
}

for (const [a, b] of [
  [ann, bob],
  [bob, cat],
]) {
  feed(a, { type: 'peerUp', peer: b });
  feed(b, { type: 'peerUp', peer: a });
}

const mail = { kind: 'direct', network, channel: 'chat', from: ann, to: cat, epoch: 1, seq: 1, timestamp: 0 };
feed(ann, { type: 'route', envelope: sealEnvelope({ ...mail, content: utf8Encode('hello') }) });
