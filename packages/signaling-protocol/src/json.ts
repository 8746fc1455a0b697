import { DecodeError } from '@peerpigeon/core';
import type { TextLimits } from './config.js';

/**
 * Parses JSON from outside. What is nested too deeply is refused, since 10,000 nested arrays parse well and then overflow
 * the stack of whatever walks them.
 * @throws {DecodeError} OVER_LIMIT, or MALFORMED when the text is not JSON
 */
export function parseJson(text: string, { maxLength, maxDepth }: TextLimits): unknown {
  if (text.length > maxLength)
    throw new DecodeError('OVER_LIMIT', `text: ${text.length} characters, limit ${maxLength}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DecodeError('MALFORMED', 'text: not JSON');
  }
  if (isDeeper(value, maxDepth)) throw new DecodeError('OVER_LIMIT', `text: nested deeper than ${maxDepth}`);
  return value;
}

/** Whether more than `depth` arrays and objects are nested; itself it goes no deeper than that. */
function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((element) => isDeeper(element, depth - 1));
}
