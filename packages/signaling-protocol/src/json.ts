import { DecodeError } from '@peerpigeon/core';
import type { TextLimits } from './config.js';

/**
 * Parses JSON from outside. What is nested too deeply is refused, since 10,000 nested arrays parse well and then overflow
 * the stack of whatever walks them.
 * @throws {DecodeError} OVER_LIMIT, or MALFORMED when the text is not JSON
 */
export function parseJson(text: string, { maxLength, maxDepth }: TextLimits): unknown {
  const value = parseText(text, maxLength);
  if (isDeeper(value, maxDepth)) throw tooDeep(maxDepth);
  return value;
}

/**
 * The same, however deeply it is nested.
 * @throws {DecodeError} likewise
 */
export function parseText(text: string, maxLength: number): unknown {
  if (text.length > maxLength)
    throw new DecodeError('OVER_LIMIT', `text: ${text.length} characters, limit ${maxLength}`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new DecodeError('MALFORMED', 'text: not JSON');
  }
}

/** What is thrown at what is nested deeper than `maxDepth`. */
export function tooDeep(maxDepth: number): DecodeError {
  return new DecodeError('OVER_LIMIT', `text: nested deeper than ${maxDepth}`);
}

/** Whether more than `depth` arrays and objects are nested; itself it goes no deeper than that. */
function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((element) => isDeeper(element, depth - 1));
}
