import { checkInteger, checkString } from '../argument.js';
import { DhtMesh } from '../dht/dht-mesh.js';
import type { Engine } from '../engine.js';
import { NO_SERVER, type MeshOptions } from '../options.js';
import type { Invite, InviteAnswer, Invites } from './invites.js';

/** How long an invite waits for its answer unless told otherwise: 10 min. A guess: a person carries it twice. */
const LIFETIME_MS = 600_000;
/** A day. A guess: addresses change. */
const MAX_LIFETIME_MS = 86_400_000;
/** As `invite-text.ts` has it, whose code is loaded later. */
const MAX_TEXT_LENGTH = 32_768;

/** The part of `PeerPigeonMesh` that links two peers without a server. */
export abstract class InvitingMesh extends DhtMesh {
  private invites: Promise<Invites> | undefined;

  /** @throws {TypeError} or {RangeError} for an option that its setter would not take */
  constructor(options: MeshOptions) {
    super(options);
    this.membership.messenger.watch(({ type }) => {
      if (type === 'leaving') void this.invites?.then((invites) => invites.leave());
    });
  }

  /**
   * Joins without any signaling: others are met by {@link createInvite} and {@link acceptInvite}, and over those.
   * @throws {PeerPigeonError} `ALREADY_CONNECTED`, `UNSUPPORTED`
   */
  async connectWithoutServer(): Promise<void> {
    await this.membership.join(NO_SERVER);
  }

  /**
   * Invites one other peer without any server: its `text` goes to it in a link, a QR code or a chat, and what its
   * {@link acceptInvite} makes of it comes back to `accept`. Whoever holds the text can join; it holds the addresses of this
   * device.
   * @param options `expiresMs`: how long it waits, up to a day; default 10 min
   * @throws {TypeError} or {RangeError}; {PeerPigeonError} `NOT_INITIALIZED`, `NOT_CONNECTED`, `BUSY` with 16 open ones
   * @example
   * await mesh.connectWithoutServer();
   * const invite = await mesh.createInvite();
   * show(`https://example.org/#${invite.text}`);
   * const peerId = await invite.accept(await answerOfTheOther());
   */
  async createInvite({ expiresMs = LIFETIME_MS }: { readonly expiresMs?: number } = {}): Promise<Invite> {
    checkInteger('expiresMs', expiresMs, 1, MAX_LIFETIME_MS);
    return (await this.load(this.membership.joined())).create(expiresMs);
  }

  /**
   * Answers another peer's invite: `text` is to be carried back to it, and `linked` resolves once the two are linked.
   * @throws {TypeError} or {RangeError}; {PeerPigeonError} `NOT_INITIALIZED`, `NOT_CONNECTED`, `BUSY`, `INVITE_MALFORMED`,
   *   `INVITE_NETWORK`, `INVITE_OWN`, `INVITE_EXPIRED`, `ALREADY_LINKED`
   */
  async acceptInvite(text: string): Promise<InviteAnswer> {
    checkString('invite', text, MAX_TEXT_LENGTH);
    return (await this.load(this.membership.joined())).accept(text);
  }

  /** Loaded when first needed, so that the first load of a page is small. */
  private load(engine: Engine): Promise<Invites> {
    this.invites ??= import('./invites.js').then(({ Invites }) => new Invites(engine, this.membership.events));
    return this.invites;
  }
}
