import type { Address } from '@peerpigeon/routing';
import type { Output as TopologyOutput } from '@peerpigeon/topology';
import type { ProtocolOutput } from './protocol.js';

/** What travels as parcels: what is said to peers that are no neighbours. */
export type Parcelled =
  | Extract<TopologyOutput, { readonly type: 'route' | 'probe' | 'walk' }>
  | Extract<ProtocolOutput, { readonly type: 'route' | 'seek' }>;

/** Where routing brings such a message. */
export function addressOf(output: Parcelled): Address {
  switch (output.type) {
    case 'route': {
      const route = 'via' in output ? output.via : 'route' in output ? output.route : undefined;
      return { type: 'peer', peer: output.to, ...(route && { route }) };
    }
    case 'probe':
    case 'seek':
      return { type: 'key', key: output.key, ...(output.over !== undefined && { over: output.over }) };
    case 'walk':
      return { type: 'walk', steps: output.steps };
  }
}
