// Which binary codec? Speed, size of output and of bundle, code generation, the browser floor, hostile input.
// Run: npx tsc -b packages/core && node bench/codec.mjs
// Hostile input runs in a child process per codec and case, with a small heap and a time limit; see `probe` below.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const HEAP_MIB = 256;
const PROBE_MS = 5_000;
const MEASURE_MS = 300;
const ROUNDS = 5;
const here = fileURLToPath(import.meta.url);

/**
 * Each candidate in its strictest documented configuration. `bundle` is the least an application imports for that.
 * `core` is lib0 behind our check of structure; its frames have no objects, data is what applications send (S13).
 */
const CANDIDATES = {
  core: {
    load: async () => {
      const { encode, decode, encodeContent, decodeContent } = await import('@peerpigeon/core');
      return { encode, decode, data: { encode: encodeContent, decode: decodeContent } };
    },
    bundle: `export { encode, decode } from '@peerpigeon/core'`,
    lib0: true,
  },
  cborg: {
    load: async () => {
      const { encode, decode } = await import('cborg');
      const options = { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true };
      return { encode, decode: (bytes) => decode(bytes, options) };
    },
    bundle: `export { encode, decode } from 'cborg'`,
  },
  cbor2: {
    load: async () => {
      const { encode, decode, cdeEncodeOptions, cdeDecodeOptions } = await import('cbor2');
      return {
        encode: (value) => encode(value, cdeEncodeOptions),
        decode: (bytes) => decode(bytes, { ...cdeDecodeOptions, maxDepth: 64 }),
      };
    },
    bundle: `export { encode, decode, cdeEncodeOptions, cdeDecodeOptions } from 'cbor2'`,
  },
  'cbor-x': {
    load: async () => {
      const { Encoder } = await import('cbor-x');
      const codec = new Encoder({ useRecords: false, mapsAsObjects: true });
      return { encode: (value) => codec.encode(value), decode: (bytes) => codec.decode(bytes) };
    },
    bundle: `export { Encoder } from 'cbor-x'`,
  },
  'tiny-cbor': {
    load: async () => {
      const { encodeCBOR, decodeCBOR } = await import('@levischuck/tiny-cbor');
      return { encode: encodeCBOR, decode: decodeCBOR };
    },
    bundle: `export { encodeCBOR, decodeCBOR } from '@levischuck/tiny-cbor'`,
  },
  msgpack: {
    load: async () => {
      const { Encoder, Decoder } = await import('@msgpack/msgpack');
      const encoder = new Encoder({ maxDepth: 64 });
      const most = 65_536;
      const decoder = new Decoder({
        maxStrLength: most,
        maxBinLength: most,
        maxArrayLength: most,
        maxMapLength: most,
        maxExtLength: most,
      });
      return { encode: (value) => encoder.encode(value), decode: (bytes) => decoder.decode(bytes) };
    },
    bundle: `export { Encoder, Decoder } from '@msgpack/msgpack'`,
    messagePack: true,
  },
  msgpackr: {
    load: async () => {
      const { Packr } = await import('msgpackr');
      const codec = new Packr({ useRecords: false, mapsAsObjects: true });
      return { encode: (value) => codec.pack(value), decode: (bytes) => codec.unpack(bytes) };
    },
    bundle: `export { Packr } from 'msgpackr'`,
    messagePack: true,
  },
  lib0: {
    load: async () => {
      const { createEncoder, writeAny, toUint8Array } = await import('lib0/encoding');
      const { createDecoder, readAny } = await import('lib0/decoding');
      return {
        encode: (value) => {
          const encoder = createEncoder();
          writeAny(encoder, value);
          return toUint8Array(encoder);
        },
        decode: (bytes) => readAny(createDecoder(bytes)),
      };
    },
    bundle: `export { createEncoder, writeAny, toUint8Array } from 'lib0/encoding'; export { createDecoder, readAny } from 'lib0/decoding'`,
    lib0: true,
  },
};

const id = (n) => Uint8Array.from({ length: 20 }, (_, k) => (k * 7 + n) & 255);
/** A mesh frame as PROTOCOL.md has it: signed part, hop part, signature slot. */
const FRAME = [
  [1, 0, 'public', 'chat', id(1), 1_763_800_000_000, 42, 1_763_800_123_456, null, new Uint8Array(1024).fill(9)],
  [9, 1, [id(1), id(2), id(3)]],
  new Uint8Array(0),
];
const CONTENT = {
  type: 'chat',
  text: 'Hello to everyone in the room, grüße 👋',
  at: 1_763_800_000_123,
  pos: [1.5, -2.25, 0.1],
  from: { id: 'ab'.repeat(20), name: 'Ann' },
  tags: ['a', 'b', 'c'],
  ok: true,
  none: null,
};

