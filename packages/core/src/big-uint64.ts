/**
 * Safari 14 (S167) has bigints, but not yet the two methods of DataView by which tiny-cbor writes and reads numbers; without
 * them nothing could be encoded there. Does nothing where they exist.
 */
export function provideBigUint64(): void {
  const view = DataView.prototype as Partial<Pick<DataView, 'getBigUint64' | 'setBigUint64'>>;
  if (view.setBigUint64 !== undefined) return;
  view.setBigUint64 = function (this: DataView, at, value, littleEndian): void {
    const [high, low] = halves(at, littleEndian);
    this.setUint32(high, Number(BigInt.asUintN(32, value >> 32n)), littleEndian);
    this.setUint32(low, Number(BigInt.asUintN(32, value)), littleEndian);
  };
  view.getBigUint64 = function (this: DataView, at, littleEndian): bigint {
    const [high, low] = halves(at, littleEndian);
    return (BigInt(this.getUint32(high, littleEndian)) << 32n) | BigInt(this.getUint32(low, littleEndian));
  };
}

function halves(at: number, littleEndian?: boolean): [high: number, low: number] {
  return littleEndian === true ? [at + 4, at] : [at, at + 4];
}
