/** Blocks in memory, by their offsets: those of a source that may have to be sent again, or of a sink that are not whole. */
export class BlockStore {
  private readonly blocks = new Map<number, Uint8Array>();

  put(offset: number, block: Uint8Array): void {
    this.blocks.set(offset, block);
  }

  get(offset: number): Uint8Array | undefined {
    return this.blocks.get(offset);
  }

  /** So many bytes from `offset` on, within one block; a view. */
  read(offset: number, length: number): Uint8Array | undefined {
    for (const [start, block] of this.blocks) {
      const at = offset - start;
      if (at >= 0 && at + length <= block.length) return block.subarray(at, at + length);
    }
    return undefined;
  }

  /** Writes into the block at `start`, which has `length` bytes. */
  write(start: number, length: number, offset: number, bytes: Uint8Array): void {
    const held = this.blocks.get(start);
    const block = held?.length === length ? held : new Uint8Array(length);
    block.set(bytes, offset - start);
    this.blocks.set(start, block);
  }

  /** Takes a block out. */
  take(offset: number): Uint8Array | undefined {
    const block = this.blocks.get(offset);
    this.blocks.delete(offset);
    return block;
  }

  /** Drops the blocks that end at `offset` or before. */
  forget(offset: number): void {
    for (const [start, block] of this.blocks) if (start + block.length <= offset) this.blocks.delete(start);
  }
}
