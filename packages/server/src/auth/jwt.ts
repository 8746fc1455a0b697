import { createPublicKey, type KeyObject } from 'node:crypto';
import type * as jose from 'jose';
import type { JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import type { ServerOptions } from '../options.js';
import type { Authorize, Grant, Refusal } from './authorize.js';

/** RFC 7518 §3.2: a key of the size of the hash at least. */
const MIN_SECRET_BYTES = 32;
/** Connections of one subject, unless its token says otherwise: none in particular. */
const MAX_PEERS = Number.MAX_SAFE_INTEGER;

/** jose's codes for a set of keys that could not be fetched, or is none. */
const NO_KEYS: readonly string[] = ['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID'];

type Jose = typeof jose;

/** How signatures are checked: the key, and the algorithms that go with it. No token chooses its own. */
interface Verification {
  readonly algorithms: readonly string[];
  readonly key: (jose: Jose) => Uint8Array | KeyObject | JWTVerifyGetKey;
}

/**
 * Lets in who has a JSON Web Token (RFC 7519) of the issuer's. Claims: `sub`, who it is; `networks`, an array of the networks it may
 * be in (absent: any); `maxPeers`, how many connections it may have at once; `exp` and `nbf` as usual, both optional.
 * @returns undefined when the options ask for no tokens
 * @throws {RangeError} for a key that is none, or several keys
 */
export function jwtAuthorize(options: ServerOptions): Authorize | undefined {
  const verification = verificationOf(options);
  if (verification === undefined) return undefined;
  const { jwtIssuer, jwtAudience, jwtClockTolerance } = options;
  const verifyOptions: JWTVerifyOptions = {
    algorithms: [...verification.algorithms],
    clockTolerance: jwtClockTolerance / 1_000,
    ...(jwtIssuer !== '' && { issuer: jwtIssuer }),
    ...(jwtAudience !== '' && { audience: jwtAudience }),
  };
  let loading: Promise<{ readonly jose: Jose; readonly key: ReturnType<Verification['key']> }> | undefined;
  return async ({ token }) => {
    if (token === undefined) return { refusal: 'unauthorized', reason: 'a token is wanted' };
    // Loaded when it is needed: who asks for no tokens does without.
    loading ??= import('jose').then((jose) => ({ jose, key: verification.key(jose) }));
    const { jose, key } = await loading;
    try {
      // The overloads of jwtVerify tell keys from functions, and either will do here.
      const { payload } = await jose.jwtVerify(token, key as JWTVerifyGetKey, verifyOptions);
      return grantOf(payload);
    } catch (error) {
      // Where the set of keys cannot be had, nobody can tell good tokens from others.
      if (!(error instanceof jose.errors.JOSEError) || NO_KEYS.includes(error.code)) throw error;
      return { refusal: 'unauthorized', reason: `the token is not good: ${error.code}` };
    }
  };
}

function grantOf(claims: { readonly [name: string]: unknown }): Grant | Refusal {
  const { sub, networks, maxPeers } = claims;
  const wrong = (claim: string): Refusal => ({ refusal: 'unauthorized', reason: `the token's ${claim} is wrong` });
  if (sub !== undefined && typeof sub !== 'string') return wrong('sub');
  if (networks !== undefined) {
    if (!Array.isArray(networks) || !networks.every((name) => typeof name === 'string')) return wrong('networks');
  }
  if (maxPeers === undefined) return { subject: sub, networks };
  if (!Number.isInteger(maxPeers) || sub === undefined) return wrong('maxPeers');
  return { subject: sub, networks, maxPeers: Math.min(maxPeers as number, MAX_PEERS) };
}

function verificationOf({ jwtSecret, jwtPublicKey, jwksUrl }: ServerOptions): Verification | undefined {
  const given = { jwtSecret, jwtPublicKey, jwksUrl };
  const names = Object.entries(given).flatMap(([name, value]) => (value.trim() === '' ? [] : [name]));
  if (names.length > 1) throw new RangeError(`${names[1]}: expected none beside ${names[0]}`);
  switch (names[0]) {
    case 'jwtSecret': {
      const secret = new TextEncoder().encode(jwtSecret);
      if (secret.length < MIN_SECRET_BYTES) {
        throw new RangeError(`jwtSecret: expected ${MIN_SECRET_BYTES} bytes at least, got ${secret.length}`);
      }
      return { algorithms: ['HS256'], key: () => secret };
    }
    case 'jwtPublicKey': {
      const { key, algorithm } = publicKey(jwtPublicKey);
      return { algorithms: [algorithm], key: () => key };
    }
    case 'jwksUrl': {
      const url = httpUrl(jwksUrl);
      return { algorithms: ['EdDSA', 'ES256', 'RS256'], key: (jose) => jose.createRemoteJWKSet(url) };
    }
    default:
      return undefined;
  }
}

function publicKey(pem: string): { readonly key: KeyObject; readonly algorithm: string } {
  let key: KeyObject;
  try {
    // Variables hold one line: \n stands for a line break there.
    key = createPublicKey(pem.replaceAll('\\n', '\n'));
  } catch (error) {
    throw new RangeError('jwtPublicKey: expected a public key as PEM', { cause: error });
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === 'ed25519') return { key, algorithm: 'EdDSA' };
  if (asymmetricKeyType === 'rsa') return { key, algorithm: 'RS256' };
  if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return { key, algorithm: 'ES256' };
  throw new RangeError(`jwtPublicKey: expected Ed25519, P-256 or RSA, got ${asymmetricKeyType}`);
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw new RangeError(`jwksUrl: expected https://…, got ${JSON.stringify(text)}`);
}
