import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PeerPigeonMesh } from '../src/index.js';
import { encodeInvitation, type Invitation } from '../src/invites/invite-text.js';
import { tape, World } from './world.js';

let world = new World();
afterEach(() => {
  world.close();
  world = new World();
});

async function apart(count: number, options: Parameters<World['mesh']>[0] = {}): Promise<PeerPigeonMesh[]> {
  const meshes = Array.from({ length: count }, () => world.mesh(options));
  for (const mesh of meshes) await mesh.connectWithoutServer();
  return meshes;
}

/** Has `guest` join by an invite of `host`. */
async function join(host: PeerPigeonMesh, guest: PeerPigeonMesh): Promise<void> {
  const invite = await host.createInvite();
  const answer = await guest.acceptInvite(invite.text);
  expect(await invite.accept(answer.text)).toBe(guest.peerId);
  expect(answer.peerId).toBe(host.peerId);
  await answer.linked;
}

describe('without a server', () => {
  it('connectWithoutServer() joins at once; signaling is never up, and nothing says so', async () => {
    const mesh = world.mesh();
    const connected = tape(mesh, 'connected');
    await mesh.connectWithoutServer();
    expect(mesh.getStatus()).toMatchObject({ connected: false, signalingUrl: null });
    mesh.sendMessage('to myself');
    await expect(mesh.connectWithoutServer()).rejects.toMatchObject({ code: 'ALREADY_CONNECTED' });
    mesh.disconnect();
    expect(connected).toEqual([]);
  });

  it('S90: two link by invite, a third by an invite of either, and then all with all', async () => {
    const [a, b, c] = (await apart(3)) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
    await join(a, b);
    await join(b, c);
    await vi.waitUntil(() => [a, b, c].every((mesh) => mesh.getConnectedPeerCount() === 2), { timeout: 10_000 });
    const heard = [a, b, c].map((mesh) => tape(mesh, 'messageReceived'));
    for (const mesh of [a, b, c]) mesh.sendMessage(mesh.peerId);
    await vi.waitUntil(() => heard.every((messages) => messages.length === 3));
    const receipt = await a.send(c.peerId!, 'directly');
    expect(receipt.hops).toBe(1);
  });

  it('an invite that nobody answers, or that is cancelled, holds nothing', async () => {
    const [a, b] = (await apart(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const short = await a.createInvite({ expiresMs: 2_500 });
    const taken = await a.createInvite();
    const answer = await b.acceptInvite(short.text);
    taken.cancel();
    await expect(answer.linked).rejects.toMatchObject({ code: 'INVITE_EXPIRED' });
    await vi.waitUntil(() => world.links.count === 0);
    await expect(short.accept(answer.text)).rejects.toMatchObject({ code: 'INVITE_EXPIRED' });
    await expect(b.acceptInvite(short.text)).rejects.toMatchObject({ code: 'INVITE_EXPIRED' });
    a.disconnect();
    expect(world.links.count).toBe(0);
  });

  it('disconnect() ends open invites', async () => {
    const [a, b] = (await apart(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const invite = await a.createInvite();
    const answer = await b.acceptInvite(invite.text);
    b.disconnect();
    await expect(answer.linked).rejects.toMatchObject({ code: 'DISCONNECTED' });
    a.disconnect();
    await vi.waitUntil(() => world.links.count === 0);
    await expect(a.createInvite()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });

  it('at most 16 are open at once', async () => {
    const [a] = (await apart(1)) as [PeerPigeonMesh];
    const invites = await Promise.all(Array.from({ length: 16 }, () => a.createInvite()));
    await expect(a.createInvite()).rejects.toMatchObject({ code: 'BUSY' });
    invites[0]?.cancel();
    (await a.createInvite()).cancel();
  });
});

describe('what is no invite for this peer', () => {
  it('says why', async () => {
    const [a, b] = (await apart(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const elsewhere = world.mesh({ networkName: 'elsewhere' });
    await elsewhere.connectWithoutServer();
    const invite = await a.createInvite();
    await expect(a.acceptInvite(invite.text)).rejects.toMatchObject({ code: 'INVITE_OWN' });
    await expect(elsewhere.acceptInvite(invite.text)).rejects.toMatchObject({
      code: 'INVITE_NETWORK',
      details: { expected: 'elsewhere', got: 'global' },
    });
    const answer = await b.acceptInvite(` ${invite.text}\n`);
    await expect(b.acceptInvite(answer.text)).rejects.toMatchObject({ code: 'INVITE_MALFORMED' });
    await expect(invite.accept(invite.text)).rejects.toMatchObject({ code: 'INVITE_MALFORMED' });
    const other = await a.createInvite();
    await expect(other.accept(answer.text)).rejects.toMatchObject({ code: 'INVITE_MALFORMED' });
    await invite.accept(answer.text);
    await expect(invite.accept(answer.text)).rejects.toMatchObject({ code: 'ALREADY_LINKED' });
    await expect(b.acceptInvite(other.text)).rejects.toMatchObject({ code: 'ALREADY_LINKED' });
    for (const wrong of [1, null, undefined]) {
      await expect(b.acceptInvite(wrong as unknown as string)).rejects.toThrow(TypeError);
    }
    await expect(b.createInvite({ expiresMs: 0 })).rejects.toThrow(RangeError);
  });

  it('no text does more than be refused', async () => {
    const [a, b] = (await apart(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const { text } = await a.createInvite();
    const cut = Array.from({ length: 8 }, (_, i) => text.slice(0, Math.floor((i * text.length) / 8)));
    const changed = [...cut.keys()].map((i) => {
      const at = Math.floor((i * text.length) / 8);
      return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    });
    const refused = ['INVITE_MALFORMED', 'INVITE_NETWORK', 'INVITE_EXPIRED', 'UNREACHABLE'];
    for (const wrong of ['?', 'AQ', 'AgAA', 'AQIA', ...cut.slice(1), ...changed]) {
      const outcome = await b.acceptInvite(wrong).then(
        (answer) => answer.cancel(),
        (error: { readonly code: string }) => error.code,
      );
      // A changed id or session is none the less an invite: the link will tell.
      if (outcome !== undefined) expect(refused).toContain(outcome);
    }
    expect(b.getPeers()).toEqual([]);
  });
});

it('a text of a real description fits a QR code', async () => {
  const candidates = Array.from(
    { length: 4 },
    (_, i) => `a=candidate:${9_000 + i} 1 udp ${2_122_260_223 - i} 192.168.${i}.17 5${i}017 typ host generation 0\r\n`,
  );
  const digest = Array.from({ length: 32 }, (_, i) => ((i * 167 + 13) % 256).toString(16).padStart(2, '0')).join(':');
  const sdp = [
    'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n',
    'a=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n',
    ...candidates,
    'a=ice-ufrag:WQz0\r\na=ice-pwd:asd88fgpdd777uzjYhagZgAA\r\na=ice-options:trickle\r\n',
    `a=fingerprint:sha-256 ${digest}\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n`,
  ].join('');
  const invitation: Invitation = {
    kind: 'offer',
    network: 'global',
    from: '0123456789abcdef0123456789abcdef01234567',
    session: '00112233445566778899aabbccddeeff',
    expires: 1_800_000_000_000,
    sdp,
    candidates: [],
  };
  const text = await encodeInvitation(invitation);
  expect(text).toMatch(/^[\w-]+$/);
  expect(text.length).toBeLessThan(1_500);
});
