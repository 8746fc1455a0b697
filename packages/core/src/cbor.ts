/** The words of CBOR (RFC 8949) that writer and reader share, and the limits that bound both. */

/** Major types, §3.1. */
export const UINT = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;
export const SIMPLE = 7;

/** First bytes of simple values and floats, §3.3. */
export const FALSE = 0xf4;
export const TRUE = 0xf5;
export const NULL = 0xf6;
export const UNDEFINED = 0xf7;
export const FLOAT32 = 0xfa;
export const FLOAT64 = 0xfb;

/** 2^32: arguments beyond it take eight bytes. */
export const TWO_32 = 0x1_0000_0000;

/** How much one value may be. The same limits hold in both directions, so that whatever encodes also decodes. */
export interface CodecLimits {
  /** Containers inside one another. Default {@link MAX_DEPTH}. */
  readonly maxDepth?: number;
  /** Encoded size. Default {@link MAX_BYTES}. */
  readonly maxBytes?: number;
  /** Values in all: containers, keys and what is in them. Default {@link MAX_ITEMS}. */
  readonly maxItems?: number;
}

/** Containers inside one another, by default. Ours: more than data needs, far less than any call stack holds. */
export const MAX_DEPTH = 64;
/** Encoded bytes of one value, by default. Ours: a bound on memory; what calls the codec sets lower ones. */
export const MAX_BYTES = 64 * 1024 * 1024;
/** Values inside one value, by default. Ours: an empty object takes one byte on the wire and some 30 in memory. */
export const MAX_ITEMS = 4 * 1024 * 1024;
