import { options, render } from 'preact';
import { App } from './components/app.js';
import { Demo } from './demo.js';
import { DEFAULTS, readLaunch, readSettings } from './settings.js';

const query = new URLSearchParams(location.search);
const launch = readLaunch(query);
const signalingUrl = import.meta.env.VITE_SIGNALING_URL ?? DEFAULTS.signalingUrl;
const demo = new Demo(readSettings(query, localStorage, { ...DEFAULTS, signalingUrl }), launch, localStorage);

// Once a frame however much happens, and not at all while nobody sees the page.
options.debounceRendering = (update) => void requestAnimationFrame(update);
if (launch.tab !== null) document.title = `Tab ${launch.tab} · PeerPigeon`;
render(<App demo={demo} />, document.getElementById('app') as HTMLElement);
if (launch.join) demo.join();
