/** An inner join by a BIGINT of sides (BIGINT, BIGINT, STRING of up to 16 bytes) that only grow, by hand. */
import type { ChangeBatch } from '../../../core/change-batch.ts'
import type { BytesColumn, Column } from '../../../core/column.ts'
import type { Emit } from '../case.ts'
import { BATCH_ROWS, longAt, textAt, wordsOf } from '../inputs.ts'
import { mix, slotsFor } from './hash.ts'

const OUT = 4 * BATCH_ROWS
const TEXT_BYTES = 16

interface Side {
  /** Key and value of each row. */
  readonly rows: BigInt64Array
  readonly data: Uint8Array
  readonly view: DataView
  readonly lengths: Int32Array
  /** Row + 1 that came before with the same key. */
  readonly next: Int32Array
  /** Newest row + 1 of each slot. */
  readonly heads: Int32Array
  size: number
}

function createSide(capacity: number): Side {
  const data = new Uint8Array(capacity * TEXT_BYTES)
  return {
    rows: new BigInt64Array(2 * capacity),
    data,
    view: new DataView(data.buffer),
    lengths: new Int32Array(capacity),
    next: new Int32Array(capacity),
    heads: new Int32Array(slotsFor(capacity)),
    size: 0,
  }
}

interface HalfOut {
  readonly keys: BigInt64Array
  readonly values: BigInt64Array
  readonly starts: Int32Array
  readonly lengths: Int32Array
}

function createHalf(): HalfOut {
  return {
    keys: new BigInt64Array(OUT),
    values: new BigInt64Array(OUT),
    starts: new Int32Array(OUT),
    lengths: new Int32Array(OUT),
  }
}

function columnsOf({ keys, values, starts, lengths }: HalfOut, data: Uint8Array): Column[] {
  const long = (column: BigInt64Array): Column => ({ kind: 'i64', values: column, nulls: null })
  return [long(keys), long(values), { kind: 'bytes', starts, lengths, data, nulls: null }]
}

export interface Joiner {
  add(input: 0 | 1, batch: ChangeBatch, emit: Emit): void
  /** Forgets both sides; the memory stays. */
  clear(): void
}

/** @param capacity rows of a side at the most */
export function createJoiner(capacity: number): Joiner {
  const sides = [createSide(capacity), createSide(capacity)] as const
  const halves = [createHalf(), createHalf()] as const
  const mask = slotsFor(capacity) - 1

  /** Slot of a key among the rows of a side: empty, or with its rows. */
  const slotOf = ({ heads, rows }: Side, low: number, high: number, key: bigint): number => {
    let slot = mix(low ^ Math.imul(high, 0x9e3779b9)) & mask
    for (let head = heads[slot] as number; head !== 0 && rows[2 * head - 2] !== key; head = heads[slot] as number)
      slot = (slot + 1) & mask
    return slot
  }
  const append = (
    side: Side,
    slot: number,
    key: bigint,
    value: bigint,
    text: BytesColumn,
    from: DataView,
    row: number,
  ): void => {
    const own = side.size++
    side.rows[2 * own] = key
    side.rows[2 * own + 1] = value
    side.next[own] = side.heads[slot] as number
    side.heads[slot] = own + 1
    const start = text.starts[row] as number
    const length = text.lengths[row] as number
    side.lengths[own] = length
    let i = 0
    for (; i + 4 <= length; i += 4) side.view.setInt32(TEXT_BYTES * own + i, from.getInt32(start + i))
    for (; i < length; i++) side.data[TEXT_BYTES * own + i] = text.data[start + i] as number
  }
  const add: Joiner['add'] = (input, batch, emit) => {
    const [own, other] = input === 0 ? [sides[0], sides[1]] : [sides[1], sides[0]]
    const [ownOut, otherOut] = input === 0 ? [halves[0], halves[1]] : [halves[1], halves[0]]
    const keys = longAt(batch, 0).values
    const words = wordsOf(longAt(batch, 0))
    const values = longAt(batch, 1).values
    const text = textAt(batch, 2)
    const from = new DataView(text.data.buffer, text.data.byteOffset)
    let out = 0
    const flush = (): void => {
      const left = columnsOf(halves[0], input === 0 ? text.data : other.data)
      const right = columnsOf(halves[1], input === 0 ? other.data : text.data)
      if (out > 0) emit({ columns: [...left, ...right], rows: out, kinds: null })
      out = 0
    }
    for (let row = 0; row < batch.rows; row++) {
      const key = keys[row] as bigint
      const value = values[row] as bigint
      const [low, high] = [words[2 * row] as number, words[2 * row + 1] as number]
      append(own, slotOf(own, low, high, key), key, value, text, from, row)
      for (let at = other.heads[slotOf(other, low, high, key)] as number; at !== 0; at = other.next[at - 1] as number) {
        if (out === OUT) flush()
        ownOut.keys[out] = key
        ownOut.values[out] = value
        ownOut.starts[out] = text.starts[row] as number
        ownOut.lengths[out] = text.lengths[row] as number
        otherOut.keys[out] = key
        otherOut.values[out] = other.rows[2 * at - 1] as bigint
        otherOut.starts[out] = TEXT_BYTES * (at - 1)
        otherOut.lengths[out++] = other.lengths[at - 1] as number
      }
    }
    flush()
  }
  const clear = (): void => {
    for (const side of sides) {
      side.size = 0
      side.heads.fill(0)
    }
  }
  return { add, clear }
}
