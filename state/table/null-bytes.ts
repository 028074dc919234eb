/** NULL bytes of stored columns. */
import type { NullMask } from '../../core/column.ts'

export function grownNulls(nulls: NullMask, capacity: number): NullMask {
  if (nulls === null) return null
  const grown = new Uint8Array(capacity)
  grown.set(nulls)
  return grown
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
