import { test } from 'vitest';
import { expectOneMeshOf1000 } from './scale.js';

// Further seeds are in scale.long.test.ts.
test('S29: 1,000 peers at maxPeers 3: one mesh, everything once at everyone', () => expectOneMeshOf1000(1), 300_000);
