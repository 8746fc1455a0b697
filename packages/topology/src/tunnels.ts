import { sample } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import type { Output } from './output.js';
import type { Route } from './route.js';
import { answerMs } from './repair.js';

/** A way is looked for over so many links at once: some of them lead to the near side of the gap, and no further. */
const PROBES = 3;

interface Tunnel {
  /** The way it was last found good. */
  route: Route;
  /** Until when it is good; in the past since it broke, −Infinity if it never was. */
  until: Millis;
  askedAt: Millis;
  /** When the other end was last heard of over it. */
  heardAt: Millis;
}

/**
 * Ring neighbours that cannot be linked (NAT without TURN), held over the peers in between: a message along a source route
 * every few seconds, and its answer, keep the way. While it is good, the peer counts as a ring neighbour.
 */
export class Tunnels {
  private readonly context: Context;
  private readonly tunnels = new Map<PeerId, Tunnel>();

  constructor(context: Context) {
    this.context = context;
  }

  get size(): number {
    return this.tunnels.size;
  }

  /** Whether the way to a peer is good. */
  has(peer: PeerId, now: Millis): boolean {
    const tunnel = this.tunnels.get(peer);
    return tunnel !== undefined && tunnel.until > now;
  }

  /** Peers that need no link instead: a good way leads to them, or did until just now and is being mended. */
  *held(now: Millis): Iterable<PeerId> {
    const { maxAnswerMs } = this.context.config;
    for (const [peer, { until }] of this.tunnels) if (until + maxAnswerMs > now) yield peer;
  }

  /** Peers whom a good way leads to, and those ways. */
  *good(now: Millis): Iterable<readonly [PeerId, Route]> {
    for (const [peer, { route, until }] of this.tunnels) if (until > now) yield [peer, route];
  }

  /** The other end answered, or asked itself, over `route`. Of several ways that are found at once the first is kept. */
  heard(peer: PeerId, route: Route, now: Millis, out: Output[]): void {
    const tunnel = this.tunnels.get(peer);
    if (tunnel === undefined) return;
    const isGood = tunnel.until > now;
    const isSame = route.length === tunnel.route.length && route.every((hop, i) => hop === tunnel.route[i]);
    const isAnswered = isGood && tunnel.heardAt >= tunnel.askedAt;
    if (isAnswered && !isSame && route.length >= tunnel.route.length) return;
    const anew = !isGood || !isSame;
    tunnel.route = route;
    tunnel.heardAt = now;
    tunnel.until = now + this.context.config.tunnelTtlMs;
    if (anew) out.push({ type: 'tunnel', peer, route });
  }

  /** The way to a peer is broken: others are tried at once. */
  broken(peer: PeerId, now: Millis, out: Output[]): void {
    const tunnel = this.tunnels.get(peer);
    if (tunnel === undefined || tunnel.until <= now) return;
    tunnel.until = now;
    tunnel.askedAt = -Infinity;
    out.push({ type: 'tunnel', peer, route: undefined });
  }

  /** Keeps tunnels to `wanted` alive, and drops the others; returns when to look again. */
  review(wanted: readonly PeerId[], now: Millis, out: Output[]): Millis {
    const { knowledge, config } = this.context;
    for (const [peer] of this.tunnels) if (!wanted.includes(peer)) this.drop(peer, out);
    let next: Millis = Infinity;
    for (const peer of wanted) {
      if (knowledge.isNeighbour(peer)) continue;
      let tunnel = this.tunnels.get(peer);
      if (tunnel === undefined) {
        tunnel = { route: [], until: -Infinity, askedAt: -Infinity, heardAt: -Infinity };
        this.tunnels.set(peer, tunnel);
      }
      const { route, until, askedAt, heardAt } = tunnel;
      const isGood = until > now;
      const isAnswered = isGood && heardAt >= askedAt;
      const at = askedAt + (isAnswered ? config.tunnelMs : isGood ? answerMs(config, route) : config.answerMs);
      if (at > now) {
        next = Math.min(next, at);
        continue;
      }
      tunnel.askedAt = now;
      if (isAnswered) this.ask(peer, route, out);
      else this.search(peer, out);
      next = Math.min(next, now + (isAnswered ? answerMs(config, route) : config.answerMs));
    }
    return next;
  }

  clear(): void {
    this.tunnels.clear();
  }

  /**
   * Both ends search, each from its side of the gap: over the way that others told of, over peers near the other end, and
   * greedily over some links.
   */
  private search(peer: PeerId, out: Output[]): void {
    const { knowledge, neighbourhood, config, rng } = this.context;
    const route = knowledge.get(peer)?.route;
    if (route !== undefined) this.ask(peer, route, out);
    const near = [...new Set(knowledge.near(config.leafSetSize, peer))].flatMap((one) => {
      const way = knowledge.get(one)?.route;
      return way === undefined || way.length === 0 ? [] : [[...way, one]];
    });
    for (const way of sample(rng, near, PROBES)) this.ask(peer, way, out);
    for (const over of sample(rng, neighbourhood.ordinary, PROBES)) {
      out.push({ type: 'probe', key: peer, over: over.peer, message: { kind: 'tunnel', ack: false } });
    }
  }

  private ask(peer: PeerId, route: Route, out: Output[]): void {
    out.push({ type: 'route', to: peer, route, message: { kind: 'tunnel', ack: false } });
  }

  private drop(peer: PeerId, out: Output[]): void {
    this.tunnels.delete(peer);
    out.push({ type: 'tunnel', peer, route: undefined });
  }
}
