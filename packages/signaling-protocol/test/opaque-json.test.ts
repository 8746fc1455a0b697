import { DecodeError } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  OpaqueJson,
  decodeClientMessage,
  decodeServerMessage,
  encodeServerMessage,
} from '../src/index.js';

const ALICE = 'a'.repeat(40);
const BOB = 'b'.repeat(40);

/** What arrives at the target of a text that a client has sent. */
function relayed(text: string): unknown {
  const message = decodeClientMessage(text, DEFAULT_LIMITS, 'opaque');
  if (!('to' in message)) throw new Error('not relayed');
  expect(message.data).toBeInstanceOf(OpaqueJson);
  const arrived = decodeServerMessage(encodeServerMessage({ type: message.type, from: ALICE, data: message.data }, 1));
  expect(arrived).toMatchObject({ type: message.type, from: ALICE });
  return 'data' in arrived ? arrived.data : undefined;
}

function codeOf(text: string): string {
  try {
    decodeClientMessage(text, DEFAULT_LIMITS, 'opaque');
    return 'accepted';
  } catch (error) {
    if (error instanceof DecodeError) return error.code;
    throw error;
  }
}

describe('S122: payloads are passed on as they came', () => {
  test('any JSON value, however it is written, arrives as what a parser reads', () => {
    const spaces = fc.constantFrom(0, 1, 2, '\t');
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), spaces, fc.boolean(), (data, other, space, isFirst) => {
        const rest = { type: 'offer', targetPeerId: BOB, nested: { data: other, 'data"': 1 }, timestamp: 1 };
        const text = JSON.stringify(isFirst ? { data, ...rest } : { ...rest, data }, null, space);
        expect(relayed(text)).toEqual((JSON.parse(text) as { data: unknown }).data);
      }),
    );
  });

  const envelope = (fields: string): string => `{"type":"offer","targetPeerId":"${BOB}",${fields}}`;

  test.each([
    ['the last of several counts', '"data":1,"data":[2]', [2]],
    ['a name written with escapes', '"\\u0064ata":{"x":1}', { x: 1 }],
    ['one written so after one that is not', '"data":1,"d\\u0061ta":2', 2],
    ['quotes and backslashes at the ends of strings', '"data":"a\\\\","x":"\\"data\\":"', 'a\\'],
    ['a value that looks like a name', '"x":"data","data":"x"', 'x'],
    ['names inside arrays and objects', '"x":[{"data":1}],"data":null,"y":{"data":2}', null],
    ['space around it', '"data" : \n {"sdp" : "v=0"}\t', { sdp: 'v=0' }],
  ])('%s', (_what, fields, data) => {
    expect(relayed(envelope(fields))).toEqual(data);
  });

  test.each([
    ['a payload that is not JSON', envelope('"data":{"a":tru}'), 'MALFORMED'],
    ['one that ends the envelope', envelope('"data":1}],"x":{'), 'MALFORMED'],
    ['none', envelope('"x":1'), 'UNEXPECTED'],
    ['10,000 arrays, refused before they are parsed', envelope(`"data":${'['.repeat(10_000)}`), 'OVER_LIMIT'],
    ['the same after a name with escapes', envelope(`"\\u0064":1,"data":${'['.repeat(10_000)}`), 'OVER_LIMIT'],
    ['a string that does not end', envelope('"data":"\\"'), 'MALFORMED'],
  ])('%s', (_what, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  test('brackets in strings do not count as depth', () => {
    expect(relayed(envelope(`"data":"${'['.repeat(100)}"`))).toBe('['.repeat(100));
  });

  test('as a part of other JSON it is its value', () => {
    expect(JSON.stringify({ data: new OpaqueJson('{"a": [1]}') })).toBe('{"data":{"a":[1]}}');
  });
});
