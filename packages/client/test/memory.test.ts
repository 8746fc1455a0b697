import { linksConformance } from '@peerpigeon/mesh/testing';
import { describe, it } from 'vitest';
import { MemoryLinks } from './memory-links.js';
import { turn } from './turn.js';

describe('the links of the test world keep the links port', () => {
  const make = () => {
    const links = new MemoryLinks();
    return { ours: links, theirs: links, turn };
  };
  for (const { name, run } of linksConformance(make)) it(name, run);
});
