import type { Millis } from '@peerpigeon/core';

/** Range of the one-way latency between two peers, and between a peer and the server, in ms: U(10, 100). */
export const LATENCY_MS: readonly [Millis, Millis] = [10, 100];

/**
 * What ICE checks and the DTLS and SCTP handshakes take beyond their two round trips, in ms. A guess: Chromium on one
 * host needs some 50 ms of work in all, and pacing of ICE checks (RFC 8445 §14: 50 ms each) adds to it.
 */
export const HANDSHAKE_MS: readonly [Millis, Millis] = [50, 200];

/** Round trips of ICE connectivity checks plus DTLS 1.2 (RFC 8445 §7, RFC 6347 §4.2) before a data channel is open. */
export const HANDSHAKE_ROUND_TRIPS = 2;

/** Trickled ICE candidates each end tells after its description: none, the client bundles those found within 150 ms. */
export const CANDIDATES_PER_END = 0;

/** When ICE gives up on a partner that never answers, in ms. Measured in Chromium: 15.8 s from silence to `failed`. */
export const ICE_TIMEOUT_MS: Millis = 15_800;

/** One-way trips until a WebSocket's upgrade request is at the server: TCP's handshake, then the request (RFC 6455). */
export const WEBSOCKET_TRIPS = 3;

/** Wall clock at virtual time 0, ms since 1970. Any constant does; the same run then has the same message ids. */
export const EPOCH_MS: Millis = 1_767_225_600_000;

/** A link resets with this share of the loss, per frame (a message that WebRTC would re-send for long). */
export const RESET_SHARE = 0.01;

/**
 * How late a signaling message is that others overtake, and the second copy of one that comes twice, in ms: longer than
 * any latency, shorter than the time-outs of signaling. Ours.
 */
export const REORDER_MS: readonly [Millis, Millis] = [50, 500];

/**
 * Quantiles, in equal steps from 0 to 1, of the time from a kill until a partner calls the link suspect, in ms. Measured
 * under `full` liveness: 3,762 ends of links with 720 killed of 200 peers, maxPeers 3 and 8, 3 seeds each, idle. In a busy
 * mesh, where signs of life are fresher, none is more than 0.4 s later. It is the 3.5 s of `suspectAfterMs` less the age
 * of the last sign of life, which a ping each second keeps below some 1.2 s, and plus what was on its way.
 */
export const NOTICE_QUANTILES_MS: readonly Millis[] = [
  2_414, 2_653, 2_767, 2_878, 2_974, 3_082, 3_176, 3_273, 3_367, 3_458, 3_597,
];

/** The time within which a broadcast counts as delivered to those who are up all through it, in ms (the contract). */
export const DELIVERY_WINDOW_MS: Millis = 30_000;

/** Direct messages between survivors at the instant of a kill: enough for a share in whole per cents. */
export const OUTBREAK_DIRECTS = 100;

/** Rest between the last join and the measurements, in ms. */
export const SETTLE_MS: Millis = 30_000;

/** After this long a joiner's messages are counted no more, even if it has fewer links than it wants, in ms. */
export const JOIN_WINDOW_MS: Millis = 10_000;

/** Up to this many peers, eccentricity is exact; above, it is the largest over {@link ECCENTRICITY_SOURCES}. */
export const EXACT_ECCENTRICITY_PEERS = 2_000;

/** Random sources from which eccentricity is taken in a large mesh. */
export const ECCENTRICITY_SOURCES = 200;

/** How often a mesh is looked at that comes together after something happened to it, in ms. */
export const RECOVERY_SAMPLE_MS: Millis = 250;

/** How often a settled mesh is looked at, in ms. */
export const SAMPLE_MS: Millis = 10_000;

/** How many peers' maps are measured at each look. */
export const MAP_SIZE_PEERS = 500;

/** How long a mesh is watched after a kill, a server's return or the healing of a cut, in ms: twice what liveness takes. */
export const RECOVERY_MS: Millis = 60_000;

/** How long a flash crowd takes to come, in ms. */
export const FLASH_MS: Millis = 10_000;

/** Peers that come while the server is down, as a share of those there. */
export const OUTAGE_JOINERS_SHARE = 0.05;

/** Peers that opened links for less than this, in ms, tell no rate. */
export const MIN_RATE_MS: Millis = 60_000;

/** Broadcasts while the network is cut. */
export const DIVIDED_BROADCASTS = 10;

/** How long what is put lives in a run: longer than any, so that nothing expires in it, in ms. */
export const DHT_TTL_MS: Millis = 7_200_000;

/** How long after a put's end the oracle looks who has it, in ms: some round trips. */
export const DHT_LOOK_MS: Millis = 5_000;

/** How long the last of some operations may take, in ms: what the dht itself gives one, and some. */
export const DHT_DONE_MS: Millis = 25_000;

/** How long the dht is left alone, to see what it says then, in ms. */
export const DHT_IDLE_MS: Millis = 10_000;
