/** Which rows of a partition that is complete and in order each of its rows sees. Positions are those of the order. */
import type { OverFrame } from '../../planner/physical/graph.ts'

export interface Peers {
  /** Position of the first and the last row that is equal to each row by the order. */
  readonly first: Int32Array
  readonly last: Int32Array
}

export function peersOf(rows: number, equal: (a: number, b: number) => boolean): Peers {
  const first = new Int32Array(rows)
  const last = new Int32Array(rows)
  for (let at = 1; at < rows; at++) first[at] = equal(at - 1, at) ? (first[at - 1] as number) : at
  for (let at = rows - 1; at >= 0; at--)
    last[at] = at + 1 < rows && first[at + 1] === first[at] ? (last[at + 1] as number) : at
  return { first, last }
}

export interface Bounds {
  /** Position of the first row that a row sees, and of the first behind those; both never go back. */
  readonly from: Int32Array
  readonly to: Int32Array
}

/**
 * @param values by which RANGE measures distances, ascending; NaN where there is NULL, which sees only its peers
 */
export function boundsOf(frame: OverFrame, rows: number, peers: Peers, values: Float64Array | undefined): Bounds {
  const { unit, start, end } = frame
  const from = new Int32Array(rows)
  const to = new Int32Array(rows)
  let low = 0
  let high = 0
  for (let at = 0; at < rows; at++) {
    if (unit === 'ROWS') {
      low = start === null ? 0 : clamp(at + start, rows)
      high = end === null ? rows : clamp(at + end + 1, rows)
    } else {
      low = start === null ? 0 : rangeStart(at, start, low, peers, values)
      high = end === null ? rows : rangeEnd(at, end, high, peers, values)
    }
    from[at] = low
    to[at] = Math.max(low, high)
  }
  return { from, to }
}

function clamp(position: number, rows: number): number {
  return Math.min(rows, Math.max(0, position))
}

function rangeStart(at: number, start: number, low: number, peers: Peers, values: Float64Array | undefined): number {
  const value = values?.[at] ?? Number.NaN
  if (start === 0 || values === undefined || Number.isNaN(value)) return peers.first[at] as number
  let position = low
  while (position < values.length && isBefore(values[position] as number, value + start, position < at)) position++
  return position
}

function rangeEnd(at: number, end: number, high: number, peers: Peers, values: Float64Array | undefined): number {
  const value = values?.[at] ?? Number.NaN
  if (end === 0 || values === undefined || Number.isNaN(value)) return (peers.last[at] as number) + 1
  let position = high
  while (position < values.length && !isBefore(value + end, values[position] as number, position > at)) position++
  return position
}

/** @param ifNull for where one of the two is NULL */
function isBefore(a: number, b: number, ifNull: boolean): boolean {
  return Number.isNaN(a) || Number.isNaN(b) ? ifNull : a < b
}
