import type { Terms } from './operations.js';

/** Does something with each item, so many at a time. The first that fails ends the others, and is thrown. */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  lanes: number,
  { endsAt, signal }: Terms,
  act: (item: Item, terms: Terms) => Promise<Result>,
): Promise<Result[]> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  const results: Result[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await act(items[at] as Item, { endsAt, signal: stop.signal });
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
    return results;
  } catch (error) {
    abort();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
