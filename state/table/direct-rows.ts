/**
 * DirectRows: where the BIGINT keys of a large table are dense (identifiers that are counted up), the row of each key
 * by the key itself, in 4 bytes: no hash, no probing, and a fraction of the memory of the index that has to be in the
 * processor's cache. It only remembers what the index has answered: what it does not know is asked there.
 */

/** From this size on. */
const LARGE = 1 << 16
/** Keys there may be for each row of the table: at most 32 bytes a row. */
const SPREAD = 8

export class DirectRows {
  /** Row id + 1 by the key's lower half; 0: not known. As many as a power of two, or none. */
  #rows = new Int32Array(0)

  get bytes(): number {
    return this.#rows.byteLength
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0
  }

  /**
   * Without branches, so that the processor waits for many cache misses at once.
   *
   * @param words keys as pairs, low half first
   * @param rowIds receives the rows, -1 where one is not known
   * @param missed receives the positions of those
   * @returns how many these are
   */
  find(words: Int32Array, upper: number, count: number, rowIds: Int32Array, missed: Int32Array): number {
    const rows = this.#rows
    const mask = rows.length - 1
    let next = 0
    for (let i = 0; i < count; i++) {
      const low = words[2 * i] as number
      const at = low & mask
      const differ = (low ^ at) | ((words[2 * i + 1] as number) ^ upper)
      const row = ((rows[at] as number) - 1) | 0 | ((differ | (0 - differ)) >> 31)
      rowIds[i] = row
      missed[next] = i
      next = (next + (row >>> 31)) | 0
    }
    return next
  }

  /** @param positions of the keys in the batch whose rows are new here; a row of -1 is none */
  remember(words: Int32Array, positions: Int32Array, count: number, rowIds: Int32Array, size: number): void {
    if (size < LARGE) return
    for (let n = 0; n < count; n++) {
      const i = positions[n] as number
      const low = words[2 * i] as number
      const row = rowIds[i] as number
      if (row < 0 || low < 0) continue
      if (low >= this.#rows.length) {
        const length = 2 ** (32 - Math.clz32(low))
        if (length > SPREAD * size) continue
        const grown = new Int32Array(length)
        grown.set(this.#rows)
        this.#rows = grown
      }
      this.#rows[low] = row + 1
    }
  }

  forget(low: number): void {
    if (low >= 0 && low < this.#rows.length) this.#rows[low] = 0
  }

  clear(): void {
    if (this.#rows.length > 0) this.#rows = new Int32Array(0)
  }
}
