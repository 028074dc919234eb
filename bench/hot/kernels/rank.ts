/** Top-N and deduplication of rows (BIGINT, BIGINT, TIMESTAMP) by their first column, by hand. */
import { type ChangeBatch, DELETE, INSERT, UPDATE_AFTER, UPDATE_BEFORE } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import type { Emitted } from '../case.ts'
import { BATCH_ROWS, longAt, wordsOf } from '../inputs.ts'
import { mix, slotsFor } from './hash.ts'

const OUT = 2 * BATCH_ROWS
type Three = readonly [BigInt64Array, BigInt64Array, BigInt64Array]

function output(): { readonly out: Three; readonly kinds: Uint8Array; readonly columns: readonly Column[] } {
  const out: Three = [new BigInt64Array(OUT), new BigInt64Array(OUT), new BigInt64Array(OUT)]
  return { out, kinds: new Uint8Array(OUT), columns: out.map((values) => ({ kind: 'i64', values, nulls: null })) }
}

/** ORDER BY the second column, descending, without the number. */
export function createTopRows(keys: number, top: number): (batch: ChangeBatch) => Emitted {
  const mask = slotsFor(keys) - 1
  const slotKeys = new BigInt64Array(mask + 1)
  /** Rows of each slot; 0: it is free. */
  const sizes = new Uint8Array(mask + 1)
  /** Second and third column of the rows of each slot, the best one first. */
  const values = new BigInt64Array(top * (mask + 1))
  const times = new BigInt64Array(top * (mask + 1))
  const { out, kinds, columns } = output()
  const [outKeys, outValues, outTimes] = out
  return (batch) => {
    const key = longAt(batch, 0).values
    const words = wordsOf(longAt(batch, 0))
    const value = longAt(batch, 1).values
    const time = longAt(batch, 2).values
    let rows = 0
    for (let row = 0; row < batch.rows; row++) {
      let slot = mix((words[2 * row] as number) ^ Math.imul(words[2 * row + 1] as number, 0x9e3779b9)) & mask
      while (sizes[slot] !== 0 && slotKeys[slot] !== key[row]) slot = (slot + 1) & mask
      const first = top * slot
      let size = sizes[slot] as number
      const own = value[row] as bigint
      if (size === top) {
        const last = first + top - 1
        if (own <= (values[last] as bigint)) continue
        outKeys[rows] = key[row] as bigint
        outValues[rows] = values[last] as bigint
        outTimes[rows] = times[last] as bigint
        kinds[rows++] = DELETE
        size--
      }
      if (size === 0) slotKeys[slot] = key[row] as bigint
      let at = first + size
      for (; at > first && (values[at - 1] as bigint) < own; at--) {
        values[at] = values[at - 1] as bigint
        times[at] = times[at - 1] as bigint
      }
      values[at] = own
      times[at] = time[row] as bigint
      sizes[slot] = size + 1
      outKeys[rows] = key[row] as bigint
      outValues[rows] = own
      outTimes[rows] = time[row] as bigint
      kinds[rows++] = INSERT
    }
    return { columns, rows, kinds }
  }
}

/** The newest row by the third column; of equal times the later row. */
export function createLastRows(keys: number): (batch: ChangeBatch) => Emitted {
  const mask = slotsFor(keys) - 1
  /** Key, value, time, whether it is taken. */
  const longs = new BigInt64Array(4 * (mask + 1))
  const words = new Int32Array(longs.buffer)
  const { out, kinds, columns } = output()
  const [outKeys, outValues, outTimes] = out
  return (batch) => {
    const keyValues = longAt(batch, 0).values
    const key = wordsOf(longAt(batch, 0))
    const value = longAt(batch, 1).values
    const time = longAt(batch, 2).values
    let rows = 0
    for (let row = 0; row < batch.rows; row++) {
      const low = key[2 * row] as number
      const high = key[2 * row + 1] as number
      let slot = mix(low ^ Math.imul(high, 0x9e3779b9)) & mask
      while (words[8 * slot + 6] !== 0 && (words[8 * slot] !== low || words[8 * slot + 1] !== high))
        slot = (slot + 1) & mask
      const entry = 4 * slot
      if (words[8 * slot + 6] === 0) {
        words[8 * slot + 6] = 1
        longs[entry] = keyValues[row] as bigint
        kinds[rows] = INSERT
      } else {
        if ((time[row] as bigint) < (longs[entry + 2] as bigint)) continue
        outKeys[rows] = longs[entry] as bigint
        outValues[rows] = longs[entry + 1] as bigint
        outTimes[rows] = longs[entry + 2] as bigint
        kinds[rows++] = UPDATE_BEFORE
        kinds[rows] = UPDATE_AFTER
      }
      longs[entry + 1] = value[row] as bigint
      longs[entry + 2] = time[row] as bigint
      outKeys[rows] = longs[entry] as bigint
      outValues[rows] = longs[entry + 1] as bigint
      outTimes[rows++] = longs[entry + 2] as bigint
    }
    return { columns, rows, kinds }
  }
}
