import type { Demo } from '../demo.js';
import { count, shortId } from '../format.js';
import { isLinked, type PeerKind, type RosterEntry } from '../store.js';
import { Swatch } from './swatch.js';

const KINDS: Record<PeerKind, string> = {
  linked: 'linked',
  silent: 'linked, silent',
  dialling: 'dialling…',
  known: 'known',
  heard: 'heard of',
};

export function PeerList({ demo }: { readonly demo: Demo }) {
  const roster = demo.store.roster.value;
  const linked = roster.filter(({ kind }) => isLinked(kind));
  const others = roster.filter(({ kind }) => !isLinked(kind));
  return (
    <section class="card peers" aria-labelledby="peers-title">
      <div class="card-head">
        <h2 id="peers-title">Peers</h2>
        <button
          type="button"
          class="small"
          data-testid="force-connect"
          disabled={others.length === 0}
          title="Dial every known peer, as far as the link limit allows"
          onClick={() => demo.session.forceLinks()}
        >
          Force links
        </button>
      </div>
      {roster.length === 0 ? (
        <p class="empty">Peers appear here as they are discovered.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label={count(roster.length, 'peer')}>
          <ul class="rows">
            {[...linked, ...others].map((entry) => (
              <PeerRow key={entry.id} entry={entry} demo={demo} />
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function PeerRow({ entry: { id, kind }, demo }: { readonly entry: RosterEntry; readonly demo: Demo }) {
  const { store, session } = demo;
  const short = shortId(id);
  const linked = isLinked(kind);
  const chosen = store.recipient.value === id;
  return (
    <li class={`row ${linked ? 'linked' : ''}`} data-testid="peer-row" data-id={id} data-kind={kind}>
      <Swatch id={id} />
      <span class="id" title={id}>
        {short}
      </span>
      <span class="kind">{KINDS[kind]}</span>
      <button
        type="button"
        class="small quiet"
        aria-pressed={chosen}
        aria-label={`Write to ${short}`}
        onClick={() => (store.recipient.value = chosen ? null : id)}
      >
        Write
      </button>
      <button
        type="button"
        class="small quiet"
        aria-label={`${linked ? 'Close the link with' : 'Link with'} ${short}`}
        disabled={kind === 'dialling'}
        onClick={() => (linked ? session.unlink(id) : session.link(id))}
      >
        {linked ? 'Unlink' : 'Link'}
      </button>
    </li>
  );
}
