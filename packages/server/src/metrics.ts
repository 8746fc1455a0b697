import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { BackplaneStats } from './backplane/backplane.js';

/** Bounds of the histograms, in s: from what a relay takes in one process to what a slow mobile network does. */
const ROUTE_BUCKETS = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1];
const RTT_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 8];

/**
 * What a server counts, for Prometheus. No label holds an id, a network or an address: there are as many of those as clients
 * like. Who adds figures of his own registers them at {@link registry}, as prom-client does it.
 */
export class Metrics {
  /** Each server has one of its own; names begin with `pp_`, those of Node.js with `process_` and `nodejs_`. */
  readonly registry = new Registry();
  readonly connects: Counter<'result'>;
  readonly rejects: Counter<'reason'>;
  readonly messages: Counter<'type' | 'dir'>;
  readonly bytes: Counter<'dir'>;
  /** Signals on their way to their target: `scope` local or remote, `result` sent, absent or failed. */
  readonly routes: Counter<'scope' | 'result'>;
  /** From the arrival of a signal until it is written. */
  readonly routeSeconds: Histogram;
  /** What an announce takes: choosing peers, and writing to all concerned. */
  readonly closestSeconds: Histogram;
  readonly rttSeconds: Histogram;
  /** Of slow readers: hints left out (`drop`), readers cut off (`close`). */
  readonly backpressure: Counter<'action'>;
  readonly iceCredentials: Counter;
  private hasProcess = false;

  constructor() {
    const registers = [this.registry];
    this.connects = new Counter({
      name: 'pp_connects_total',
      help: 'WebSockets by how they began',
      labelNames: ['result'],
      registers,
    });
    this.rejects = new Counter({
      name: 'pp_rejects_total',
      help: 'Connections, requests and messages refused, by reason',
      labelNames: ['reason'],
      registers,
    });
    this.messages = new Counter({
      name: 'pp_messages_total',
      help: 'Messages by type and direction',
      labelNames: ['type', 'dir'],
      registers,
    });
    this.bytes = new Counter({
      name: 'pp_bytes_total',
      help: 'Bytes of messages by direction, without frames',
      labelNames: ['dir'],
      registers,
    });
    this.routes = new Counter({
      name: 'pp_route_total',
      help: 'Signals by where their target is and what became of them',
      labelNames: ['scope', 'result'],
      registers,
    });
    this.routeSeconds = new Histogram({
      name: 'pp_route_seconds',
      help: 'Seconds from the arrival of a signal until it was handled',
      buckets: ROUTE_BUCKETS,
      registers,
    });
    this.closestSeconds = new Histogram({
      name: 'pp_closest_seconds',
      help: 'Seconds it took to handle an announce',
      buckets: ROUTE_BUCKETS,
      registers,
    });
    this.rttSeconds = new Histogram({
      name: 'pp_ws_rtt_seconds',
      help: 'Seconds until a WebSocket ping was answered',
      buckets: RTT_BUCKETS,
      registers,
    });
    this.backpressure = new Counter({
      name: 'pp_backpressure_total',
      help: 'Slow readers: hints left out, readers cut off',
      labelNames: ['action'],
      registers,
    });
    this.iceCredentials = new Counter({
      name: 'pp_ice_credentials_total',
      help: 'TURN credentials given',
      registers,
    });
    for (const result of ['accepted', 'refused'] as const) this.connects.inc({ result }, 0);
    for (const action of ['drop', 'close'] as const) this.backpressure.inc({ action }, 0);
  }

  /** Reads a figure whenever somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [], collect: () => gauge.set(read()) });
    this.registry.registerMetric(gauge);
  }

  /** A figure that only grows, read whenever somebody asks. */
  count(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
    this.registry.registerMetric(counter);
  }

  /** The figures of a server that is one of several nodes. */
  backplane(read: () => BackplaneStats | undefined): void {
    this.gauge('pp_backplane_up', 'Whether the other nodes can be reached', () => Number(read()?.up ?? false));
    this.gauge('pp_backplane_nodes', 'Nodes known to live', () => read()?.nodes ?? 0);
    this.gauge('pp_backplane_queue', 'Questions to the index that are on their way', () => read()?.queue ?? 0);
    this.gauge('pp_backplane_lag_seconds', 'How long the last message from a node was on its way', () => {
      return (read()?.lagMs ?? 0) / 1_000;
    });
    const resyncs = 'How often the index had to be told anew what this node holds';
    this.count('pp_backplane_resync_total', resyncs, () => read()?.resyncs ?? 0);
    this.count('pp_ghosts_reaped_total', 'Ids of dead nodes removed from the index', () => read()?.reaped ?? 0);
  }

  /** All figures as text, with Node's own: event loop, heap, garbage collection, observed from the first time on. */
  async text(): Promise<string> {
    if (!this.hasProcess) collectDefaultMetrics({ register: this.registry });
    this.hasProcess = true;
    return this.registry.metrics();
  }
}
