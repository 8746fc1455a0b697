import { clockTime } from '../format.js';
import type { Store } from '../store.js';
import { useFollow } from './use-follow.js';

export function EventLog({ store }: { readonly store: Store }) {
  const log = store.log.value;
  const list = useFollow<HTMLDivElement>(log);
  return (
    <section class="card log" aria-labelledby="log-title">
      <div class="card-head">
        <h2 id="log-title">Log</h2>
      </div>
      <div
        class="entries scroll"
        ref={list}
        role="log"
        aria-live="polite"
        aria-labelledby="log-title"
        tabIndex={0}
        data-testid="event-log"
      >
        {log.length === 0 ? (
          <p class="empty">What happens on the mesh is written down here.</p>
        ) : (
          <ol>
            {log.map(({ key, at, level, text }) => (
              <li key={key} class={level}>
                <time dateTime={new Date(at).toISOString()}>{clockTime(at)}</time>
                <span>{text}</span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}
