import type { PeerId } from '@peerpigeon/core';
import { compareClockwise, compareRingDistance } from '@peerpigeon/xor';
import type { Config } from './config.js';
import type { Heading, Mode } from './message.js';
import { straighten } from './source-route.js';

/** Where a message goes next: the link to send it over, and where it goes from there. */
export interface Hop extends Heading {
  readonly next: PeerId;
}

/** A row of the 2-hop table: what a neighbour's neighbours are. */
export interface View {
  /** Those on the ring. */
  readonly neighbours: readonly PeerId[];
  /** Those that hang on to it by a single link. */
  readonly leaves: readonly PeerId[];
  /** So does the neighbour itself, to us. */
  readonly leaf: boolean;
}

type Limits = Pick<Config, 'maxViewPeers' | 'maxTunnels' | 'maxLodgers'>;

/** What a mode is: what counts besides links, which of two peers is nearer to a target, and what follows a wrong choice. */
interface Rule {
  readonly views: boolean;
  readonly ways: boolean;
  /** Negative if `a` is nearer. */
  readonly compare: (target: PeerId, a: PeerId, b: PeerId) => number;
  readonly failed: Mode;
}

/** Going down the ring, to the target's successors and on to itself: who is fewer steps above it. */
const fromAbove = compareClockwise;
/** Going up: who is fewer steps below it. */
const fromBelow = (target: PeerId, a: PeerId, b: PeerId): number =>
  a === b ? 0 : a === target ? -1 : b === target ? 1 : compareClockwise(target, b, a);

const RULES: Readonly<Record<Mode, Rule>> = {
  0: { views: true, ways: true, compare: compareRingDistance, failed: 1 },
  1: { views: false, ways: true, compare: compareRingDistance, failed: 2 },
  2: { views: false, ways: false, compare: compareRingDistance, failed: 2 },
  3: { views: true, ways: true, compare: fromAbove, failed: 5 },
  4: { views: true, ways: true, compare: fromBelow, failed: 6 },
  5: { views: false, ways: false, compare: fromAbove, failed: 5 },
  6: { views: false, ways: false, compare: fromBelow, failed: 6 },
};

const NONE: readonly PeerId[] = [];
const UNSEEN: View = { neighbours: NONE, leaves: NONE, leaf: false };
const NOBODY: ReadonlySet<PeerId> = new Set();
const NO_VIEWS: ReadonlyMap<PeerId, View> = new Map();
const NO_ROUTES: ReadonlyMap<PeerId, readonly PeerId[]> = new Map();
/** As a message starts whose way is to be found. */
export const GREEDY: Heading = { route: NONE, goal: null, mode: 0 };

/**
 * The links, the 2-hop table (what each neighbour's neighbours are), the tunnels, and the choice of the next hop.
 *
 * Nearness is ring distance, the shorter way round: a peer with right ring neighbours always has one that is strictly
 * nearer to any other live peer. So a message that goes strictly nearer with every choice ends at its target, or where
 * the ring is broken; it cannot circle. Where a choice fails (a 2-hop table, a tunnel, or a given route was wrong),
 * distance counts anew from there, in a higher mode with fewer ways to fail; so this happens twice at most. From where the ring
 * is broken a direct message goes round to the target's other side, in modes of its own, once.
 *
 * Leaves, which have a single link, lead nowhere: one is chosen only as the target itself, over its link, its neighbour's,
 * or the way that is kept to it (a lodger) where it would be on the ring.
 *
 * A neighbour that is suspect, or owes receipts, is chosen only when nothing else is possible.
 */
export class Neighbourhood {
  private readonly self: PeerId;
  private readonly maxViewPeers: number;
  private readonly maxTunnels: number;
  private readonly maxLodgers: number;
  private readonly views = new Map<PeerId, View>();
  private readonly tunnels = new Map<PeerId, readonly PeerId[]>();
  private readonly lodgers = new Map<PeerId, readonly PeerId[]>();
  private readonly suspects = new Set<PeerId>();
  private readonly quiet = new Set<PeerId>();

  constructor(self: PeerId, limits: Limits) {
    this.self = self;
    this.maxViewPeers = limits.maxViewPeers;
    this.maxTunnels = limits.maxTunnels;
    this.maxLodgers = limits.maxLodgers;
  }

  /** A link is ready; nothing is known of its other end's neighbours. */
  add(peer: PeerId): void {
    this.views.set(peer, UNSEEN);
  }

