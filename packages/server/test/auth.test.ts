import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWTPayload, SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Authorize, type Grant, PeerPigeonServer, type PeerPigeonServerOptions } from '../src/index.js';
import { type Ending, RawClient } from './raw-client.js';
import { figures, peerId, serve } from './serve.js';

const SECRET = 'a secret of thirty-two bytes and more';
const KEY = new TextEncoder().encode(SECRET);
const ALICE = peerId(0xa);
const BOB = peerId(0xb);

/** A token as an issuer would make it, good for a minute. */
function sign(claims: JWTPayload = {}, change: (token: SignJWT) => SignJWT = (token) => token): Promise<string> {
  const token = new SignJWT({ sub: 'ann', ...claims }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1m');
  return change(token).sign(KEY);
}

/** Offers a token as a browser can. */
function offer(token: string): { readonly protocols: readonly string[] } {
  return { protocols: ['peerpigeon.v1', `peerpigeon.jwt.${token}`] };
}

/** How it goes for who comes with that token: as one of ours, and as a third party that knows HTTP statuses alone. */
async function endings(url: string, token: string | undefined, query = ''): Promise<[ours: Ending, other: Ending]> {
  const options = token === undefined ? {} : offer(token);
  const ours = new RawClient(`${url}/?peerId=${ALICE}&protocol=1${query}`, options);
  const other = new RawClient(`${url}/?peerId=${ALICE}${query}`, options);
  return Promise.all([ours.closed, other.closed]);
}

describe('by JWT', () => {
  const options = { jwtSecret: SECRET, jwtIssuer: 'https://id.example', jwtAudience: 'mesh' };
  const good = (claims: JWTPayload = {}): Promise<string> =>
    sign({ iss: 'https://id.example', aud: 'mesh', ...claims });

  test('a good token lets in, among the subprotocols or as Authorization; one subprotocol is selected', async () => {
    const { server, url } = await serve(options);
    const token = await good();
    const page = new RawClient(`${url}/?peerId=${ALICE}`, offer(token));
    await page.next('connected');
    expect(page.socket.protocol).toBe('peerpigeon.v1');
    const program = new RawClient(`${url}/?peerId=${BOB}`, { headers: { authorization: `Bearer ${token}` } });
    await program.next('connected');
    expect(server.getPeers().map((peer) => peer.peerId)).toEqual([ALICE, BOB]);
  });

  test.each<[string, () => Promise<string> | string | undefined]>([
    ['none', () => undefined],
    ['nonsense', () => 'nonsense'],
    ['alg none', () => new UnsecuredJWT({ sub: 'ann', iss: 'https://id.example', aud: 'mesh' }).encode()],
    ['one of another secret', () => new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))],
    [
      'an expired one',
      () => sign({ iss: 'https://id.example', aud: 'mesh' }, (token) => token.setExpirationTime(1_000)),
    ],
    ['one from the future', () => sign({ iss: 'https://id.example', aud: 'mesh' }, (t) => t.setNotBefore('10m'))],
    ['one of another issuer', () => good({ iss: 'https://evil.example' })],
    ['one for another audience', () => good({ aud: 'shop' })],
    ['networks that are none', () => good({ networks: 'chess' })],
    ['maxPeers that is none', () => good({ maxPeers: 'many' })],
    ['a subject that is none', () => good({ sub: 7 as unknown as string })],
  ])('C8.2: %s: 4401, or 401 before the upgrade; nobody is registered', async (_what, make) => {
    const { server, url, http } = await serve(options);
    const [ours, other] = await endings(url, await make());
    expect(ours).toMatchObject({ code: 4401 });
    expect(other).toMatchObject({ code: 1006, status: 401 });
    expect(server.getPeers()).toEqual([]);
    expect((await figures(http)).get('pp_rejects_total{reason="unauthorized"}')).toBe(2);
  });

  test('C8.2: the networks of a token are those that it opens, at the door and in an announce', async () => {
    const { server, url } = await serve(options);
    const token = await good({ networks: ['chess', 'go'] });
    const [ours, other] = await endings(url, token);
    expect(ours).toMatchObject({ code: 4403, reason: 'the token is not for this network' });
    expect(other).toMatchObject({ status: 403 });
    const inside = new RawClient(`${url}/?peerId=${ALICE}&network=chess`, offer(token));
    await inside.next('connected');
    inside.send({ type: 'announce', data: { network: 'go' } });
    expect(await inside.settled()).toEqual([]);
    expect(server.getPeers()).toMatchObject([{ peerId: ALICE, network: 'go' }]);
    const mover = new RawClient(`${url}/?peerId=${BOB}&network=chess`, offer(token));
    await mover.next('connected');
    mover.send({ type: 'announce', data: { network: 'secret' } });
    expect((await mover.closed).code).toBe(4403);
  });

  test('connections of a subject are bounded by its maxPeers, and free again when they are gone', async () => {
    const { url } = await serve(options);
    const token = await good({ maxPeers: 1 });
    const first = new RawClient(`${url}/?peerId=${ALICE}`, offer(token));
    await first.next('connected');
    const second = new RawClient(`${url}/?peerId=${BOB}`, offer(token));
    expect(await second.next('error')).toMatchObject({ data: { code: 'RATE_LIMITED' } });
    expect((await second.closed).code).toBe(4429);
    await first.close();
    await new RawClient(`${url}/?peerId=${BOB}`, offer(token)).next('connected');
  });

  test('an issuer whose clock is a little off', async () => {
    const { url } = await serve({ jwtSecret: SECRET, jwtClockTolerance: 60_000 });
    const seconds = Math.floor(Date.now() / 1_000);
    const token = await sign({}, (one) => one.setExpirationTime(seconds - 30).setNotBefore(seconds + 30));
    const client = new RawClient(`${url}/?peerId=${ALICE}`, offer(token));
    expect(await client.next('connected')).toMatchObject({ data: { peerId: ALICE } });
  });

  test.each(['EdDSA', 'ES256', 'RS256'])('a public key: %s, and no HS256 of the same bytes', async (algorithm) => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm);
    const pem = await exportSPKI(publicKey);
    // As a variable of one line holds it.
    const { url } = await serve({ jwtPublicKey: pem.replaceAll('\n', '\\n') });
    const token = await new SignJWT({}).setProtectedHeader({ alg: algorithm }).sign(privateKey);
    await new RawClient(`${url}/?peerId=${ALICE}`, offer(token)).next('connected');
    const confused = new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(pem));
    expect((await endings(url, await confused))[0].code).toBe(4401);
  });

  test('a set of keys at a URL; while it cannot be had nobody is called unauthorized, and ours come back', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }];
    let isThere = false;
    const issuer = createServer((_request, response) =>
      response.writeHead(isThere ? 200 : 500).end(JSON.stringify({ keys })),
    );
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void issuer.close());
    const { port } = issuer.address() as AddressInfo;
    const { server, url } = await serve({ jwksUrl: `http://127.0.0.1:${port}/keys` });
    const errors: string[] = [];
    server.on('error', ({ error }) => errors.push(error.message));
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey);
    expect((await endings(url, token)).map(({ status }) => status)).toEqual([503, 503]);
    expect(errors).toHaveLength(2);
    isThere = true;
    await new RawClient(`${url}/?peerId=${ALICE}`, offer(token)).next('connected');
  });

  test.each<[PeerPigeonServerOptions, string]>([
    [{ jwtSecret: 'short' }, 'jwtSecret: expected 32 bytes at least, got 5'],
    [{ jwtPublicKey: 'no key' }, 'jwtPublicKey: expected a public key as PEM'],
    [{ jwksUrl: 'id.example/keys' }, 'jwksUrl: expected https://…, got "id.example/keys"'],
    [{ jwtSecret: SECRET, jwksUrl: 'https://id.example' }, 'jwksUrl: expected none beside jwtSecret'],
    [{ jwtSecret: SECRET, authorize: () => ({}) }, 'authorize: expected no JWT options beside it'],
    [{ authorize: 'yes' as never }, 'authorize: expected a function, got string'],
  ])('%j is refused', (wrong, message) => {
    expect(() => new PeerPigeonServer(wrong)).toThrow(message);
  });
});

