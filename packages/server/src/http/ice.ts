import { createHmac } from 'node:crypto';
import { type ServerOptions, listed } from '../options.js';

/** What `/ice` answers: what `iceServers` of a mesh takes. */
export interface IceAnswer {
  readonly iceServers: readonly {
    readonly urls: readonly string[];
    readonly username?: string;
    readonly credential?: string;
  }[];
  /** For how long the credentials are good. */
  readonly ttlSeconds: number;
}

/** Longest name of a user in credentials; coturn takes 512 bytes. */
const MAX_USER_LENGTH = 128;

/**
 * STUN servers, and TURN servers with credentials of their shared secret (draft-uberti-behave-turn-rest-00 §2.2, coturn's
 * `use-auth-secret`): the name says until when they are good and for whom, its HMAC-SHA1 is the password. Pure.
 */
export class IceServers {
  private readonly stunUrls: readonly string[];
  private readonly turnUrls: readonly string[];
  private readonly secret: string;
  private readonly ttlSeconds: number;

  /** @throws {RangeError} for what is no URL of such a server, and TURN without a secret */
  constructor({ stunUrls, turnUrls, turnSecret, turnTtl }: ServerOptions) {
    this.stunUrls = urls('stunUrls', stunUrls, /^stuns?:[^\s/?#@]+$/i);
    this.turnUrls = urls('turnUrls', turnUrls, /^turns?:[^\s/?#@]+(\?transport=(udp|tcp))?$/i);
    this.secret = turnSecret;
    this.ttlSeconds = Math.round(turnTtl / 1_000);
    if (this.turnUrls.length > 0 && turnSecret === '') {
      throw new RangeError('turnSecret: expected the secret of the servers of turnUrls, got none');
    }
  }

  /** Whether there is anything to give. */
  get isEmpty(): boolean {
    return this.stunUrls.length + this.turnUrls.length === 0;
  }

  get hasTurn(): boolean {
    return this.turnUrls.length > 0;
  }

  /**
   * @param user whom the credentials are for: shown by coturn in its logs, and counted by its quotas
   * @param wall now, in ms since 1970
   */
  answer(user: string, wall: number): IceAnswer {
    const { stunUrls, turnUrls, ttlSeconds } = this;
    const expires = Math.floor(wall / 1_000) + ttlSeconds;
    const username = `${expires}:${user.slice(0, MAX_USER_LENGTH)}`;
    const credential = createHmac('sha1', this.secret).update(username).digest('base64');
    return {
      iceServers: [
        ...(stunUrls.length > 0 ? [{ urls: stunUrls }] : []),
        ...(turnUrls.length > 0 ? [{ urls: turnUrls, username, credential }] : []),
      ],
      ttlSeconds,
    };
  }
}

function urls(name: string, text: string, form: RegExp): readonly string[] {
  const given = listed(text);
  const wrong = given.find((url) => !form.test(url));
  if (wrong === undefined) return given;
  throw new RangeError(`${name}: expected ${name.slice(0, 4)}:host, got ${JSON.stringify(wrong)}`);
}
