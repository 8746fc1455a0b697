import { describe, expect, test } from 'vitest';
import { Detection } from '../src/detection.js';
import { Journal } from '../src/journal.js';
import { linkRates } from '../src/link-rates.js';
import { Outbreak } from '../src/outbreak.js';
import { Recorder } from '../src/recorder.js';
import { Recovery } from '../src/recovery.js';
import { Samples } from '../src/samples.js';
import { handMade } from './hand-made.js';

describe('detection', () => {
  test('is over when no survivor takes a link with one of the dead for healthy', () => {
    const { mesh, of } = handMade('abcx');
    for (const id of ['a', 'b', 'c']) {
      mesh.link(of(id), of('x'));
      of(id).links.push({ peer: 'x' }, { peer: 'y' });
    }
    const detection = new Detection(mesh, [of('x')]);
    detection.sample(100);
    expect(detection.atMs).toBeNull();
    of('a').links.shift();
    of('b').links[0] = { peer: 'x', degraded: true };
    detection.sample(200);
    expect(detection.atMs).toBeNull();
    of('c').state = 'killed';
    detection.sample(300);
    of('a').links.push({ peer: 'x' });
    detection.sample(400);
    expect(detection.atMs).toBe(300);
  });

  test('of a kill that nobody can notice is immediate', () => {
    const { mesh, of } = handMade('ab');
    const detection = new Detection(mesh, [of('a')]);
    detection.sample(7);
    expect(detection.atMs).toBe(7);
  });
});

describe('recovery', () => {
  test('keeps the first look at which something was so', () => {
    const { mesh, of } = handMade('abcdef');
    for (const [x, y] of ['ab', 'bc', 'ca', 'de', 'ef']) mesh.link(of(x as string), of(y as string));
    const recovery = new Recovery(mesh, 1_000);
    expect(recovery.before).toEqual({ components: 2, largestComponent: 3, alone: 0 });
    expect(recovery.rightIslandRingsMs).toBeNull();
    mesh.link(of('f'), of('d'));
    recovery.sample(1_250);
    expect(recovery.rightIslandRingsMs).toBe(1_250);
    mesh.link(of('c'), of('d'));
    recovery.sample(1_500);
    expect([recovery.oneComponentMs, recovery.rightRingMs, recovery.isComplete]).toEqual([1_500, null, false]);
    mesh.unlink(of('c'), of('d'));
    recovery.sample(1_750);
    mesh.link(of('c'), of('d'));
    mesh.link(of('a'), of('f'));
    recovery.sample(2_000);
    expect(recovery.isComplete).toBe(true);
    expect(recovery.secondsUntil(recovery.oneComponentMs)).toBe(0.5);
    expect(recovery.secondsUntil(recovery.rightRingMs)).toBe(1);
    expect(recovery.secondsUntil(null)).toBeNull();
  });

  test('the message of a kill: who had it, when, and on which island', () => {
    const { mesh, of } = handMade('abcd');
    const recorder = Object.assign(new Recorder(() => 0), { mesh });
    const { journal } = recorder;
    for (const id of 'abcd') journal.peerUp(id, 3, 0);
    mesh.link(of('a'), of('b'));
    const outbreak = new Outbreak(new Recovery(mesh, 1_000), 'm', of('a'), [of('a'), of('b'), of('c'), of('d')]);
    journal.broadcastSent('m', 'a', false, 1_000);
    journal.broadcastDelivered('m', 'a', 0, 1_000);
    journal.broadcastDelivered('m', 'b', 1, 1_100);
    outbreak.end(recorder);
    expect(outbreak.islands).toBe(3);
    of('d').state = 'left';
    expect(outbreak.message(recorder)).toEqual({
      survivors: 3,
      delivered: 2,
      within2s: 0.666667,
      secondsToAll: null,
      onIsland: 2,
      deliveredOnIsland: 2,
    });
    journal.broadcastDelivered('m', 'c', 2, 5_500);
    journal.broadcastDelivered('m', 'c', 2, 9_500);
    expect(outbreak.message(recorder)).toMatchObject({
      delivered: 3,
      within2s: 0.666667,
      secondsToAll: 4.5,
      onIsland: 2,
    });
  });
});

describe('samples', () => {
  test('the share off the ring, the largest maps, and what the server is asked at rest', () => {
    const { mesh, of } = handMade('abcd');
    let messages = 5;
    const samples = new Samples(mesh, () => messages);
    of('a').maps = { known: { size: 7, cap: 96 } };
    of('b').maps = { known: { size: 9, cap: 96 }, seen: { size: 0, cap: 8 } };
    samples.sample(0);
    expect(samples.serverMessagesPerPeerMinute).toBeNull();
    for (const [x, y] of ['ab', 'bc', 'cd']) mesh.link(of(x as string), of(y as string));
    of('b').maps = {};
    messages = 13;
    samples.sample(120_000);
    expect(samples.ringErrors).toEqual([1, 0.25]);
    expect(Object.fromEntries(samples.mapSizes)).toEqual({ known: { size: 9, cap: 96 }, seen: { size: 0, cap: 8 } });
    expect(samples.serverMessagesPerPeerMinute).toBe(1);
    samples.disturb();
    messages = 1_000;
    samples.sample(240_000);
    expect(samples.serverMessagesPerPeerMinute).toBe(1);
  });

  test('in a large mesh all maps get their turn', () => {
    const { mesh, of } = handMade(String.fromCharCode(...Array.from({ length: 1_100 }, (_, i) => 0x4e00 + i)));
    mesh.all.forEach(({ id }, i) => (of(id).maps = { known: { size: i, cap: 2_000 } }));
    const samples = new Samples(mesh, () => 0);
    const largest = [1, 2, 3].map((now) => {
      samples.sample(now);
      return samples.mapSizes.get('known')?.size;
    });
    expect(largest).toEqual([499, 999, 1_099]);
  });
});

describe('link rates', () => {
  test('count mesh links at both ends after a peer has settled, for peers that were there for a minute', () => {
    const journal = new Journal();
    journal.peerUp('a', 3, 0);
    journal.peerUp('b', 3, 0);
    journal.peerUp('late', 3, 90_000);
    journal.peerUp('short', 3, 150_000);
    journal.linkOpened('a', 'b', 'mesh', 59_000); // before
    journal.linkOpened('a', 'b', 'mesh', 61_000);
    journal.linkOpened('a', 'b', 'handover', 61_000);
    journal.linkOpened('a', 'late', 'mesh', 100_000); // the newcomer's own joining
    journal.linkOpened('late', 'b', 'mesh', 130_000);
    journal.peerDown('b', 180_000);
    // From 60 s: a for 3 minutes, b for 2; late for 2 minutes from its 30th second on; short for 1 minute.
    expect(linkRates(journal, 60_000, 240_000)).toEqual([2 / 3, 1, 0.5, 0]);
    expect(linkRates(journal, 60_000, 239_999)).toHaveLength(3);
  });
});