describe('by a hook', () => {
  test('sees what a decision may rest on, and decides', async () => {
    const { url } = await serve({
      trustedProxies: '127.0.0.1',
      authorize: async ({ purpose, token, peerId: id, network, remoteAddress }) => {
        const seen = { purpose, token, id, network, remoteAddress };
        expect(seen).toEqual({
          purpose: 'connect',
          token: 'opaque',
          id: ALICE,
          network: 'chess',
          remoteAddress: '9.9.9.9',
        });
        return { subject: 'ann', networks: ['chess'] };
      },
    });
    const headers = { 'x-forwarded-for': '9.9.9.9' };
    const client = new RawClient(`${url}/?peerId=${ALICE}&network=chess`, { ...offer('opaque'), headers });
    await client.next('connected');
  });

  test('a refusal is told; a throw and silence let nobody in, and others come in meanwhile', async () => {
    const { server, url } = await serve({
      authTimeout: 200,
      maxPendingAuth: 3,
      authorize: ({ token }): ReturnType<Authorize> => {
        if (token === 'slow') return new Promise(() => {});
        if (token === 'bug') throw new Error('a bug');
        return token === 'bad' ? { refusal: 'forbidden', reason: 'banned' } : {};
      },
    });
    const errors: string[] = [];
    server.on('error', ({ error }) => errors.push(error.message));
    const [ours, other] = await endings(url, 'bad');
    expect(ours).toEqual({ code: 4403, reason: 'banned' });
    expect(other.status).toBe(403);
    expect((await endings(url, 'bug')).map(({ status }) => status)).toEqual([503, 503]);
    const slow = endings(url, 'slow');
    await new RawClient(`${url}/?peerId=${BOB}`).next('connected');
    expect((await slow).map(({ status }) => status)).toEqual([503, 503]);
    expect(errors).toEqual(['a bug', 'a bug', ...Array.from({ length: 2 }, () => 'authorize: no answer in 200 ms')]);
    expect(server.getStats().connections).toBe(1);
  });

  test('a client that leaves while it is decided on leaves nothing behind', async () => {
    const decisions: ((grant: Grant) => void)[] = [];
    let asked: () => void = () => {};
    const isAsked = (): Promise<void> => new Promise((resolve) => (asked = resolve));
    const { server, url } = await serve({
      addressConnections: 1,
      authorize: () => {
        asked();
        return new Promise((resolve) => decisions.push(resolve));
      },
    });
    let question = isAsked();
    const client = new RawClient(`${url}/?peerId=${ALICE}`);
    await question;
    client.socket.terminate();
    await client.closed;
    question = isAsked();
    decisions[0]?.({ subject: 'ann', maxPeers: 1 });
    // The address has room again, and so has the subject.
    const next = new RawClient(`${url}/?peerId=${ALICE}`);
    await question;
    decisions[1]?.({ subject: 'ann', maxPeers: 1 });
    await next.next('connected');
    expect(server.getStats().connections).toBe(1);
  });
});
