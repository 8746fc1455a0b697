import { count, duration } from '../format.js';
import type { Store } from '../store.js';
import { MeshPicture } from './mesh-picture.js';

export function MeshCard({ store }: { readonly store: Store }) {
  const { maxPeers, uptime } = store.status.value;
  const roster = store.roster.value;
  const empty = roster.length === 0;
  return (
    <section class="card mesh" aria-labelledby="mesh-title">
      <div class="card-head">
        <h2 id="mesh-title">Mesh</h2>
        <p class="figures">
          <span data-testid="link-count">
            <b>{store.peers.value.length}</b> of {maxPeers} links
          </span>
          <span>
            <b>{roster.length}</b> {roster.length === 1 ? 'peer' : 'peers'} known
          </span>
          <span>{uptime > 0 ? `up ${duration(uptime)}` : 'not up'}</span>
        </p>
      </div>
      <div class="picture">
        <MeshPicture store={store} />
        {empty && <Lonely joined={store.phase.value === 'joined'} />}
      </div>
      <Legend seen={count(store.sightings.value.size, 'link')} />
    </section>
  );
}

function Lonely({ joined }: { readonly joined: boolean }) {
  return (
    <div class="lonely">
      <p>{joined ? 'Only you on the ring so far.' : 'Nobody on the ring yet.'}</p>
      <a class="button" href={location.href} target="_blank" rel="noopener">
        Open another tab
      </a>
    </div>
  );
}

function Legend({ seen }: { readonly seen: string }) {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <svg viewBox="0 0 24 8" aria-hidden="true">
          <path class="own-link" d="M1 4H23" />
        </svg>
        your links
      </li>
      <li title={`${seen} seen in the last minute`}>
        <svg viewBox="0 0 24 8" aria-hidden="true">
          <path class="seen-link" d="M1 4H23" />
        </svg>
        others’, seen in use
      </li>
      <li>
        <svg viewBox="0 0 12 12" aria-hidden="true">
          <circle class="hollow" cx="6" cy="6" r="4" />
        </svg>
        known, not linked
      </li>
    </ul>
  );
}
