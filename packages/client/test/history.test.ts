import { afterEach, expect, it, vi } from 'vitest';
import { URL, World, tape } from './world.js';

const world = new World();
afterEach(() => world.close());

it.each([
  [300_000, ['before', 'after']],
  [0, ['after']],
])(
  'S29: whoever has no link yet gets what was said meanwhile, as long as others keep it: historyMs %i',
  async (historyMs, expected) => {
    const [a, b] = await world.full(2, { historyMs });
    for (const mesh of [a, b]) mesh!.setAutoDiscovery(false);
    const late = world.mesh({ historyMs, autoDiscovery: false });
    await late.connect(URL);
    const heard = tape(late, 'messageReceived');
    a!.sendMessage('before');
    late.setAutoDiscovery(true);
    await vi.waitUntil(() => late.getConnectedPeerCount() === 2, { timeout: 10_000 });
    a!.sendMessage('after');
    await vi.waitUntil(() => heard.length === expected.length, { timeout: 10_000 });
    expect(new Set(heard.map(({ content }) => content))).toEqual(new Set(expected));
  },
);
