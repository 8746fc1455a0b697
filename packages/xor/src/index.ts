export { bucketIndex, calculateXorDistance, compareDistance, distanceBytes } from './distance.js';
export { checkId, formatId, ID_BITS, ID_BYTES, isId, parseId, type Id } from './id.js';
export { KBuckets, type Contact } from './k-buckets.js';
export { nearest, sortByDistance } from './nearest.js';
export {
  clockwiseCloser,
  clockwiseDistance,
  compareClockwise,
  compareIds,
  compareRingDistance,
  isBetween,
  predecessor,
  successor,
} from './ring.js';
export { SortedRing } from './sorted-ring.js';
