import { pick } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import type { Output } from './output.js';
import type { Route } from './route.js';
import { answerMs } from './repair.js';

interface Tunnel {
  /** The way it was last found good, or is tried. */
  route: Route;
  /** Until when it is good; in the past while it has not been answered. */
  until: Millis;
  askedAt: Millis;
  /** Not answered since `askedAt`. */
  asking: boolean;
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

  /** Peers whom a good way leads to, and those ways. */
  *good(now: Millis): Iterable<readonly [PeerId, Route]> {
    for (const [peer, { route, until }] of this.tunnels) if (until > now) yield [peer, route];
  }

  /** An answer came over `route`. */
  answered(peer: PeerId, route: Route, now: Millis, out: Output[]): void {
    const tunnel = this.tunnels.get(peer);
    if (tunnel === undefined) return;
    tunnel.asking = false;
    this.keep(peer, tunnel, route, now, out);
  }

  /** The other end asks: it wants the tunnel, and its way to us is a way to it. */
  asked(peer: PeerId, route: Route, now: Millis, out: Output[]): void {
    const tunnel = this.tunnels.get(peer);
    if (tunnel !== undefined) this.keep(peer, tunnel, route, now, out);
  }

  /** The way to a peer is broken: another one is tried at once. */
  broken(peer: PeerId, out: Output[]): void {
    const tunnel = this.tunnels.get(peer);
    if (tunnel === undefined) return;
    tunnel.until = tunnel.askedAt = -Infinity;
    tunnel.asking = false;
    out.push({ type: 'tunnel', peer, route: undefined });
  }

  /** Keeps tunnels to `wanted` alive, and drops the others; returns when to look again. */
  review(wanted: readonly PeerId[], now: Millis, out: Output[]): Millis {
    const { knowledge, config } = this.context;
    for (const [peer] of this.tunnels) if (!wanted.includes(peer)) this.drop(peer, out);
    let next: Millis = Infinity;
    for (const peer of wanted) {
      const tunnel = this.tunnels.get(peer);
      const good = tunnel !== undefined && tunnel.until > now;
      const known = knowledge.get(peer)?.route;
      const route = good ? tunnel.route : known;
      if (route?.length === 0) continue;
      if (route === undefined) {
        next = Math.min(next, this.find(peer, tunnel, now, out));
        continue;
      }
      const periodMs = good && !tunnel.asking ? config.tunnelMs : answerMs(config, route);
      const at = tunnel === undefined ? now : tunnel.askedAt + periodMs;
      if (at > now) {
        next = Math.min(next, at);
        continue;
      }
      // Not answered in time: the next try takes the way known by then.
      const way = tunnel?.asking === true && known !== undefined && known.length > 0 ? known : route;
      this.tunnels.set(peer, { route: way, until: tunnel?.until ?? -Infinity, askedAt: now, asking: true });
      out.push({ type: 'route', to: peer, route: way, message: { kind: 'tunnel', ack: false } });
      next = Math.min(next, now + answerMs(config, way));
    }
    return next;
  }

  clear(): void {
    this.tunnels.clear();
  }

  /** No way is known: some long link may lead to where one is. Both ends try, each from its side of the gap. */
  private find(peer: PeerId, tunnel: Tunnel | undefined, now: Millis, out: Output[]): Millis {
    const { config, neighbourhood, rng } = this.context;
    const at = (tunnel?.askedAt ?? -Infinity) + config.answerMs;
    if (at > now) return at;
    const over = pick(rng, neighbourhood.ordinary);
    this.tunnels.set(peer, { route: [], until: -Infinity, askedAt: now, asking: true });
    if (over !== undefined)
      out.push({ type: 'probe', key: peer, over: over.peer, message: { kind: 'tunnel', ack: false } });
    return now + config.answerMs;
  }

  private keep(peer: PeerId, tunnel: Tunnel, route: Route, now: Millis, out: Output[]): void {
    const anew = tunnel.until <= now || tunnel.route !== route;
    tunnel.route = route;
    tunnel.until = now + this.context.config.tunnelTtlMs;
    if (anew) out.push({ type: 'tunnel', peer, route });
  }

  private drop(peer: PeerId, out: Output[]): void {
    this.tunnels.delete(peer);
    out.push({ type: 'tunnel', peer, route: undefined });
  }
}
