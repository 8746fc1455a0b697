import { describe } from 'vitest';
import { faults } from './scenarios.js';

describe('several nodes, as they are', () => {
  faults({ config: {}, lease: 12_000, outage: 30_000, cut: 60_000, recovery: 10_000, slack: 3_000 });
});
