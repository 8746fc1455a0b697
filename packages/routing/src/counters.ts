/** What passed through, since the start. */
export interface Counters {
  /** Messages received, of all kinds. */
  readonly received: number;
  /** Data and parcels for us, given to the level above. */
  readonly delivered: number;
  /** Data for us that was shown before, and acknowledged again, and data for others that was passed on before. */
  readonly duplicates: number;
  /** Data, parcels and answers passed on for others. */
  readonly relayed: number;
  /** Data and parcels that went no further here. */
  readonly nacked: number;
  /** Data sent another way, since the first hop or a later one did not acknowledge it. */
  readonly detours: number;
  /** Receipts of neighbours, however many messages each is for. */
  readonly receipts: number;
  /** Answers that came too late, were not ours to have, or knew no way on, and own parcels that came back. */
  readonly stray: number;
  /** Dropped as violations; parcels that could not be read; own parcels over `MAX_PARCEL_BYTES`. */
  readonly refused: number;
}

/** Nothing has passed yet. */
export function noCounts(): { -readonly [Name in keyof Counters]: Counters[Name] } {
  return {
    received: 0,
    delivered: 0,
    duplicates: 0,
    relayed: 0,
    nacked: 0,
    detours: 0,
    receipts: 0,
    stray: 0,
    refused: 0,
  };
}
