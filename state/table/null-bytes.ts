/** NULL bytes of stored columns. */
import type { NullMask } from '../../core/column.ts'
import { longerArray } from './memory.ts'

export function grownNulls(nulls: NullMask, capacity: number): NullMask {
  return nulls === null ? null : longerArray(nulls, capacity)
}

export function gatherNulls(nulls: NullMask, rows: Int32Array, count: number): NullMask {
  if (nulls === null) return null
  let first = 0
  while (first < count && nulls[rows[first] as number] === 0) first++
  if (first === count) return null
  const out = new Uint8Array(count)
  for (let i = first; i < count; i++) out[i] = nulls[rows[i] as number] as number
  return out
}
