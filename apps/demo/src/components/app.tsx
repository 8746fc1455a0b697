import type { Demo } from '../demo.js';
import { Chat } from './chat.js';
import { EventLog } from './event-log.js';
import { Header } from './header.js';
import { MeshCard } from './mesh-card.js';
import { PeerList } from './peer-list.js';
import { SettingsForm } from './settings-form.js';

export function App({ demo }: { readonly demo: Demo }) {
  return (
    <>
      <Header demo={demo} />
      <main>
        <MeshCard store={demo.store} />
        <Chat demo={demo} />
        <PeerList demo={demo} />
        <EventLog store={demo.store} />
        <SettingsForm demo={demo} />
      </main>
    </>
  );
}
