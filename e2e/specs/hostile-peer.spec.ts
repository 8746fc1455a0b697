import { keepChannels } from '../fixtures/channels.js';
import { HOSTILE_FRAMES } from '../fixtures/hostile-frames.js';
import { expect, test, type Tab } from '../fixtures/test.js';

const KINDS = Object.keys(HOSTILE_FRAMES).length;

test('S175, S176: wrong frames are counted, cost the link when repeated, and harm nobody else', async ({
  openTab,
  context,
  figure,
}) => {
  await context.addInitScript(keepChannels);
  const [victim, attacker] = [await openTab({ debug: 'true' }), await openTab()];
  await attacker.linked();
  // All channels open so far are those to the victim.
  await attacker.page.evaluate(() => {
    window.channels = window.channels.filter(({ readyState }) => readyState === 'open');
  });
  expect(await attacker.page.evaluate(() => window.channels.length)).toBe(2);
  const bystander = await openTab();
  await bystander.linked(2);

  // Once each: counted, and survived.
  const sent = await attack(attacker, 1, 'bulk');
  expect(sent).toBe(KINDS);
  await expect.poll(() => counted(victim)).toBe(KINDS);
  expect(await victim.events('peerDisconnected')).toEqual([]);
  await talk(bystander, victim, 'after the first frames');
  await talk(attacker, victim, 'the link still works');

  // Again and again: the link is cut, with the reason on both sides.
  await attack(attacker, 3, 'control');
  const reason = 'too many protocol violations';
  await expect.poll(() => victim.events('peerDisconnected')).toMatchObject([{ peerId: await attacker.id(), reason }]);
  await expect.poll(() => attacker.events('peerDisconnected')).toMatchObject([{ peerId: await victim.id(), reason }]);
  figure('violations until the link was cut', counted(victim), 'frames');

  // Nobody else noticed.
  await talk(bystander, victim, 'after the cut');
  await talk(victim, bystander, 'and back');
  expect(await bystander.events('peerDisconnected')).toEqual([]);
  expect((await victim.events('peerDisconnected')).map(({ peerId }) => peerId)).not.toContain(await bystander.id());
  const strange = (await victim.messages()).filter(({ content }) => typeof content !== 'string');
  expect(strange).toEqual([]);
  expect(await victim.page.evaluate(() => 'polluted' in {})).toBe(false);
});

/** Sends every hostile frame so many times over one of the attacker's channels; gives how many were sent. */
async function attack(attacker: Tab, times: number, lane: string): Promise<number> {
  return attacker.page.evaluate(
    ([frames, rounds, label]) => {
      const channel = window.channels.find((one) => one.label === label);
      let count = 0;
      for (let round = 0; round < rounds; round++) {
        for (const frame of frames) {
          if (channel?.readyState !== 'open') return count;
          channel.send(new Uint8Array(frame));
          count += 1;
        }
      }
      return count;
    },
    [Object.values(HOSTILE_FRAMES), times, lane] as const,
  );
}

function counted(victim: Tab): number {
  return victim.lines.filter((line) => line.includes('broke the protocol')).length;
}

async function talk(from: Tab, to: Tab, content: string): Promise<void> {
  await from.broadcast(content);
  await expect.poll(async () => (await to.messages()).map((message) => message.content)).toContain(content);
}
