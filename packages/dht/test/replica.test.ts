import { DecodeError } from '@peerpigeon/core';
import { describe, expect, it } from 'vitest';
import { count, decodeCounter, encodeCounter, NOTHING_COUNTED, Replica } from '../src/index.js';
import { MAX_PARTS } from '../src/config.js';
import { author } from './parts.js';

const ann = author(0);
const value = (n: number): Uint8Array => encodeCounter(count(NOTHING_COUNTED, n));

describe('replica', () => {
  it('keeps the newest part of each author; one that is deleted or over is gone', () => {
    const replica = new Replica(decodeCounter);
    expect(replica.take({ author: ann, version: 2, form: 'plain', value: value(2) })).toBe(true);
    expect(replica.take({ author: ann, version: 1, form: 'plain', value: value(1) })).toBe(false);
    expect(replica.take({ author: ann, version: 2, form: 'plain', value: value(2) })).toBe(false);
    expect(replica.parts).toEqual(new Map([[ann, { up: 2, down: 0 }]]));
    expect(replica.drop(ann, 1)).toBe(false);
    expect(replica.drop(ann, 2)).toBe(true);
    expect(replica.drop(ann, 2)).toBe(false);
    expect(replica.drop(author(1), 9)).toBe(false);
    expect(replica.parts.size).toBe(0);
    expect(replica.take({ author: ann, version: 3, form: 'plain', value: value(3) })).toBe(true);
    expect(replica.take({ author: ann, version: 4, form: 'deleted', value: new Uint8Array(0) })).toBe(true);
    expect(replica.take({ author: ann, version: 3, form: 'plain', value: value(3) })).toBe(false);
    expect(replica.parts.size).toBe(0);
  });

  it('a part that was over comes back when its author renews it', () => {
    const replica = new Replica(decodeCounter);
    const record = { author: ann, version: 2, form: 'plain', value: value(2) } as const;
    replica.take(record);
    replica.drop(ann, 2);
    expect(replica.take(record)).toBe(true);
    expect(replica.parts.size).toBe(1);
  });

  it('passes over bytes that are no part, and counts their authors', () => {
    const replica = new Replica(decodeCounter);
    replica.take({ author: ann, version: 1, form: 'plain', value: value(1) });
    replica.take({ author: author(1), version: 1, form: 'plain', value: Uint8Array.of(1, 2, 3) });
    replica.take({ author: author(2), version: 1, form: 'chunked', value: value(1) });
    expect([...replica.parts.keys()]).toEqual([ann]);
    expect(replica.unreadable).toBe(1);
    replica.take({ author: author(1), version: 2, form: 'plain', value: value(1) });
    expect(replica.unreadable).toBe(0);
  });

  it('what a decoder throws that is no DecodeError is a bug, and passed on', () => {
    const broken = new Replica(() => {
      throw new TypeError('broken');
    });
    expect(() => broken.take({ author: ann, version: 1, form: 'plain', value: value(1) })).toThrow(TypeError);
    const refusing = new Replica(() => {
      throw new DecodeError('MALFORMED', 'none');
    });
    expect(refusing.take({ author: ann, version: 1, form: 'plain', value: value(1) })).toBe(true);
  });

  it('remembers so many authors: who is gone makes room, who is not does not', () => {
    const replica = new Replica(decodeCounter);
    const take = (index: number): boolean =>
      replica.take({ author: index.toString(16).padStart(40, '0'), version: 1, form: 'plain', value: value(1) });
    for (let i = 0; i < MAX_PARTS; i++) expect(take(i)).toBe(true);
    expect(take(MAX_PARTS)).toBe(false);
    replica.drop((7).toString(16).padStart(40, '0'), 1);
    expect(take(MAX_PARTS)).toBe(true);
    expect(replica.parts.size).toBe(MAX_PARTS);
  });
});
