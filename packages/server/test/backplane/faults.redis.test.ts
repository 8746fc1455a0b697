import { describe } from 'vitest';
import { faults } from './scenarios.js';

// The same as in the long tier, with everything ten times shorter. The nodes are processes of what was built.
const config = { heartbeatMs: 500, leaseMs: 1_500, compareMs: 1_000, answerMs: 500, retryMs: [50, 200] } as const;

describe('several nodes, their times shortened', () => {
  faults({ config, lease: 1_500, outage: 3_000, cut: 3_000, recovery: 10_000, slack: 5_000 });
});
