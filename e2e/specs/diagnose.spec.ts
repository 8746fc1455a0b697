import type { Diagnosis, PeerPigeonMesh } from '@peerpigeon/client';
import { expect } from '../fixtures/test.js';
import { test } from '../fixtures/turn-test.js';
import { NEEDS_TURN } from '../fixtures/turn-server.js';
import type { Tab } from '../fixtures/tab.js';

/** What a mesh with these servers, and TURN alone, finds from this tab; it never connects. */
function diagnose({ page }: Tab, iceServers: readonly RTCIceServer[], url: string): Promise<Diagnosis> {
  return page.evaluate(
    ({ servers, signaling }) => {
      const Mesh = window.peerPigeonMesh.constructor as typeof PeerPigeonMesh;
      return new Mesh({ iceServers: servers, iceTransportPolicy: 'relay' }).diagnose({ url: signaling });
    },
    { servers: iceServers, signaling: url },
  );
}

test(
  'S98: diagnose() over TURN with right credentials finds a relay, with wrong ones it says so',
  NEEDS_TURN,
  async ({ turn, openTab, server: { url } }) => {
    const tab = await openTab({ join: 'false' });
    const good = turn.iceServer();
    const right = await diagnose(tab, [good], url);
    expect(right).toMatchObject({
      webRtc: { available: true, error: null },
      ice: { servers: [{ url: good.urls, works: true, errors: [] }] },
      signaling: [{ reachable: true }],
      connections: { all: 0 },
    });
    expect(right.ice.candidates.relay).toBeGreaterThan(0);
    expect(right.findings.map(({ code }) => code).filter((code) => code !== 'addresses-hidden')).toEqual([]);

    const wrong = await diagnose(tab, [{ ...good, credential: 'wrong' }], url);
    expect(wrong.ice.candidates.relay).toBe(0);
    expect(wrong.findings).toContainEqual({
      code: 'turn-credentials',
      message: `TURN server ${String(good.urls)} refuses the credentials (401)`,
      url: good.urls,
    });
    expect(wrong.findings.map(({ code }) => code)).toContain('no-relay');

    const expired = await diagnose(tab, [turn.iceServer(-60)], url);
    expect(expired.findings.map(({ code }) => code)).toContain('turn-credentials');
  },
);
