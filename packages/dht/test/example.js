import { SeededRng } from '@peerpigeon/core';
import { Dht } from '@peerpigeon/dht';

const ids = ['1', '5', '9', 'd'].map((digit) => digit.repeat(40));
const rng = new SeededRng(1); // in earnest, one that cannot be guessed
const nodes = new Map(ids.map((peerId) => [peerId, new Dht({ peerId, rng, epoch: Date.now() })]));
const queue = [];
let now = 0;

/** The whole interpreter. A real one routes messages over other peers, to whoever is nearest to the key. */
function feed(peer, input) {
  const out = [];
  nodes.get(peer).handle(input, now, out);
  for (const { type, to, message, event, at, timer } of out) {
    const other = ids[(ids.indexOf(peer) + 1) % 4];
    if (type === 'route' || type === 'seek') {
      queue.push([now + 20, to ?? other, { type: 'received', from: peer, message, path: [peer] }]);
    }
    if (type === 'timer') queue.push([at, peer, { type, timer }]);
    if (type === 'event') console.log(peer[0], event.type, (event.outcome ?? event).type, text(event));
  }
}

const text = ({ record, outcome }) =>
  new TextDecoder().decode((record ?? outcome.records?.[0] ?? outcome.record)?.value);

function run(until) {
  while (queue.sort((a, b) => a[0] - b[0])[0]?.[0] <= until) {
    const [at, peer, input] = queue.shift();
    now = at;
    feed(peer, input);
  }
}

ids.forEach((peer, i) => {
  const others = [1, 2, 3].map((step) => ids[(i + step) % 4]);
  feed(peer, { type: 'leaves', after: others, before: [...others].reverse(), whole: true, member: true });
  feed(peer, { type: 'peerUp', peer: others[0] });
});
run(40_000);
const key = { space: 'value', name: 'user-settings' };
feed(ids[1], { type: 'subscribe', ticket: 1, key });
run(41_000);
feed(ids[0], { type: 'put', ticket: 2, key, form: 'plain', value: new TextEncoder().encode('dark') });
run(42_000);
feed(ids[2], { type: 'get', ticket: 3, key });
run(43_000);
