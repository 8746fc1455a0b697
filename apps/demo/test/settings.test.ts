import { describe, expect, it } from 'vitest';
import { DEFAULTS, keepSettings, readLaunch, readSettings, type Shelf } from '../src/settings.js';

function shelf(kept?: string): Shelf & { kept: string | null } {
  return {
    kept: kept ?? null,
    getItem() {
      return this.kept;
    },
    setItem(_key, value) {
      this.kept = value;
    },
  };
}

const read = (query: string, kept?: string) => readSettings(new URLSearchParams(query), shelf(kept), DEFAULTS);

describe('settings', () => {
  it('S164: are kept over reloads', () => {
    const settings = { signalingUrl: 'wss://example.org', network: 'club', maxPeers: 8, minPeers: 3 };
    const kept = shelf();
    keepSettings(settings, kept);
    expect(readSettings(new URLSearchParams(), kept, DEFAULTS)).toEqual(settings);
  });

  it('S157, S164: the address wins over what was kept', () => {
    const kept = JSON.stringify({ signalingUrl: 'wss://kept', network: 'kept', maxPeers: 5 });
    expect(read('api=ws://asked&network=asked&maxPeers=7', kept)).toMatchObject({
      signalingUrl: 'ws://asked',
      network: 'asked',
      maxPeers: 7,
    });
    expect(read('', kept)).toMatchObject({ signalingUrl: 'wss://kept', network: 'kept', maxPeers: 5 });
  });

  it.each(['', 'null', '7', '[]', '{', '{"maxPeers":"many","signalingUrl":7}', '{"maxPeers":51,"minPeers":-1}'])(
    'falls back to the defaults for what makes no sense: %s',
    (kept) => {
      expect(read('maxPeers=0', kept)).toEqual(DEFAULTS);
    },
  );

  it('never asks for more links than it allows', () => {
    expect(read('maxPeers=1')).toMatchObject({ maxPeers: 1, minPeers: 1 });
  });

  it('works where storage is forbidden', () => {
    const forbidden: Shelf = {
      getItem: () => {
        throw new Error('forbidden');
      },
      setItem: () => {
        throw new Error('forbidden');
      },
    };
    expect(() => keepSettings(DEFAULTS, forbidden)).not.toThrow();
    expect(readSettings(new URLSearchParams(), forbidden, DEFAULTS)).toEqual(DEFAULTS);
  });

  it('S158: reads tab and debug, and joins unless told not to', () => {
    expect(readLaunch(new URLSearchParams('debug=true&tab=4&peerId=Ada'))).toEqual({
      tab: '4',
      debug: true,
      join: true,
      peerId: 'Ada',
    });
    expect(readLaunch(new URLSearchParams('join=false'))).toEqual({
      tab: null,
      debug: false,
      join: false,
      peerId: null,
    });
  });
});
