import { useState } from 'preact/hooks';
import type { Demo } from '../demo.js';
import { count } from '../format.js';
import type { Phase, Store } from '../store.js';
import { Swatch } from './swatch.js';

export function Header({ demo }: { readonly demo: Demo }) {
  const { store, launch } = demo;
  const out = store.phase.value === 'left' || store.phase.value === 'failed';
  return (
    <header class="top">
      <h1>
        <img src="./favicon.svg" alt="" width="28" height="28" />
        PeerPigeon
        {launch.tab !== null && <span class="tab-label">tab {launch.tab}</span>}
      </h1>
      <Status store={store} />
      <OwnId store={store} />
      <button
        type="button"
        class={out ? 'primary' : ''}
        data-testid={out ? 'join' : 'leave'}
        onClick={() => (out ? demo.join() : demo.leave())}
      >
        {out ? 'Join' : 'Leave'}
      </button>
    </header>
  );
}

function Status({ store }: { readonly store: Store }) {
  const phase = store.phase.value;
  const links = count(store.peers.value.length, 'link');
  return (
    <p class={`status ${phase}`} role="status" data-testid="status" data-phase={phase}>
      <span class="lamp" aria-hidden="true" />
      {PHASES[phase](links)}
    </p>
  );
}

const PHASES: Record<Phase, (links: string) => string> = {
  left: () => 'Not joined',
  joining: () => 'Joining…',
  joined: (links) => `Joined · ${links}`,
  alone: (links) => `Server away, mesh up · ${links}`,
  failed: () => 'Could not join',
};

function OwnId({ store }: { readonly store: Store }) {
  const [copied, setCopied] = useState(false);
  const id = store.status.value.peerId;
  if (id === null) return null;
  const copy = async (): Promise<void> => {
    // Absent on plain http outside localhost.
    await navigator.clipboard?.writeText(id).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <button
      type="button"
      class="own-id"
      data-testid="own-id"
      data-id={id}
      aria-label={`Own id ${id}, copy`}
      onClick={() => void copy()}
      onBlur={() => setCopied(false)}
    >
      <Swatch id={id} />
      <span class="id">{id}</span>
      <span class="copied" role="status">
        {copied ? 'copied' : ''}
      </span>
    </button>
  );
}
