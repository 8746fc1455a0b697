import type { Journal } from '../src/journal.js';
import type { LinkKind } from '../src/observer.js';

/** The most links of some kinds that any peer had at one moment. */
export function mostLinksAtOnce(journal: Journal, kinds: readonly LinkKind[]): number {
  const changes = journal.links
    .filter(({ kind }) => kinds.includes(kind))
    .flatMap(({ a, b, openMs, closedMs }) =>
      [a, b].flatMap((id) => [
        { id, at: openMs, by: 1 },
        { id, at: closedMs ?? Infinity, by: -1 },
      ]),
    )
    .sort((x, y) => (x.at === y.at ? x.by - y.by : x.at - y.at));
  const links = new Map<string, number>();
  let most = 0;
  for (const { id, by } of changes) {
    const now = (links.get(id) ?? 0) + by;
    links.set(id, now);
    most = Math.max(most, now);
  }
  return most;
}
