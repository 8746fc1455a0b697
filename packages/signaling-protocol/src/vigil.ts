import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { HubConfig } from './config.js';
import type { HubOutput } from './hub-io.js';
import { setTimer } from './hub-output.js';
import type { Announce, Inquiry, Probe, Visitor } from './visitor.js';

/** Random members are drawn so many times over, since some of them may be dead. After a kill of half, half of them are. */
const SPARE_DRAWS = 2;

/**
 * Who of a hub's visitors lives. Peers report losses, and relayed signals need somebody at the other end; whoever has not
 * been heard of for `freshMs` is then asked for a sign of life, once: while a probe is under way there is no other, and the
 * answer makes its sender fresh. So whatever is reported of it, a living member gets at most one probe in `freshMs`.
 */
export class Vigil {
  private readonly config: HubConfig;

  constructor(config: HubConfig) {
    this.config = config;
  }

  /** Whether `visitor` has shown life of late. */
  isFresh(visitor: Visitor, now: Millis): boolean {
    return visitor.probe === undefined && now - visitor.lastHeardAt < this.config.freshMs;
  }

  /** Whether `visitor` has been asked for a sign of life, and has given none within `verifyMs`. */
  isSilent({ probe }: Visitor, now: Millis): boolean {
    const { probeTimeoutMs, verifyMs } = this.config;
    return probe !== undefined && now - (probe.until - probeTimeoutMs) >= verifyMs;
  }

  /** Asks `visitor` for a sign of life; the probe under way, if there is one. */
  probe(visitor: Visitor, now: Millis, out: HubOutput[]): Probe {
    if (visitor.probe !== undefined) return visitor.probe;
    const until = now + this.config.probeTimeoutMs;
    const { connection } = visitor;
    visitor.probe = { until, senders: new Set(), inquiries: new Set() };
    out.push({ type: 'probe', connection });
    setTimer(until, { type: 'probe', connection }, out);
    return visitor.probe;
  }

  /** The same, unless it is fresh. */
  verify(visitor: Visitor, now: Millis, out: HubOutput[]): Probe | undefined {
    return this.isFresh(visitor, now) ? undefined : this.probe(visitor, now, out);
  }

  /** A signal of `sender` is on its way to `target`, and `sender` is to be told if that is dead. */
  expect(target: Visitor, sender: Visitor, now: Millis, out: HubOutput[]): void {
    const senders = this.verify(target, now, out)?.senders;
    if (senders === undefined) return;
    senders.delete(sender.connection);
    senders.add(sender.connection);
    for (const oldest of senders) {
      if (senders.size <= this.config.maxSenders) return;
      senders.delete(oldest);
    }
  }

  /**
   * Asks for signs of life whom the answer to an announce with losses may name, and those lost. An announce while the
   * answer to another is awaited joins it. Its `awaited` tells whether there is anybody to wait for.
   */
  inquire(asker: Visitor, announce: Announce, rng: Rng, now: Millis, out: HubOutput[]): Inquiry {
    const { network, peerId } = asker;
    const { nearest, random, verifyMs, maxReach, probeRingNeighbours } = this.config;
    const until = now + verifyMs;
    const endsAt = now + verifyMs * Math.ceil(maxReach / probeRingNeighbours);
    const inquiry = asker.inquiry ?? { asker, announce, until, endsAt, drawn: new Set(), awaited: new Set() };
    if (asker.inquiry === undefined) setTimer(until, { type: 'answer', connection: asker.connection }, out);
    inquiry.announce = announce;
    asker.inquiry = inquiry;
    const { drawn } = inquiry;
    const missing = SPARE_DRAWS * (announce.sample ?? random) - drawn.size;
    for (const id of network.draw(peerId, missing, drawn, () => true, rng)) drawn.add(id);
    const asked = new Set<PeerId>([
      ...(announce.lost ?? []),
      ...this.side(asker, -1, now),
      ...this.side(asker, 1, now),
      ...network.ring.nearest(peerId, SPARE_DRAWS * nearest),
      ...network.latestSeekers().slice(0, announce.seeking ?? 0),
      ...drawn,
    ]);
    this.ask(inquiry, asked, now, out);
    return inquiry;
  }

  /**
   * Whether an inquiry whose time is up goes on: on one side of the asker all that were asked are silent, and there are others
   * behind them, `maxReach` away at most, who are asked now.
   */
  goesOn(inquiry: Inquiry, now: Millis, out: HubOutput[]): boolean {
    if (now >= inquiry.endsAt) return false;
    const { asker } = inquiry;
    const { holders } = asker.network;
    inquiry.awaited.clear();
    for (const direction of [1, -1] as const) {
      const side = this.side(asker, direction, now);
      const lives = side.some((id) => {
        const member = holders.get(id);
        return member !== undefined && this.isFresh(member, now);
      });
      if (!lives) this.ask(inquiry, side, now, out);
    }
    if (inquiry.awaited.size === 0) return false;
    inquiry.until = now + this.config.verifyMs;
    setTimer(inquiry.until, { type: 'answer', connection: asker.connection }, out);
    return true;
  }

  /** The members next to `visitor` on one side of the ring, those passed over that were asked and are silent. */
  private side({ network, peerId }: Visitor, direction: 1 | -1, now: Millis): PeerId[] {
    const { ring, holders } = network;
    const { maxReach, probeRingNeighbours } = this.config;
    const ids = direction === 1 ? ring.successors(peerId, maxReach) : ring.predecessors(peerId, maxReach);
    const living = ids.filter((id) => {
      const member = holders.get(id);
      return member !== undefined && !this.isSilent(member, now);
    });
    return living.slice(0, probeRingNeighbours);
  }

  /** Asks for signs of life, as far as needed, and has `inquiry` wait for them. */
  private ask(inquiry: Inquiry, ids: Iterable<PeerId>, now: Millis, out: HubOutput[]): void {
    const { asker } = inquiry;
    for (const id of ids) {
      const member = asker.network.holders.get(id);
      if (member === undefined || member === asker) continue;
      const probe = this.verify(member, now, out);
      if (probe === undefined) continue;
      probe.inquiries.add(inquiry);
      inquiry.awaited.add(probe);
    }
  }

  /** Ends the probe of `visitor`, be it that it shows life or that it is gone; gives the inquiries that awaited no other. */
  end(visitor: Visitor): Inquiry[] {
    const due: Inquiry[] = [];
    const { probe } = visitor;
    for (const inquiry of probe?.inquiries ?? []) {
      // An inquiry that has gone on to others waits for those alone.
      const wasAwaited = inquiry.awaited.delete(probe as Probe);
      if (wasAwaited && inquiry.awaited.size === 0 && inquiry.asker.inquiry === inquiry) due.push(inquiry);
    }
    visitor.probe = undefined;
    return due;
  }
}
