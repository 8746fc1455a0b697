import { jitter, pick } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { Settled } from './author.js';
import type { Config } from './config.js';
import { History } from './history.js';
import type { Digest, Gone, Payload, Summary } from './message.js';
import type { Output } from './output.js';

/** Jitter of the exchange of digests: ± 33 %. */
const DIGEST_JITTER = 1 / 3;

/** What a neighbour says of what it has seen: of itself, in answer to that, or in short. */
type DigestKind = 'digest' | 'answer' | 'summary';
const DIGEST_KINDS: readonly DigestKind[] = ['digest', 'answer', 'summary'];

/** Anti-entropy with neighbours: when each is asked, what is answered and how often. What is compared is the {@link History}. */
export class Comparison {
  readonly history: History;
  private readonly config: Config;
  private readonly rng: Rng;
  /** When each link last brought one of each kind that was answered. */
  private readonly answeredAt = new Map<string, Millis>();
  /** When each link was ready. */
  private readonly upAt = new Map<PeerId, Millis>();
  /** Whom a digest was sent that may be answered by what is gone. */
  private readonly asked = new Set<PeerId>();
  private due: 'none' | 'scheduled' = 'none';

  constructor(config: Config, rng: Rng) {
    this.config = config;
    this.rng = rng;
    this.history = new History(config, rng);
  }

  /** A link is ready. The other end answers. Both at once would send each other everything twice. */
  add(peer: PeerId, now: Millis, out: Output[]): void {
    this.upAt.set(peer, now);
    if (this.config.peerId > peer && this.config.historyMaxAgeMs > 0) this.ask(peer, now, out);
  }

  /** A link is gone. */
  delete(peer: PeerId): void {
    this.upAt.delete(peer);
    this.asked.delete(peer);
    for (const kind of DIGEST_KINDS) this.answeredAt.delete(`${peer} ${kind}`);
  }

  /** Keeps a message, as it would be passed on, for those who miss it. */
  remember(message: Payload, now: Millis, out: Output[]): void {
    this.history.add({ ...message, mode: message.mode === 'push' ? 'tree' : message.mode, receiptMs: 0 }, now);
    this.schedule(now, out);
  }

  /**
   * One of two neighbours that compare: sends what the other lacks, and says what it lacks itself.
   * @returns how many messages were sent
   */
  onDigest(from: PeerId, digest: Digest, now: Millis, out: Output[]): number {
    if (!this.mayAnswer(from, digest.answer ? 'answer' : 'digest', now)) return 0;
    const { history } = this;
    const missing = history.missing(digest, this.leastAgeMs(from, now), now).filter(({ path }) => !path.includes(from));
    for (const message of missing) out.push({ type: 'send', to: from, message });
    const gone = history.gone(digest, now);
    if (gone !== undefined) out.push({ type: 'send', to: from, message: gone });
    const answer = digest.answer ? undefined : history.answer(digest, now);
    if (answer !== undefined) this.send(from, answer, out);
    return missing.length;
  }

  onSummary(from: PeerId, summary: Summary, now: Millis, out: Output[]): void {
    if (!this.mayAnswer(from, 'summary', now)) return;
    const digest = this.history.compare(summary, now);
    if (digest !== undefined) this.send(from, digest, out);
  }

  /** A neighbour cannot send what it was asked for. Returns what is given up of that. */
  onGone(from: PeerId, message: Gone, neighbours: number, now: Millis): Settled[] {
    return this.asked.delete(from) ? this.history.onGone(from, message, neighbours, now) : [];
  }

  /** It is time: asks one neighbour, drawn at random. Returns what is given up. */
  next(peers: readonly PeerId[], now: Millis, out: Output[]): Settled[] {
    this.due = 'none';
    this.history.prune(now);
    const settled = this.history.giveUp(now);
    const peer = pick(this.rng, peers);
    if (peer !== undefined && this.history.size > 0) this.ask(peer, now, out);
    this.schedule(now, out);
    return settled;
  }

  private ask(peer: PeerId, now: Millis, out: Output[]): void {
    this.send(peer, this.history.ask(now), out);
  }

  private send(to: PeerId, message: Digest | Summary, out: Output[]): void {
    if (message.type === 'digest') this.asked.add(to);
    out.push({ type: 'send', to, message });
  }

  /** What is on its way in the tree comes by itself; a new link may be the first there is. */
  private leastAgeMs(from: PeerId, now: Millis): Millis {
    const { repairAfterMs } = this.config;
    return now - (this.upAt.get(from) ?? now) < repairAfterMs ? 0 : repairAfterMs;
  }

  /** One of each kind is answered per link in some time. */
  private mayAnswer(from: PeerId, kind: DigestKind, now: Millis): boolean {
    const { historyMaxAgeMs, minDigestMs } = this.config;
    const key = `${from} ${kind}`;
    if (historyMaxAgeMs === 0 || (this.answeredAt.get(key) ?? -Infinity) + minDigestMs > now) return false;
    this.answeredAt.set(key, now);
    return true;
  }

  private schedule(now: Millis, out: Output[]): void {
    if (this.due === 'scheduled' || this.history.size === 0) return;
    this.due = 'scheduled';
    out.push({
      type: 'timer',
      at: now + jitter(this.rng, this.config.digestMs, DIGEST_JITTER),
      timer: { type: 'digest' },
    });
  }
}
