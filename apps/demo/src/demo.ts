import { describeState } from './app-state.js';
import { keepSettings, type Launch, type Settings, type Shelf } from './settings.js';
import { Session } from './session.js';
import { Store } from './store.js';

/** The page's program: settings, the store, and the session that is on. Also gives the console its globals (S159–S161). */
export class Demo {
  readonly store: Store;
  readonly launch: Launch;
  private readonly shelf: Shelf;
  private current: Session;

  constructor(settings: Settings, launch: Launch, shelf: Shelf) {
    this.store = new Store(settings);
    this.launch = launch;
    this.shelf = shelf;
    this.current = this.open(settings);
    window.getPeerPigeonState = () => describeState(this.store, this.current.mesh);
  }

  get session(): Session {
    return this.current;
  }

  join(): void {
    void this.current.join(this.store.settings.value.signalingUrl);
  }

  leave(): void {
    this.current.leave();
  }

  /** Takes new settings over and keeps them: limits at once, another server or network by joining anew. */
  apply(settings: Settings): void {
    const before = this.store.settings.value;
    const joined = this.store.phase.value !== 'left';
    keepSettings(settings, this.shelf);
    this.store.settings.value = settings;
    if (settings.network !== before.network) {
      this.current.end();
      this.current = this.open(settings);
    } else {
      this.current.setLimits(settings);
      if (settings.signalingUrl === before.signalingUrl) return;
      if (joined) this.current.leave();
    }
    if (joined) this.join();
  }

  private open(settings: Settings): Session {
    const session = new Session(this.store, settings, this.launch);
    window.peerPigeonMesh = session.mesh;
    return session;
  }
}
