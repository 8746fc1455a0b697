import type { Authorize, AuthRequest, Grant, Refusal, Undecided } from './authorize.js';

/** How a {@link Gatekeeper} behaves. */
export interface GatekeeperConfig {
  readonly timeoutMs: number;
  /** Decisions at once at most. */
  readonly maxPending: number;
}

/** Asks who may come in, so that neither a hook that never answers nor a crowd that asks can hold the server up. */
export class Gatekeeper {
  private readonly authorize: Authorize;
  private readonly config: GatekeeperConfig;
  private readonly onError: (error: Error) => void;
  private pending = 0;

  /** @param onError told what the hook throws, and that it was too late */
  constructor(authorize: Authorize, config: GatekeeperConfig, onError: (error: Error) => void) {
    this.authorize = authorize;
    this.config = config;
    this.onError = onError;
  }

  /** Never rejects. */
  async decide(request: AuthRequest): Promise<Grant | Refusal | Undecided> {
    if (this.pending >= this.config.maxPending) return { undecided: 'too many decisions are pending' };
    this.pending++;
    const { timeoutMs } = this.config;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`authorize: no answer in ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return checkDecision(await Promise.race([this.authorize(request), late]));
    } catch (error) {
      this.onError(error instanceof Error ? error : new Error(String(error)));
      return { undecided: 'the decision failed' };
    } finally {
      clearTimeout(timer);
      this.pending--;
    }
  }
}

/** @throws {TypeError} for what is no decision, since a hook that returns nothing must not let everybody in */
function checkDecision(decision: Grant | Refusal): Grant | Refusal {
  if (typeof decision !== 'object' || decision === null) {
    throw new TypeError(`authorize: expected a grant or a refusal, got ${String(decision)}`);
  }
  if ('refusal' in decision) return decision;
  const { subject, networks, maxPeers } = decision;
  if (networks !== undefined && !Array.isArray(networks)) throw new TypeError('authorize: networks is no array');
  if (maxPeers !== undefined && (!Number.isInteger(maxPeers) || subject === undefined)) {
    throw new TypeError('authorize: maxPeers needs to be an integer, with a subject');
  }
  return decision;
}
