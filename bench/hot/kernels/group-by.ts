/** COUNT(*) and SUM(v) with -U and +U, by hand. */
import { type ChangeBatch, INSERT, UPDATE_AFTER, UPDATE_BEFORE } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import type { Emitted } from '../case.ts'
import { BATCH_ROWS, longAt, textAt, wordsOf } from '../inputs.ts'
import { mix, slotsFor } from './hash.ts'

const OUT = 2 * BATCH_ROWS

/** Entries of 32 bytes: key, count, sum, whether it is taken. */
export function createGroups(keys: number): (batch: ChangeBatch) => Emitted {
  const mask = slotsFor(keys) - 1
  const longs = new BigInt64Array(4 * (mask + 1))
  const words = new Int32Array(longs.buffer)
  const out = Array.from({ length: 3 }, () => new BigInt64Array(OUT))
  const [outKeys, counts, sums] = out as [BigInt64Array, BigInt64Array, BigInt64Array]
  const kinds = new Uint8Array(OUT)
  const columns: readonly Column[] = out.map((values) => ({ kind: 'i64', values, nulls: null }))
  return (batch) => {
    const keyValues = longAt(batch, 0).values
    const key = wordsOf(longAt(batch, 0))
    const values = longAt(batch, 2).values
    let rows = 0
    for (let row = 0; row < batch.rows; row++) {
      const low = key[2 * row] as number
      const high = key[2 * row + 1] as number
      let slot = mix(low ^ Math.imul(high, 0x9e3779b9)) & mask
      while (words[8 * slot + 6] !== 0 && (words[8 * slot] !== low || words[8 * slot + 1] !== high))
        slot = (slot + 1) & mask
      const entry = 4 * slot
      if (words[8 * slot + 6] === 0) {
        longs[entry] = keyValues[row] as bigint
        words[8 * slot + 6] = 1
        kinds[rows] = INSERT
      } else {
        outKeys[rows] = longs[entry] as bigint
        counts[rows] = longs[entry + 1] as bigint
        sums[rows] = longs[entry + 2] as bigint
        kinds[rows++] = UPDATE_BEFORE
        kinds[rows] = UPDATE_AFTER
      }
      longs[entry + 1] = BigInt.asIntN(64, (longs[entry + 1] as bigint) + 1n)
      longs[entry + 2] = BigInt.asIntN(64, (longs[entry + 2] as bigint) + (values[row] as bigint))
      outKeys[rows] = longs[entry] as bigint
      counts[rows] = longs[entry + 1] as bigint
      sums[rows++] = longs[entry + 2] as bigint
    }
    return { columns, rows, kinds }
  }
}

/**
 * By a text, or by a BIGINT and a text: an index of hashes and groups, the groups' texts in one buffer.
 *
 * @param composite whether column 0 belongs to the key too
 */
export function createTextGroups(keys: number, composite: boolean): (batch: ChangeBatch) => Emitted {
  const mask = slotsFor(keys) - 1
  /** Hash and group + 1 of each slot. */
  const index = new Int32Array(2 * (mask + 1))
  const arena = Buffer.alloc(keys * 16)
  const view = new DataView(arena.buffer, arena.byteOffset)
  const groupStarts = new Int32Array(keys)
  const groupLengths = new Int32Array(keys)
  /** Key, count and sum of each group. */
  const longs = new BigInt64Array(3 * keys)
  let groups = 0
  let end = 0
  const starts = new Int32Array(OUT)
  const lengths = new Int32Array(OUT)
  const out = Array.from({ length: 3 }, () => new BigInt64Array(OUT))
  const [outKeys, counts, sums] = out as [BigInt64Array, BigInt64Array, BigInt64Array]
  const kinds = new Uint8Array(OUT)
  const [keyColumn, countColumn, sumColumn] = out.map((values): Column => ({ kind: 'i64', values, nulls: null })) as [
    Column,
    Column,
    Column,
  ]
  const text: Column = { kind: 'bytes', starts, lengths, data: arena, nulls: null }
  const columns = composite ? [keyColumn, text, countColumn, sumColumn] : [text, countColumn, sumColumn]

  const isGroup = (group: number, from: DataView, start: number, length: number): boolean => {
    if (groupLengths[group] !== length) return false
    const own = groupStarts[group] as number
    let i = 0
    for (; i + 4 <= length; i += 4) if (view.getInt32(own + i) !== from.getInt32(start + i)) return false
    for (; i < length; i++) if (view.getUint8(own + i) !== from.getUint8(start + i)) return false
    return true
  }
  const emit = (row: number, group: number, kind: number): void => {
    outKeys[row] = longs[3 * group] as bigint
    starts[row] = groupStarts[group] as number
    lengths[row] = groupLengths[group] as number
    counts[row] = longs[3 * group + 1] as bigint
    sums[row] = longs[3 * group + 2] as bigint
    kinds[row] = kind
  }
  return (batch) => {
    const keyValues = longAt(batch, 0).values
    const key = wordsOf(longAt(batch, 0))
    const input = textAt(batch, 1)
    const from = new DataView(input.data.buffer, input.data.byteOffset)
    const values = longAt(batch, 2).values
    let rows = 0
    for (let row = 0; row < batch.rows; row++) {
      const start = input.starts[row] as number
      const length = input.lengths[row] as number
      let hash = composite ? (key[2 * row] as number) ^ Math.imul(key[2 * row + 1] as number, 0x9e3779b9) : 0
      let i = 0
      for (; i + 4 <= length; i += 4) hash = Math.imul(hash ^ from.getInt32(start + i), 0x9e3779b1) ^ (hash >>> 15)
      for (; i < length; i++) hash = Math.imul(hash ^ from.getUint8(start + i), 0x9e3779b1)
      hash = mix(hash)
      let slot = hash & mask
      let group = -1
      for (; index[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
        if (index[2 * slot] !== hash) continue
        const candidate = (index[2 * slot + 1] as number) - 1
        if (composite && longs[3 * candidate] !== keyValues[row]) continue
        if (!isGroup(candidate, from, start, length)) continue
        group = candidate
        break
      }
      if (group < 0) {
        group = groups++
        index[2 * slot] = hash
        index[2 * slot + 1] = group + 1
        groupStarts[group] = end
        groupLengths[group] = length
        for (let byte = 0; byte < length; byte++) arena[end + byte] = input.data[start + byte] as number
        end += length
        longs[3 * group] = keyValues[row] as bigint
        kinds[rows] = INSERT
      } else {
        emit(rows++, group, UPDATE_BEFORE)
        kinds[rows] = UPDATE_AFTER
      }
      longs[3 * group + 1] = BigInt.asIntN(64, (longs[3 * group + 1] as bigint) + 1n)
      longs[3 * group + 2] = BigInt.asIntN(64, (longs[3 * group + 2] as bigint) + (values[row] as bigint))
      emit(rows, group, kinds[rows] as number)
      rows++
    }
    return { columns, rows, kinds }
  }
}
