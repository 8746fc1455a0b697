import type { Browser, BrowserContext } from '@playwright/test';
import { record } from '../fixtures/recorder.js';
import type { Site } from '../fixtures/site.js';
import { expect, oneMesh, Tab, test } from '../fixtures/test.js';

/** A browser profile of its own: it shares nothing with others, no BroadcastChannel either. */
async function openProfile(browser: Browser, site: Site): Promise<BrowserContext> {
  const context = await browser.newContext();
  await context.grantPermissions(['microphone', 'camera'], { origin: site.origin });
  await context.addInitScript(record);
  return context;
}

/** The demo in a further tab, its mesh connected to the tabs of this profile alone. */
async function openAlone(profile: BrowserContext, site: Site): Promise<Tab> {
  const tab = new Tab(await profile.newPage());
  await tab.page.goto(`${site.origin}/?join=false`);
  await tab.page.evaluate(() => window.peerPigeonMesh.connect('broadcast:family'));
  return tab;
}

/** Two tabs link by what people carry; gives the lengths of both texts. */
async function joinByInvite(host: Tab, guest: Tab): Promise<number[]> {
  const invite = await host.page.evaluateHandle(() => window.peerPigeonMesh.createInvite());
  const question = await invite.evaluate(({ text }) => text);
  const accepted = await guest.page.evaluateHandle((text) => window.peerPigeonMesh.acceptInvite(text), question);
  const answer = await accepted.evaluate(({ text }) => text);
  expect(await invite.evaluate((own, text) => own.accept(text), answer)).toBe(await guest.id());
  await accepted.evaluate(({ linked }) => linked);
  return [question.length, answer.length];
}

test('no server from the start: profiles join by invite, tabs by BroadcastChannel, and a third through them', async ({
  browser,
  site,
  figure,
}) => {
  const profiles = [await openProfile(browser, site), await openProfile(browser, site)] as const;
  const first = await openAlone(profiles[0], site);
  const second = await openAlone(profiles[1], site);
  const [question = 0, answer = 0] = await joinByInvite(first, second);
  expect(Math.max(question, answer)).toBeLessThan(1_500);
  figure('the invite', question, 'characters');
  figure('its answer', answer, 'characters');
  expect(await first.peers()).toEqual([await second.id()]);

  const beside = await openAlone(profiles[0], site);
  await beside.linked();
  // It has met one of the two alone; the other it finds over the mesh.
  await beside.linked(2);
  const third = await openAlone(profiles[1], site);
  const tabs = [first, second, beside, third];
  await oneMesh(tabs);
  for (const tab of tabs) await tab.linked(3);

  for (const tab of tabs) await tab.broadcast(await tab.id());
  const ids = await Promise.all(tabs.map((tab) => tab.id()));
  for (const tab of tabs) {
    const heard = async (): Promise<unknown[]> => (await tab.messages()).map(({ content }) => content);
    await expect.poll(heard).toHaveLength(ids.length);
    expect(await heard()).toEqual(expect.arrayContaining(ids));
  }
  const direct = await third.direct(await first.id(), 'to the other profile');
  await expect.poll(() => third.events('messageDelivered')).toMatchObject([{ messageId: direct }]);

  // Whoever brought them together may go.
  await second.close();
  await expect.poll(() => first.peers()).not.toContain(ids[1]);
  const rest = [first, beside, third];
  await oneMesh(rest);
  await first.broadcast('still here');
  for (const tab of rest) {
    await expect.poll(async () => (await tab.messages()).map(({ content }) => content)).toContain('still here');
  }
  for (const tab of rest) expect(tab.errors).toEqual([]);
  for (const profile of profiles) await profile.close();
});
