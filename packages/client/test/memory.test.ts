import { linksConformance } from '@peerpigeon/mesh/testing';
import { describe } from 'vitest';
import { MemoryLinks } from './memory-links.js';
import { conform, turn } from './conform.js';

describe('the links of the test world keep the links port', () => {
  const make = () => {
    const links = new MemoryLinks();
    return { ours: links, theirs: links, turn };
  };
  conform(linksConformance(make));
});