  /** A link is gone, and with it its row of the 2-hop table and the tunnels that begin with it. */
  delete(peer: PeerId): void {
    this.views.delete(peer);
    this.suspects.delete(peer);
    this.quiet.delete(peer);
    for (const ways of [this.tunnels, this.lodgers]) {
      for (const [end, route] of ways) if (route[0] === peer) ways.delete(end);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.views.clear();
    this.tunnels.clear();
    this.lodgers.clear();
    this.suspects.clear();
    this.quiet.clear();
  }

  /** How many peers are reached by tunnels. */
  get tunnelled(): number {
    return this.tunnels.size;
  }

  /** To how many leaves a way is kept. */
  get lodged(): number {
    return this.lodgers.size;
  }

  /** Whether nothing has been heard of a neighbour for a while. */
  isSuspect(peer: PeerId): boolean {
    return this.suspects.has(peer);
  }

  /** Whether a neighbour is to be avoided. */
  suspect(peer: PeerId, suspected: boolean): void {
    if (!suspected) this.suspects.delete(peer);
    else if (this.views.has(peer)) this.suspects.add(peer);
  }

  /**
   * Whether a neighbour owes receipts. Then messages go over others where they can. It counts as before for what seeks the
   * nearest to a key: it may just be busy.
   */
  owes(peer: PeerId, overdue: boolean): void {
    if (!overdue) this.quiet.delete(peer);
    else if (this.views.has(peer)) this.quiet.add(peer);
  }

  /** Whether a message goes over this neighbour only where nothing else is possible. */
  avoids(peer: PeerId): boolean {
    return this.suspects.has(peer) || this.quiet.has(peer);
  }

  /** Sets what a neighbour's neighbours are, cut at the configured number; a peer without a link is ignored. */
  setView(peer: PeerId, { neighbours, leaves, leaf }: View): void {
    if (!this.views.has(peer)) return;
    const { maxViewPeers } = this;
    this.views.set(peer, {
      neighbours: neighbours.slice(0, maxViewPeers),
      leaves: leaves.slice(0, maxViewPeers),
      leaf,
    });
  }

  /** Sets the peers between us and `peer`; undefined, or what is no route from here, takes the tunnel away. */
  setTunnel(peer: PeerId, route: readonly PeerId[] | undefined): void {
    this.setWay(this.tunnels, this.maxTunnels, peer, route);
  }

  /** The same for a leaf, which is reached over the route and reaches nobody. */
  setLodger(peer: PeerId, route: readonly PeerId[] | undefined): void {
    this.setWay(this.lodgers, this.maxLodgers, peer, route);
  }

  private setWay(
    ways: Map<PeerId, readonly PeerId[]>,
    most: number,
    peer: PeerId,
    route: readonly PeerId[] | undefined,
  ): void {
    ways.delete(peer);
    const straight = straighten(route, this.self, peer);
    const [first] = straight;
    if (peer === this.self || first === undefined || !this.views.has(first)) return;
    for (const oldest of ways.keys()) {
      if (ways.size < most) break;
      ways.delete(oldest);
    }
    ways.set(peer, straight);
  }

  /** The links to draw the next step of a walk from: not the one it came over, nor suspects, unless there are no others. */
  steps(from: PeerId | undefined): PeerId[] {
    const links = [...this.views.keys()];
    const onward = links.filter((link) => link !== from);
    const sound = onward.filter((link) => !this.suspects.has(link));
    return sound.length > 0 ? sound : onward.length > 0 ? onward : links;
  }

  /**
   * The next hop of a message for `target` that came with this heading; undefined at a local minimum.
   * @param tried links that it was sent over in vain
   */
  next(target: PeerId, heading: Heading, tried: ReadonlySet<PeerId> = NOBODY): Hop | undefined {
    const avoided = this.avoided(tried);
    const hop = this.choose(target, heading, avoided);
    return hop === undefined && avoided.size > tried.size ? this.choose(target, heading, tried) : hop;
  }

  /**
   * The same where the ring is broken, and nobody is nearer on this side of the target: round to its other side. Undefined also
   * when the message has come that way.
   */
  round(target: PeerId, heading: Heading, tried: ReadonlySet<PeerId> = NOBODY): Hop | undefined {
    if (heading.mode > 2) return undefined;
    // From a target's predecessor all that is left goes down, from its successor up: of the two, one has a hop.
    return this.next(target, { ...GREEDY, mode: 3 }, tried) ?? this.next(target, { ...GREEDY, mode: 4 }, tried);
  }

  private avoided(tried: ReadonlySet<PeerId>): ReadonlySet<PeerId> {
    const { suspects, quiet } = this;
    return suspects.size + quiet.size === 0 ? tried : new Set([...suspects, ...quiet, ...tried]);
  }

  /**
   * The next hop toward whoever is nearest to `key` but `sender`, who looks for others; undefined when that is us. Suspects
   * do not count.
   */
  nextToKey(key: PeerId, heading: Heading, sender: PeerId): Hop | undefined {
    return key === this.self ? undefined : this.choose(key, heading, new Set(this.suspects).add(sender), sender);
  }

  /**
   * The first hop of an own message: over `route`, or the best one that was not tried. A hop that leads away from the target
   * is better than one that was tried, since the way on from there may be another. When all were tried, all are free again.
   * @param tried first hops tried before; the choice is not added
   */
  first(target: PeerId, route: readonly PeerId[], tried: Set<PeerId>): Hop | undefined {
    const hop = this.firstBut(this.avoided(tried), target, route) ?? this.firstBut(tried, target, route);
    if (hop !== undefined || tried.size === 0) return hop;
    tried.clear();
    return this.first(target, route, tried);
  }

  /** The first hop of a source route that is to be taken even where there is a link with its end; not over a suspect. */
  over(route: readonly PeerId[]): Hop | undefined {
    return this.along(this.self, { ...GREEDY, route }, this.suspects);
  }

  private firstBut(except: ReadonlySet<PeerId>, target: PeerId, route: readonly PeerId[]): Hop | undefined {
    return (
      this.along(target, { ...GREEDY, route }, except) ??
      this.choose(target, GREEDY, except) ??
      this.nearest(target, null, 0, except)
    );
  }

  /**
   * A hop that was chosen for one of its neighbours (`goal`) may itself lie farther away. It goes on to that neighbour, or
   * to one that is nearer still, so that each choice is strictly nearer than the last. Where the goal, or the source route to
   * it, has gone, the message goes on from here in the next mode.
   * @param except links that are not chosen
   * @param shunned whom the message is not to reach
   */
  private choose(
    target: PeerId,
    heading: Heading,
    except: ReadonlySet<PeerId>,
    shunned: PeerId = this.self,
  ): Hop | undefined {
    const { route, goal, mode } = heading;
    const hop = this.along(target, heading, except);
    if (hop !== undefined) return hop;
    if (route.length === 0 && goal !== null && this.free(goal, except)) {
      return this.nearest(target, goal, mode, except, shunned) ?? { next: goal, route: NONE, goal: null, mode };
    }
    const failed = route.length > 0 || goal !== null;
    return this.nearest(target, this.self, failed ? RULES[mode].failed : mode, except, shunned);
  }

  /** Over the link with the target, or else with the farthest peer of the source route that is a neighbour. */
  private along(target: PeerId, { route, goal, mode }: Heading, except: ReadonlySet<PeerId>): Hop | undefined {
    if (this.free(target, except)) return { next: target, route: NONE, goal: null, mode };
    for (let index = route.length - 1; index >= 0; index--) {
      const next = route[index] as PeerId;
      if (this.free(next, except))
        return { next, route: route.slice(index + 1), goal: next === goal ? null : goal, mode };
    }
    return undefined;
  }

  private free(peer: PeerId, except: ReadonlySet<PeerId>): boolean {
    return this.views.has(peer) && !except.has(peer);
  }

  /**
   * The link, the neighbour of a link, or the tunnel nearest to `target`, as far as the mode counts them, and strictly nearer
   * than `bound` (null: however far).
   */
  private nearest(
    target: PeerId,
    bound: PeerId | null,
    mode: Mode,
    except: ReadonlySet<PeerId>,
    shunned: PeerId = this.self,
  ): Hop | undefined {
    let best = bound;
    let hop: Hop | undefined;
    const { views, ways: routed, compare } = RULES[mode];
    const nearer = (peer: PeerId) => best === null || compare(target, peer, best) < 0;
    // Links first: of two ways to one peer the shorter wins.
    for (const [next, { leaf }] of this.views) {
      if (except.has(next) || leaf || !nearer(next)) continue;
      best = next;
      hop = { next, route: NONE, goal: null, mode };
    }
    for (const [next, { neighbours, leaves, leaf }] of views ? this.views : NO_VIEWS) {
      if (except.has(next) || leaf) continue;
      for (const goal of leaves.includes(target) ? [target] : neighbours) {
        if (goal === this.self || goal === shunned || !nearer(goal)) continue;
        best = goal;
        hop = { next, route: NONE, goal, mode };
      }
    }
    const lodger = this.lodgers.get(target);
    const ways = lodger === undefined ? this.tunnels : new Map([...this.tunnels, [target, lodger]]);
    for (const [goal, between] of routed ? ways : NO_ROUTES) {
      if (goal === shunned || !nearer(goal)) continue;
      // A peer that does not reach the goal shall notice, so that the goal is named even where it is the target.
      const route = goal === target ? between : [...between, goal];
      const way = this.along(goal, { route, goal, mode }, except);
      if (way === undefined) continue;
      best = goal;
      hop = way;
    }
    return hop;
  }
}