/** Hostile input, in the bytes of each format. */
function hostile(name) {
  const { messagePack, lib0 } = CANDIDATES[name];
  const pick = (cbor, mp, any) => Buffer.from(lib0 ? any : messagePack ? mp : cbor, 'hex');
  const chain = Buffer.concat(Array.from({ length: 21_000 }, () => pick('99ffff', 'dcffff', '75ffff03')));
  return {
    deep: pick('81'.repeat(10_000) + '80', '91'.repeat(10_000) + '90', '7501'.repeat(10_000) + '7500'),
    long: pick('9affffffff00', 'ddffffffff00', '75ffffffff0f'),
    chain,
    cut: pick('58ff00', 'c4ff00', '74ff0100'),
    twice: pick('a2616101616102', '82a16101a16102', '760201617d0101617d02'),
    proto: pick(
      'a1695f5f70726f746f5f5fa16178f5',
      '81a95f5f70726f746f5f5f81a178c3',
      '7601095f5f70726f746f5f5f7601017878',
    ),
    utf8: pick('62c328', 'a2c328', '7702c328'),
    extra: pick('0101', '0101', '7d017d01'),
    loose: pick('1801', 'cd0001', '7d8100'),
  };
}
const CASES = Object.keys(hostile('core'));

/** In a child: `refused` by an error of its own, `accepted`, or what went wrong. */
async function probe(name, kind) {
  const { decode } = await CANDIDATES[name].load();
  // In the middle of other bytes, as Node's Buffer pool has it: reading over the end would show them.
  const bytes = hostile(name)[kind];
  const pool = new Uint8Array(bytes.length + 1024).fill(0x2a);
  pool.set(bytes, 512);
  const before = process.memoryUsage().rss;
  let verdict;
  try {
    const value = decode(pool.subarray(512, 512 + bytes.length));
    verdict =
      kind === 'proto' &&
      value !== null &&
      typeof value === 'object' &&
      !(value instanceof Map) &&
      value.x !== undefined
        ? 'POLLUTED'
        : 'accepted';
  } catch (error) {
    verdict = /call stack/.test(String(error)) ? 'STACK' : 'refused';
  }
  const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20;
  process.stdout.write(grownMiB > 64 ? `${Math.round(grownMiB)} MiB` : verdict);
}

function probed(name, kind) {
  const child = spawnSync(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, here, 'probe', name, kind], {
    timeout: PROBE_MS,
    encoding: 'utf8',
  });
  if (child.error !== undefined) return 'HANG';
  return child.status === 0 && child.stdout !== '' ? child.stdout : 'CRASH';
}

/** Milliseconds of CPU time of this process, which others on the machine lengthen less than the clock's. */
function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Thousands of calls a second of CPU time, the median of some rounds. */
function rate(work) {
  const rates = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = cpuMs();
    let calls = 0;
    while (cpuMs() - start < MEASURE_MS) for (let i = 0; i < 100; i++, calls++) work();
    if (round > 0) rates.push(calls / (cpuMs() - start));
  }
  return Math.round(rates.sort((a, b) => a - b)[ROUNDS >> 1]);
}

async function bundled(contents) {
  const result = await build({
    stdin: { contents, resolveDir: dirname(here) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2020',
    logLevel: 'silent',
  });
  const { text, contents: code } = result.outputFiles[0];
  return { kB: (gzipSync(code, { level: 9 }).length / 1000).toFixed(1), text };
}

/** How a message's data comes and goes, or why it does not. */
function measured({ encode, decode }, value) {
  try {
    const bytes = Uint8Array.from(encode(value));
    return [`${rate(() => encode(value))}/${rate(() => decode(bytes))}`, bytes.length];
  } catch {
    return ['cannot', '–'];
  }
}

async function main() {
  const rows = {};
  for (const [name, candidate] of Object.entries(CANDIDATES)) {
    const codec = await candidate.load();
    const { kB, text } = await bundled(candidate.bundle);
    const [frameRate, frameBytes] = measured(codec, FRAME);
    const [dataRate, dataBytes] = measured(codec.data ?? codec, CONTENT);
    const floor = [];
    if (/\.hasOwn\(/.test(text)) floor.push('hasOwn');
    if (/\.encodeInto\(/.test(text)) floor.push('encodeInto');
    // Safari 15.
    if (/\.setBigU?[iI]nt64\(/.test(text)) floor.push('BigInt64');
    rows[name] = {
      'gz kB': kB,
      'frame enc/dec k/s': frameRate,
      'frame B': frameBytes,
      'data enc/dec k/s': dataRate,
      'data B': dataBytes,
      eval: /new Function|\beval\(|[^.\w]Function\(/.test(text) ? 'YES' : 'no',
      'newer APIs': floor.join(' ') || 'none',
      ...Object.fromEntries(CASES.map((kind) => [kind, probed(name, kind)])),
    };
  }
  console.table(rows);
  const whole = await bundled(`export { encode, decode, encodeContent, decodeContent } from '@peerpigeon/core'`);
  console.log(`core with plain data (S13): ${whole.kB} kB min+gzip`);
}

if (process.argv[2] === 'probe') await probe(process.argv[3], process.argv[4]);
else await main();
