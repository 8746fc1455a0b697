import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { listed } from '../options.js';

/** An IPv4 address as an IPv6 socket shows it (RFC 4291 §2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Groups of 16 bits that make a network: what a provider gives one customer at least (RFC 6177 §2). */
const GROUPS_OF_64 = 4;
const GROUPS = 8;

/**
 * Whose requests come: the other end of the socket, unless that is a trusted proxy, which names whom it forwards for.
 * `X-Forwarded-For` is read from the right, since a client can write whatever it likes at its left: the first address from
 * there that is no trusted proxy is the client's.
 */
export class ClientAddresses {
  private readonly proxies: BlockList;

  /** @throws {RangeError} when `trustedProxies` is no list of addresses and ranges */
  constructor(trustedProxies: string) {
    this.proxies = proxyList(trustedProxies);
  }

  of({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): string {
    let address = plain(socket.remoteAddress ?? '');
    const forwarded = headers['x-forwarded-for'];
    const hops = [...listed(Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? ''))];
    while (this.isTrusted(address)) {
      const hop = plain(withoutPort(hops.pop() ?? ''));
      if (isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  }

  /** Whether a request says whom it is forwarded for, and is not believed: a proxy that nobody has named, or a lie. */
  ignores({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
    return headers['x-forwarded-for'] !== undefined && !this.isTrusted(plain(socket.remoteAddress ?? ''));
  }

  private isTrusted(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.proxies.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }
}

/** What is counted as one: an IPv4 address, or the /64 of an IPv6 address, all of which one machine can use. */
export function addressKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left = '', right = ''] = (address.split('%', 1)[0] as string).split('::');
  const groups = left === '' ? [] : left.split(':');
  const tail = right === '' ? [] : right.split(':');
  if (address.includes('::')) while (groups.length + tail.length < GROUPS) groups.push('0');
  return [...groups, ...tail]
    .slice(0, GROUPS_OF_64)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':');
}

function proxyList(text: string): BlockList {
  const list = new BlockList();
  for (const entry of listed(text)) {
    const [address = '', prefix, ...rest] = entry.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    const bits = prefix === undefined ? undefined : Number(prefix);
    const isRange = bits !== undefined && /^\d+$/.test(prefix as string) && bits <= (family === 'ipv4' ? 32 : 128);
    if (isIP(address) === 0 || rest.length > 0 || (bits !== undefined && !isRange)) {
      throw new RangeError(
        `trustedProxies: expected addresses or ranges such as 10.0.0.0/8, got ${JSON.stringify(entry)}`,
      );
    }
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, bits, family);
  }
  return list;
}

function plain(address: string): string {
  return MAPPED_IPV4.exec(address)?.[1] ?? address;
}

/** Some proxies write `1.2.3.4:5678` and `[::1]:5678`. */
function withoutPort(hop: string): string {
  return /^\[(.+)\](:\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop;
}
