/**
 * `import-probe.mjs node|worker|vm <module>`: imports a module among traps and prints what it touched, as JSON. In mode
 * `vm` a CommonJS bundle comes from stdin and runs in a context that has nothing but the language.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

const BROWSER_GLOBALS = [
  'window document navigator location history screen localStorage sessionStorage indexedDB caches',
  'RTCPeerConnection RTCDataChannel RTCSessionDescription RTCIceCandidate MediaStream WebSocket BroadcastChannel',
  'XMLHttpRequest Notification requestAnimationFrame addEventListener alert matchMedia',
].flatMap((line) => line.split(' '));
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];

/** @typedef {{ touched: string[], timers: string[], handles: string[] }} Sighting */

/**
 * Puts a getter that remembers on every browser global and timer of a global object.
 * @param {Record<string, any>} target
 */
function trap(target) {
  /** @type {Sighting} */
  const seen = { touched: [], timers: [], handles: [] };
  let watching = true;
  for (const name of BROWSER_GLOBALS) {
    const own = target[name];
    Object.defineProperty(target, name, {
      configurable: true,
      get() {
        if (watching) seen.touched.push(name);
        return own;
      },
    });
  }
  for (const name of TIMERS) {
    const timer = target[name];
    target[name] = (/** @type {any[]} */ ...args) => {
      if (watching) seen.timers.push(name);
      return timer?.(...args);
    };
  }
  return { seen, stop: () => (watching = false) };
}

/** @param {string} specifier */
async function importTrapped(specifier) {
  const before = process.getActiveResourcesInfo();
  const { seen, stop } = trap(globalThis);
  await import(specifier);
  stop();
  const after = process.getActiveResourcesInfo();
  for (const resource of before) if (after.includes(resource)) after.splice(after.indexOf(resource), 1);
  // Reading the module's own file may still be winding down.
  seen.handles = after.filter((resource) => !/^(FSReq|CloseReq|Immediate|FileHandle)/.test(resource));
  return seen;
}

/** @param {string} bundle */
function runBare(bundle) {
  const context = vm.createContext({});
  const host = vm.runInContext('globalThis', context);
  const require = createRequire(import.meta.url);
  Object.assign(host, {
    module: { exports: {} },
    exports: {},
    require,
    process,
    Buffer,
    TextEncoder,
    TextDecoder,
    URL,
  });
  const { seen, stop } = trap(host);
  vm.runInContext(bundle, context);
  stop();
  return seen;
}

if (!isMainThread) {
  const { specifier } = workerData;
  parentPort?.postMessage(await importTrapped(specifier));
} else {
  const [mode, specifier = ''] = process.argv.slice(2);
  if (mode === 'vm') console.log(JSON.stringify(runBare(readFileSync(0, 'utf8'))));
  else if (mode === 'node') console.log(JSON.stringify(await importTrapped(specifier)));
  else {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { specifier } });
    worker.once('message', (seen) => console.log(JSON.stringify(seen)));
    worker.once('error', (error) => {
      throw error;
    });
  }
}
