import { EventEmitter } from 'node:events';

const MAX_DEPTH = 8;

/**
 * How many entries each Map, Set and array has that can be reached from `root`, by its path, those without any left out. What
 * Node and `ws` keep inside their own objects is not looked at, nor are entries.
 * @param {object} root
 * @returns {Record<string, number>}
 */
export function collectionSizes(root) {
  /** @type {Record<string, number>} */
  const sizes = {};
  const seen = new Set();
  const walk = (value, path, depth) => {
    if (typeof value !== 'object' || value === null || seen.has(value) || depth > MAX_DEPTH) return;
    seen.add(value);
    if (value instanceof EventEmitter || ArrayBuffer.isView(value) || value instanceof Promise) return;
    const count = Array.isArray(value) ? value.length : (value.size ?? 0);
    if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
      if (count > 0) sizes[path] = count;
      return;
    }
    for (const [name, part] of Object.entries(value)) walk(part, path === '' ? name : `${path}.${name}`, depth + 1);
  };
  walk(root, '', 0);
  return sizes;
}
