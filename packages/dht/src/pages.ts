import type { Millis, PeerId } from '@peerpigeon/core';
import { PAGE_BYTES } from './config.js';
import type { Copy, Space } from './record.js';
import { copyOf } from './store.js';
import type { Held } from './store.js';

/** Records in the order of their authors, as many as a message takes. */
export interface Page {
  readonly copies: readonly Copy[];
  /** There are others, of later authors. */
  readonly more: boolean;
}

/** Bytes of a record's head on the wire, at most. */
const HEAD_BYTES = 128;
/** As many as a message may list. */
const MAX_COPIES = 128;

/** The records of authors after `after` that fit into a message, the first one in any case. */
export function pageOf(copies: Iterable<Copy>, after: PeerId | null): Page {
  const rest = [...copies].filter(({ record }) => after === null || record.author > after);
  rest.sort((a, b) => (a.record.author < b.record.author ? -1 : 1));
  let bytes = 0;
  let count = 0;
  for (const { record } of rest) {
    bytes += record.value.length + HEAD_BYTES;
    if (count > 0 && (bytes > PAGE_BYTES || count >= MAX_COPIES)) break;
    count++;
  }
  return { copies: rest.slice(0, count), more: count < rest.length };
}

/** What a holder answers when it is asked for a key: of a value its first record alone, else a page. */
export function answerOf(
  space: Space,
  records: Iterable<Held>,
  top: Held | undefined,
  after: PeerId | null,
  now: Millis,
): Page {
  if (space === 'value') return { copies: top === undefined ? [] : [copyOf(top, now)], more: false };
  const living = [...records].filter(({ endsAt }) => endsAt > now);
  return pageOf(
    living.map((held) => copyOf(held, now)),
    after,
  );
}
