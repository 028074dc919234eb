/** ROW_NUMBER, RANK and their like over partitions that are complete and in order. */
import type { Column } from '../../core/column.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import type { Peers } from './partition-frames.ts'
import { readWholeNumbers } from './whole-numbers.ts'

interface RankedPartition {
  readonly ids: Int32Array
  readonly peers: Peers
}

/** Of a row by its position, the number of its peers' group, and the size of its partition. */
type Numbering = (at: number, peers: Peers, rows: number, buckets: number) => number

const NUMBERINGS: Readonly<Record<string, Numbering>> = {
  ROW_NUMBER: (at) => at + 1,
  RANK: (at, peers) => (peers.first[at] as number) + 1,
  PERCENT_RANK: (at, peers, rows) => (rows > 1 ? (peers.first[at] as number) / (rows - 1) : 0),
  CUME_DIST: (at, peers, rows) => ((peers.last[at] as number) + 1) / rows,
  NTILE: (at, _, rows, buckets) => bucketOf(at, rows, buckets),
}

export function isRanking(call: AggregateCall): boolean {
  return call.function === 'DENSE_RANK' || NUMBERINGS[call.function] !== undefined
}

/** The first buckets take one row more where they do not come out even. */
function bucketOf(at: number, rows: number, buckets: number): number {
  const size = Math.floor(rows / buckets)
  const larger = rows % buckets
  const inLarger = larger * (size + 1)
  return at < inLarger ? Math.floor(at / (size + 1)) + 1 : larger + Math.floor((at - inLarger) / Math.max(1, size)) + 1
}

export function rankNumbers(
  call: AggregateCall,
  partitions: readonly RankedPartition[],
  input: readonly Column[],
  rows: number,
): Column {
  const numbers = new Float64Array(rows)
  const argument = input[call.args[0] ?? -1]
  const buckets = argument === undefined ? undefined : readWholeNumbers(argument, rows)
  let first = 0
  for (const { ids, peers } of partitions) {
    let dense = 0
    for (let at = 0; at < ids.length; at++) {
      if (peers.first[at] === at) dense++
      const numbering = NUMBERINGS[call.function]
      numbers[first + at] = numbering?.(at, peers, ids.length, buckets?.[first + at] ?? 1) ?? dense
    }
    first += ids.length
  }
  if (call.type.kind === 'DOUBLE') return { kind: 'f64', values: numbers, nulls: null }
  const values = new BigInt64Array(rows)
  const words = new Int32Array(values.buffer)
  for (let row = 0; row < rows; row++) words[2 * row] = numbers[row] as number
  return { kind: 'i64', values, nulls: null }
}
