// What a link carries over @roamhq/wrtc, beside a bare data channel in the same process and in turn: messages of 64 KiB, 16 KiB and
// 100 bytes. The bare one keeps 0.5 to 1 MiB buffered; the link is sent what its scheduler says it may be, as transfer does.
// Run: npx tsc -b packages/client && node bench/link.mjs

import { webRtc } from '@peerpigeon/client';
import { SendScheduler, linkConfig } from '@peerpigeon/link';
import wrtc from '@roamhq/wrtc';

const ROUNDS = 5;
/** Message sizes, and how much of each is sent a round. */
const LOADS = [
  { bytes: 65_536, total: 40_000_000 },
  { bytes: 16_384, total: 30_000_000 },
  { bytes: 100, total: 1_000_000 },
];
const SMALL_BYTES = 4_096;
const CHUNK_BYTES = 65_536;
const HIGH_BYTES = 1_048_576;

const { RTCPeerConnection } = wrtc;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The time that `send(count)` and the arrival of so many messages take, in ms. */
async function timed(count, received, send) {
  const start = performance.now();
  await send(count);
  while (received() < count) await pause(1);
  return performance.now() - start;
}

async function bare({ bytes, total }) {
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = ({ candidate }) => candidate && b.addIceCandidate(candidate);
  b.onicecandidate = ({ candidate }) => candidate && a.addIceCandidate(candidate);
  const [from, to] = [a, b].map((pc) => pc.createDataChannel('bulk', { negotiated: true, id: 0 }));
  let received = 0;
  to.onmessage = () => received++;
  await a.setLocalDescription(await a.createOffer());
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription(await b.createAnswer());
  await a.setRemoteDescription(b.localDescription);
  while (from.readyState !== 'open' || to.readyState !== 'open') await pause(1);
  const message = new Uint8Array(bytes);
  const ms = await timed(
    Math.ceil(total / bytes),
    () => received,
    async (count) => {
      for (let sent = 0; sent < count;) {
        for (let chunk = 0; chunk < CHUNK_BYTES && sent < count; chunk += bytes, sent++) from.send(message);
        if (from.bufferedAmount < HIGH_BYTES) await turn();
        else while (from.bufferedAmount > HIGH_BYTES / 2) await pause(1);
      }
    },
  );
  for (const pc of [a, b]) pc.close();
  return ms;
}

async function link({ bytes, total }) {
  const told = [[], []];
  let received = 0;
  let onEvent = () => {};
  const links = told.map((events, index) =>
    webRtc({ RTCPeerConnection }).open(String(index).repeat(40), {
      event: (event) => {
        events.push(event);
        if (index === 0) onEvent(event);
      },
      message: () => received++,
    }),
  );
  const hear = async (index, type) => {
    for (;;) {
      const event = told[index].find((one) => one.type === type);
      if (event !== undefined) return event;
      await pause(1);
    }
  };
  links[0].command({ type: 'offer' });
  links[1].command({ type: 'answer', description: (await hear(0, 'description')).description });
  links[0].command({ type: 'accept', description: (await hear(1, 'description')).description });
  await Promise.all([hear(0, 'opened'), hear(1, 'opened')]);

  const scheduler = new SendScheduler(linkConfig());
  const isSmall = bytes <= SMALL_BYTES;
  const item = new Uint8Array(bytes);
  let writable = () => {};
  const feed = (input) => {
    const out = [];
    scheduler.handle(input, performance.now(), out);
    for (const output of out) {
      if (output.type === 'write') links[0].send(isSmall ? 'control' : 'bulk', output.item);
      else if (output.type === 'drain') links[0].command(output);
      else if (output.type === 'writable') writable();
      else throw new Error(output.type);
    }
  };
  onEvent = (event) => event.type === 'drained' && feed(event);
  const ms = await timed(
    Math.ceil(total / bytes),
    () => received,
    async (count) => {
      for (let sent = 0; sent < count;) {
        for (
          let chunk = 0;
          chunk < CHUNK_BYTES && sent < count && scheduler.writable('bench') >= bytes;
          chunk += bytes
        ) {
          feed({ type: 'send', priority: isSmall ? 'small' : 'bulk', source: 'bench', bytes, item });
          sent++;
        }
        if (scheduler.writable('bench') >= bytes) await turn();
        else await new Promise((resolve) => (writable = resolve));
      }
    },
  );
  for (const end of links) end.close();
  return ms;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
console.log(`link: over @roamhq/wrtc, median of ${ROUNDS}, Node ${process.version}`);
for (const load of LOADS) {
  const times = { bare: [], link: [] };
  for (let round = 0; round < ROUNDS; round++) {
    times.bare.push(await bare(load));
    times.link.push(await link(load));
  }
  const [reference, ours] = [median(times.bare), median(times.link)];
  const figure = (ms) =>
    `${(load.total / ms / 1_000).toFixed(1)} MB/s, ${Math.round((1_000 * load.total) / load.bytes / ms)} a second`;
  console.log(
    `${String(load.bytes).padStart(6)} bytes: bare ${figure(reference)}; link ${figure(ours)}; ratio ${(reference / ours).toFixed(2)}`,
  );
}
// wrtc keeps the process alive.
process.exit(0);
