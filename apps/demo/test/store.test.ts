import { describe, expect, it } from 'vitest';
import { SIGHTING_MS, Store } from '../src/store.js';
import { DEFAULTS } from '../src/settings.js';

const [self, b, c, d] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(40)) as [string, string, string, string];

function joined(): Store {
  const store = new Store(DEFAULTS);
  store.status.value = { peerId: self, maxPeers: 3, minPeers: 2, uptime: 1 };
  return store;
}

describe('store', () => {
  it('lists linked, known and merely heard peers once each, in ring order, without oneself', () => {
    const store = joined();
    store.peers.value = [c];
    store.known.value = [{ id: b, kind: 'dialling' }];
    store.sawPath([d, c, self], 0);
    expect(store.roster.value).toEqual([
      { id: b, kind: 'dialling' },
      { id: c, kind: 'linked' },
      { id: d, kind: 'heard' },
    ]);
    store.setSilent(c, true);
    expect(store.roster.value[1]).toEqual({ id: c, kind: 'silent' });
  });

  it('learns links of others from paths, and forgets them when they were not used for a while', () => {
    const store = joined();
    store.sawPath([d, b, c, self], 0);
    store.sawPath([c, b, self], SIGHTING_MS / 2);
    expect([...store.sightings.value.keys()].sort()).toEqual([b + c, b + d]);
    expect(store.pulses.value.map(({ path }) => path.length)).toEqual([4, 3]);
    store.forgetSightings(SIGHTING_MS);
    expect([...store.sightings.value.keys()]).toEqual([b + c]);
    store.dropSightings(c);
    expect(store.sightings.value.size).toBe(0);
  });

  it('is bounded, whatever comes', () => {
    const store = joined();
    for (let i = 0; i < 1000; i++) {
      const id = i.toString(16).padStart(40, '0');
      store.addLog('info', 'x', i);
      store.addMessage({ id, from: b, to: null, text: '', mine: false, hops: 1, verified: false, at: i });
      store.sawPath([id, b, self], i);
    }
    expect(store.log.value).toHaveLength(300);
    expect(store.messages.value).toHaveLength(500);
    expect(store.sightings.value.size).toBe(400);
    expect(store.pulses.value).toHaveLength(40);
  });

  it('settles a direct message', () => {
    const store = joined();
    const message = { id: '1', from: self, to: b, text: 'hi', mine: true, hops: 0, verified: true, at: 0 };
    store.addMessage({ ...message, fate: { state: 'travelling' } });
    store.settleMessage('1', { state: 'failed', reason: 'unreachable' });
    expect(store.messages.value[0]?.fate).toEqual({ state: 'failed', reason: 'unreachable' });
  });

  it('knows nothing of the mesh after it was left, but keeps what was said', () => {
    const store = joined();
    store.peers.value = [b];
    store.sawPath([d, b, self], 0);
    store.addLog('info', 'x', 0);
    store.clearMesh();
    expect(store.roster.value).toEqual([]);
    expect(store.log.value).toHaveLength(1);
  });
});
