import type { PeerId, ViolationCode } from '@peerpigeon/core';
import { provesId } from '@peerpigeon/identity';
import type { PeerRecord } from '@peerpigeon/identity';
import { MIN_FRAME_BYTES } from './config.js';
import type { Config } from './config.js';
import type { HelloFault } from './event.js';
import type { Hello } from './message.js';

/** What two hellos agree on, or why they do not. */
export type Agreement =
  | { readonly ok: true; readonly version: number; readonly maxFrameBytes: number; readonly record: PeerRecord }
  | { readonly ok: false; readonly fault: HelloFault; readonly code: ViolationCode; readonly detail: string };

/** Compares the other side's hello with what we expect of it. */
export function agree(hello: Hello, remote: PeerId, network: string, config: Config): Agreement {
  const stranger = recordFault(hello.record, remote);
  if (stranger !== undefined) return { ok: false, fault: 'wrong-peer', code: 'forged', detail: `hello: ${stranger}` };
  if (hello.network !== network) {
    return fault('network-mismatch', `hello of another network: expected ${network}, got ${hello.network}`);
  }
  const common = hello.versions.filter((version) => config.versions.includes(version));
  if (common.length === 0) return fault('version-mismatch', `no common version among ${hello.versions.join(', ')}`);
  if (hello.maxFrameBytes < MIN_FRAME_BYTES) {
    return fault('frame-size', `maxFrameBytes: expected at least ${MIN_FRAME_BYTES}, got ${hello.maxFrameBytes}`);
  }
  return {
    ok: true,
    version: Math.max(...common),
    maxFrameBytes: Math.min(hello.maxFrameBytes, config.maxFrameBytes),
    record: hello.record,
  };
}

/** Why `record` cannot be the one of `remote`; undefined when it can. */
export function recordFault(record: PeerRecord, remote: PeerId): string | undefined {
  if (record.id !== remote) return `the record of ${record.id} comes from ${remote}`;
  if (record.publicKey !== undefined && !provesId(record)) return `the key does not belong to ${remote}`;
  return undefined;
}

function fault(name: HelloFault, detail: string): Agreement {
  return { ok: false, fault: name, code: 'unexpected', detail };
}
