import { DecodeError } from '@peerpigeon/core';
import type { TextLimits } from './config.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses JSON from outside. Length and depth are checked before, on the text, since 10,000 nested arrays parse well and
 * then overflow the stack of whatever walks them.
 * @throws {DecodeError} OVER_LIMIT, or MALFORMED when the text is not JSON
 */
export function parseJson(text: string, limits: TextLimits): unknown {
  if (text.length > limits.maxLength) {
    throw new DecodeError('OVER_LIMIT', `text: expected at most ${limits.maxLength} characters, got ${text.length}`);
  }
  checkDepth(text, limits.maxDepth);
  try {
    return JSON.parse(text);
  } catch {
    throw new DecodeError('MALFORMED', 'text: not JSON');
  }
}

/** Counts brackets outside of strings. On text that is not JSON it may count wrong; the parser then refuses that text. */
function checkDepth(text: string, maxDepth: number): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) throw new DecodeError('OVER_LIMIT', `text: nested deeper than ${maxDepth}`);
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    }
  }
}

/** The index of the quote that ends the string which begins at `start`; the length of the text when none does. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return text.length;
}
