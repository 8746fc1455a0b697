import type { TextLimits } from './config.js';
import { parseText, tooDeep } from './json.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A text from outside, parsed. */
export interface Outline {
  readonly value: unknown;
  /** Where the text of the `data` of the outermost object stands in it; undefined where there is none, or it is not to be found. */
  readonly data: readonly [start: number, end: number] | undefined;
}

/**
 * Parses JSON from outside as `parseJson` does, for who passes `data` on: it is found, and depth is checked before anything is parsed.
 * @throws {DecodeError} OVER_LIMIT, or MALFORMED when the text is not JSON
 */
export function parseOutline(text: string, { maxLength, maxDepth }: TextLimits): Outline {
  const data = text.length > maxLength ? undefined : findData(text, maxDepth);
  return { value: parseText(text, maxLength), data };
}

/**
 * Walks over a text from string to string, without looking into these, and finds the last `data` of the outermost object. Of what is
 * not JSON it may find anything. A name written with escapes is not understood: then nothing is found.
 * @throws {DecodeError} OVER_LIMIT when more than `maxDepth` arrays and objects are nested
 */
function findData(text: string, maxDepth: number): Outline['data'] {
  let depth = 0;
  let isData = false;
  let isUnclear = false;
  let from = -1;
  let data: Outline['data'];
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at);
        if (end === -1) return undefined;
        if (depth === 1 && from === -1) {
          const name = text.slice(at + 1, end);
          isUnclear ||= name.includes('\\');
          isData = name === 'data';
        }
        at = end;
        break;
      }
      case COLON:
        if (depth === 1) from = at + 1;
        break;
      case COMMA:
        if (depth !== 1) break;
        if (isData && from !== -1) data = [from, at];
        from = -1;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > maxDepth) throw tooDeep(maxDepth);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 1 && isData && from !== -1) data = [from, at];
        depth--;
        break;
      default:
    }
  }
  return isUnclear ? undefined : data;
}

/** Where the string that begins at `start` ends; -1 if nowhere. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}
