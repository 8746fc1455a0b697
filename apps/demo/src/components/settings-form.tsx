import type { Demo } from '../demo.js';
import type { Settings } from '../settings.js';

export function SettingsForm({ demo }: { readonly demo: Demo }) {
  const { signalingUrl, network, maxPeers, minPeers } = demo.store.settings.value;
  const apply = (event: SubmitEvent): void => {
    event.preventDefault();
    demo.apply(readForm(new FormData(event.currentTarget as HTMLFormElement)));
  };
  return (
    <details class="card settings">
      <summary>
        <h2>Settings</h2>
        <span class="summary">{signalingUrl}</span>
      </summary>
      <form onSubmit={apply}>
        <label class="wide">
          Signaling server
          <input
            name="signalingUrl"
            type="url"
            required
            value={signalingUrl}
            pattern="wss?://.+"
            data-testid="api-url"
          />
        </label>
        <label class="wide">
          Network
          <input name="network" required maxLength={64} value={network} data-testid="network" />
        </label>
        <label>
          Links at most
          <input name="maxPeers" type="number" min={1} max={50} required value={maxPeers} data-testid="max-peers" />
        </label>
        <label>
          Links at least
          <input name="minPeers" type="number" min={0} max={49} required value={minPeers} data-testid="min-peers" />
        </label>
        <p class="hint">Kept in this browser. Another server or network means joining anew.</p>
        <button type="submit" data-testid="apply-settings">
          Apply
        </button>
      </form>
    </details>
  );
}

function readForm(form: FormData): Settings {
  const maxPeers = Number(form.get('maxPeers'));
  return {
    signalingUrl: field(form, 'signalingUrl'),
    network: field(form, 'network'),
    maxPeers,
    minPeers: Math.min(Number(form.get('minPeers')), maxPeers),
  };
}

function field(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
