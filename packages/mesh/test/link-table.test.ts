import { Link, SendScheduler, linkConfig } from '@peerpigeon/link';
import { expect, test } from 'vitest';
import { LinkTable } from '../src/link-table.js';
import type { FrameOutput } from '../src/sender.js';
import { wayTo } from '../src/way.js';

const SELF = 'a'.repeat(40);
const PEER = 'b'.repeat(40);

function link(session: string): Link {
  const local = { id: SELF, epoch: 1, caps: { maxPeers: 3 }, expires: 1e15 };
  return new Link({ local, network: 'test', remote: PEER, session, config: linkConfig() });
}
const scheduler = (): SendScheduler<FrameOutput> => new SendScheduler(linkConfig());

test('S94: a link that has ended and is yet to be told of is none: whoever dials begins a new one', () => {
  const table = new LinkTable();
  const former = table.add('one', link('one'), scheduler(), wayTo(PEER));
  expect(table.get(PEER)).toBe(former);
  former.link.handle({ type: 'dial', purpose: 'ring', isolated: false }, 0, []);
  former.link.handle({ type: 'hangup', reason: 'over' }, 0, []);
  expect(table.get(PEER)).toBeUndefined();

  const latter = table.add('two', link('two'), scheduler(), wayTo(PEER));
  table.delete(former);
  expect(table.get(PEER)).toBe(latter);
});
