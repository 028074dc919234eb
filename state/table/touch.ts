/**
 * Touching: reads the memory that a batch is about to need in loops whose reads do not depend on each other, so that
 * the processor waits for many cache misses at once. Measured with 1 M keys: looking keys up becomes twice as fast.
 */
import type { ProbeTarget } from './probe.ts'
import { BytesStore } from './bytes-store.ts'
import { isSparse, takeIn } from './memory.ts'
import { FixedStore, type StoredColumn } from './stored-column.ts'

/** The first slot of each key, then the key of the row that it names: nearly always the one. */
export function touchKeys(target: ProbeTarget, hashes: Int32Array, count: number): number {
  const { index, shift } = target
  takeInSlots(index, shift, hashes, count)
  let sum = 0
  for (let i = 0; i < count; i++) sum ^= index[2 * ((hashes[i] as number) >>> shift) + 1] as number
  for (const key of target.keys) {
    const [words, width] = wordsOf(key)
    if (words === undefined) continue
    for (let i = 0; i < count; i++) {
      const row = (index[2 * ((hashes[i] as number) >>> shift) + 1] as number) - 1
      // A free slot names no row: any place will do.
      sum ^= words[row < 0 ? 0 : row * width] as number
    }
  }
  return sum
}

function takeInSlots(index: Int32Array, shift: number, hashes: Int32Array, count: number): void {
  if (!isSparse(index.byteLength, count)) return
  for (let i = 0; i < count; i++) Atomics.compareExchange(index, 2 * ((hashes[i] as number) >>> shift), 0, 0)
}

export function touchRows(columns: readonly StoredColumn[], rows: Int32Array, count: number): number {
  let sum = 0
  for (const column of columns) {
    const [words, width] = wordsOf(column)
    if (words === undefined) continue
    takeIn(words, rows, count, width)
    for (let i = 0; i < count; i++) sum ^= words[(rows[i] as number) * width] as number
  }
  return sum
}

/** A column's memory and how many 32-bit words a row takes; narrow columns are left out. */
function wordsOf(column: StoredColumn): [Int32Array | undefined, number] {
  if (column instanceof BytesStore) return [column.starts, 1]
  if (!(column instanceof FixedStore) || column.words.length === 0) return [undefined, 0]
  return [column.words, column.words.length / column.capacity]
}
