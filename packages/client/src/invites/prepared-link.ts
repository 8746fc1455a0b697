import { PeerPigeonError, type Millis, type PeerId } from '@peerpigeon/core';
import type { Candidate, Carrier, Description, Lane } from '@peerpigeon/link';
import type { Clock, Link, LinkHandlers, Links } from '@peerpigeon/mesh';
import type { Adoptable } from '../runtime.js';

/** Candidates are waited for until none has come for so long, … Ours: STUN and TURN answer sooner, and a person is slower. */
const QUIET_MS: Millis = 700;
/** … and at most for so long. */
const MAX_GATHER_MS: Millis = 5_000;
/** Messages and candidates kept. A guess, above what a correct peer sends before both sides are linked. */
const MAX_EARLY = 64;

type TransportEvent = Parameters<LinkHandlers['event']>[0];
type Command = Parameters<Link['command']>[0];

/** All that the other side needs: nothing follows. */
export interface Offering {
  readonly sdp: string;
  /** Those that came after the description. */
  readonly candidates: readonly Candidate[];
}

/** What becomes of a {@link PreparedLink}. Each is called once at most. */
export interface PreparedHandlers {
  /** Data can flow: time to offer it to the mesh. */
  opened(): void;
  /** The mesh has closed it. */
  closed(): void;
}

/**
 * A transport that is opened by hand: its description goes in one piece, by whatever means people have, and the other's comes
 * when they please. Then the mesh takes it over as if it had made it itself.
 */
export class PreparedLink implements Adoptable {
  private readonly link: Link;
  private readonly clock: Clock;
  private readonly told: PreparedHandlers;
  private handlers: LinkHandlers | undefined;
  private state: 'preparing' | 'open' | 'closed' = 'preparing';
  private description: Description | undefined;
  private readonly candidates: Candidate[] = [];
  private readonly early: [Carrier, Uint8Array][] = [];
  private settle: (outcome: Offering | PeerPigeonError) => void = () => {};
  private cancelTimers: (() => void)[] = [];

  /** @throws when the platform has no transport left */
  constructor(links: Links, peer: PeerId, clock: Clock, told: PreparedHandlers) {
    this.clock = clock;
    this.told = told;
    this.link = links.open(peer, {
      event: (event) => (this.handlers === undefined ? this.onEvent(event) : this.handlers.event(event)),
      message: (carrier, bytes) => {
        if (this.handlers !== undefined) this.handlers.message(carrier, bytes);
        else if (this.early.length < MAX_EARLY) this.early.push([carrier, bytes]);
      },
    });
  }

  get maxMessageBytes(): number {
    return this.link.maxMessageBytes;
  }

  /**
   * Makes the local description and gathers its candidates.
   * @throws {PeerPigeonError} `UNREACHABLE`, `ABORTED`
   */
  async describe(command: Extract<Command, { type: 'offer' | 'answer' }>): Promise<Offering> {
    const outcome = new Promise<Offering | PeerPigeonError>((resolve) => (this.settle = resolve));
    this.link.command(command);
    const made = await outcome;
    if (made instanceof Error) throw made;
    return made;
  }

  /** Takes the other side's candidates. */
  addCandidates(candidates: readonly Candidate[]): void {
    for (const candidate of candidates) this.link.command({ type: 'candidate', candidate });
  }

  attach(handlers: LinkHandlers): void {
    this.handlers = handlers;
    handlers.event({ type: 'opened' });
    for (const [carrier, bytes] of this.early.splice(0)) handlers.message(carrier, bytes);
  }

  command(command: Command): void {
    this.link.command(command);
  }

  send(lane: Lane, bytes: Uint8Array): void {
    this.link.send(lane, bytes);
  }

  datagram(maxRetransmits: number, bytes: Uint8Array): void {
    this.link.datagram(maxRetransmits, bytes);
  }

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.stopTimers();
    this.link.close();
    this.settle(new PeerPigeonError('ABORTED', 'the invite was cancelled'));
    this.told.closed();
  }

  private onEvent(event: TransportEvent): void {
    switch (event.type) {
      case 'description':
        this.description = event.description;
        this.cancelTimers.push(this.clock.after(MAX_GATHER_MS, () => this.finish()));
        return this.waitForMore();
      case 'candidate':
        if (this.candidates.length < MAX_EARLY) this.candidates.push(event.candidate);
        return this.waitForMore();
      case 'opened':
        if (this.state !== 'preparing') return;
        this.state = 'open';
        return this.told.opened();
      case 'failed':
        // A candidate that the platform does not like is no loss.
        if (event.command === 'candidate') return;
        this.settle(new PeerPigeonError('UNREACHABLE', `the platform refused the ${event.command}: ${event.detail}`));
        return this.close();
      case 'closed':
        // No path so far: the other side may not have begun. Whoever waits for it knows how long.
        if (this.state === 'open') this.close();
        return;
      case 'broken':
      case 'drained':
        return;
    }
  }

  private waitForMore(): void {
    const seen = this.candidates.length;
    const review = (): void => {
      if (this.candidates.length === seen) this.finish();
    };
    this.cancelTimers.push(this.clock.after(QUIET_MS, review));
  }

  private finish(): void {
    this.stopTimers();
    const { description, candidates } = this;
    if (description !== undefined) this.settle({ sdp: description.sdp, candidates: [...candidates] });
  }

  private stopTimers(): void {
    for (const cancel of this.cancelTimers.splice(0)) cancel();
  }
}
