import { MemoryBackplane } from '../../src/index.js';
import { backplaneContract } from './contract.js';

backplaneContract(() => Promise.resolve(new MemoryBackplane()));
