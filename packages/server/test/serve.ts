import { onTestFinished } from 'vitest';
import { PeerPigeonServer, type PeerPigeonServerOptions } from '../src/index.js';

/** A server on a free port of the loopback interface, stopped when the test is over. */
export async function serve(
  options: PeerPigeonServerOptions = {},
): Promise<{ readonly server: PeerPigeonServer; readonly url: string; readonly http: string }> {
  const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', ...options });
  onTestFinished(() => server.stop());
  const { url } = await server.start();
  return { server, url, http: url.replace('ws:', 'http:') };
}

/** The nth of many peer ids. */
export function peerId(n: number): string {
  return n.toString(16).padStart(40, '0');
}

/** The figures that `/metrics` shows, by name with labels. */
export async function figures(http: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}
