export type { Conformance, Turn } from './testing/conformance.js';
export { clockConformance, type ClockFixture } from './testing/clock.js';
export { cryptoConformance, type CryptoFixture } from './testing/crypto.js';
export { linksConformance, type LinksFixture } from './testing/links.js';
export { rngConformance, type RngFixture } from './testing/rng.js';
export { signalingConformance, type SignalingFixture } from './testing/signaling.js';
export { storageConformance, type StorageFixture } from './testing/storage.js';
