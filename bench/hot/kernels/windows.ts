/** COUNT(*) by a BIGINT and a window, by hand: slices of one step, added up when a window of several steps ends. */
import type { Column, Int64Column } from '../../../core/column.ts'
import type { Emit } from '../case.ts'
import { wordsOf } from '../inputs.ts'
import { mix, slotsFor } from './hash.ts'

export interface Windows {
  add(keys: Int64Column, times: Int64Column, rows: number): void
  /** Windows that end at or before this time plus one are given. */
  advance(watermark: number): void
}

/** Key and count of each slot; the slots that are taken, in order. */
interface Counts {
  readonly longs: BigInt64Array
  readonly words: Int32Array
  readonly taken: Int32Array
  size: number
}

function createCounts(slots: number): Counts {
  const longs = new BigInt64Array(2 * slots)
  return { longs, words: new Int32Array(longs.buffer), taken: new Int32Array(slots), size: 0 }
}

/** @param keys of a window at the most; @param size, step in milliseconds, the one a multiple of the other */
export function createWindows(keys: number, size: number, step: number, emit: Emit): Windows {
  const slots = slotsFor(keys)
  const mask = slots - 1
  const slices = new Map<number, Counts>()
  const spare: Counts[] = []
  const out = Array.from({ length: 4 }, () => new BigInt64Array(slots))
  const [outKeys, counts, windowStarts, windowEnds] = out as [
    BigInt64Array,
    BigInt64Array,
    BigInt64Array,
    BigInt64Array,
  ]
  const columns: readonly Column[] = out.map((values) => ({ kind: 'i64', values, nulls: null }))
  let nextEnd = step

  const find = ({ words, taken }: Counts, of: Counts, low: number, high: number): number => {
    let slot = mix(low ^ Math.imul(high, 0x9e3779b9)) & mask
    for (;;) {
      if (words[4 * slot + 2] === 0 && words[4 * slot + 3] === 0) {
        words[4 * slot] = low
        words[4 * slot + 1] = high
        taken[of.size++] = slot
        return slot
      }
      if (words[4 * slot] === low && words[4 * slot + 1] === high) return slot
      slot = (slot + 1) & mask
    }
  }
  const clear = (table: Counts): void => {
    for (let i = 0; i < table.size; i++) {
      table.longs[2 * (table.taken[i] as number)] = 0n
      table.longs[2 * (table.taken[i] as number) + 1] = 0n
    }
    table.size = 0
  }
  const sliceOf = (number: number): Counts => {
    const known = slices.get(number)
    if (known !== undefined) return known
    const made = spare.pop() ?? createCounts(slots)
    slices.set(number, made)
    return made
  }
  const merged = createCounts(slots)
  const fire = (end: number): void => {
    const first = (end - size) / step
    let table = slices.get(first)
    if (size !== step) {
      clear(merged)
      for (let number = first; number < end / step; number++) {
        const slice = slices.get(number)
        if (slice === undefined) continue
        for (let i = 0; i < slice.size; i++) {
          const from = slice.taken[i] as number
          const slot = find(merged, merged, slice.words[4 * from] as number, slice.words[4 * from + 1] as number)
          merged.longs[2 * slot + 1] = BigInt.asIntN(
            64,
            (merged.longs[2 * slot + 1] as bigint) + (slice.longs[2 * from + 1] as bigint),
          )
        }
      }
      table = merged
    }
    if (table !== undefined && table.size > 0) {
      windowStarts.fill(BigInt(end - size), 0, table.size)
      windowEnds.fill(BigInt(end), 0, table.size)
      for (let i = 0; i < table.size; i++) {
        const slot = table.taken[i] as number
        outKeys[i] = table.longs[2 * slot] as bigint
        counts[i] = table.longs[2 * slot + 1] as bigint
      }
      emit({ columns, rows: table.size, kinds: null })
    }
    const gone = slices.get(first)
    if (gone === undefined) return
    slices.delete(first)
    clear(gone)
    spare.push(gone)
  }
  return {
    add: (keyColumn, timeColumn, rows) => {
      const keyWords = wordsOf(keyColumn)
      const times = wordsOf(timeColumn)
      let [number, table] = [-1, merged]
      for (let row = 0; row < rows; row++) {
        const time = (times[2 * row + 1] as number) * 4294967296 + ((times[2 * row] as number) >>> 0)
        const slice = Math.floor(time / step)
        if (slice !== number) {
          number = slice
          table = sliceOf(slice)
        }
        const slot = find(table, table, keyWords[2 * row] as number, keyWords[2 * row + 1] as number)
        table.longs[2 * slot + 1] = BigInt.asIntN(64, (table.longs[2 * slot + 1] as bigint) + 1n)
      }
    },
    advance: (watermark) => {
      for (; nextEnd <= watermark + 1; nextEnd += step) fire(nextEnd)
    },
  }
}
