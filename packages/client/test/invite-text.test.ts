import * as fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { decodeInvitation, encodeInvitation, type Invitation } from '../src/invites/invite-text.js';

afterEach(() => vi.unstubAllGlobals());

const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((digits) => [...digits].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
const text = (maxLength: number) =>
  fc.string({ maxLength, unit: 'grapheme' }).filter((value) => value.length <= maxLength);
const invitations: fc.Arbitrary<Invitation> = fc.record({
  kind: fc.constantFrom('offer', 'answer'),
  network: text(128),
  from: hex(20),
  session: hex(16),
  expires: fc.maxSafeNat(),
  sdp: text(2_000),
  candidates: fc.array(
    fc.record({
      candidate: text(200),
      sdpMid: fc.option(text(16)),
      sdpMLineIndex: fc.option(fc.nat(65_535)),
    }),
    { maxLength: 8 },
  ),
});

for (const [name, prepare] of [
  ['compressed', () => {}],
  ['where the host cannot compress', () => vi.stubGlobal('CompressionStream', undefined)],
] as const) {
  it(`an invitation comes back as it was, in characters safe in an address (${name})`, async () => {
    prepare();
    await fc.assert(
      fc.asyncProperty(invitations, async (invitation) => {
        const written = await encodeInvitation(invitation);
        expect(written).toMatch(/^[\w-]+$/);
        expect(await decodeInvitation(written, invitation.kind)).toEqual(invitation);
      }),
      { numRuns: 30 },
    );
  });
}

it('S175: whatever a text is, it is an invitation or INVITE_MALFORMED', async () => {
  const texts = fc.oneof(
    fc.string(),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from([1, ...bytes]).toString('base64url')),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (any) => {
      const outcome = decodeInvitation(any, 'offer');
      await expect(outcome).rejects.toMatchObject({ code: 'INVITE_MALFORMED' });
    }),
    { numRuns: 200 },
  );
});

it('a small text that unpacks to very much is refused', async () => {
  const stream = new Blob([new Uint8Array(10_000_000)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bomb = Buffer.concat([Buffer.from([1, 1]), Buffer.from(await new Response(stream).arrayBuffer())]);
  await expect(decodeInvitation(bomb.toString('base64url'), 'offer')).rejects.toMatchObject({
    code: 'INVITE_MALFORMED',
    message: expect.stringContaining('more than 65536 bytes'),
  });
});

it('where a host cannot unpack, it says what is missing', async () => {
  const written = await encodeInvitation({
    kind: 'offer',
    network: 'global',
    from: '0'.repeat(40),
    session: '1'.repeat(32),
    expires: 0,
    sdp: 'v=0',
    candidates: [],
  });
  vi.stubGlobal('DecompressionStream', undefined);
  await expect(decodeInvitation(written, 'offer')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});
