/** Random rows of all types that the encoding kernel writes, and what an encoder made of them. */
import fc from 'fast-check'
import type { Column, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import * as types from '../../core/types.ts'
import type { Field, SqlType } from '../../core/types.ts'
import { linearMemory } from '../../core/wasm/memory.ts'
import type { EncodedRecords, RecordEncoder } from '../api/format.ts'

export const FIELDS: readonly Field[] = [
  { name: 'a', type: types.BIGINT },
  { name: 'a key of some length, "é"', type: types.STRING },
  { name: 'flag', type: types.BOOLEAN },
  { name: 'tiny', type: { kind: 'TINYINT', nullable: true } },
  { name: 'small', type: { kind: 'SMALLINT', nullable: true } },
  { name: 'int', type: types.INT },
  { name: 'price', type: types.decimal(12, 2) },
  { name: 'whole', type: types.decimal(18, 0) },
  { name: 'fine', type: types.decimal(18, 6) },
  { name: 'day', type: { kind: 'DATE', nullable: true } },
  { name: 'ms', type: types.timestamp(3) },
  { name: 'us', type: types.timestamp(6) },
  { name: 'ns', type: types.timestamp(9) },
  { name: 'zoned', type: { kind: 'TIMESTAMP_LTZ', precision: 3, nullable: true } },
  { name: 'text', type: types.STRING },
]

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 30 }).map((value) => value.toWellFormed()),
  fc.constantFrom('', '"', '\\', '"'.repeat(40), 'a'.repeat(15), 'b'.repeat(16), 'c'.repeat(17), 'd'.repeat(32)),
  fc.tuple(fc.nat(40), fc.nat(40)).map(([before, code]) => `${'x'.repeat(before)}${String.fromCharCode(code)}yz`),
)
const whole = (bits: number): fc.Arbitrary<bigint> => {
  const most = 2n ** BigInt(bits - 1)
  return fc.oneof(
    fc.bigInt({ min: -most, max: most - 1n }),
    fc.nat(bits - 1).map((power) => 2n ** BigInt(power) - 1n),
    fc.nat(Math.floor((bits - 1) * 0.3)).map((power) => 10n ** BigInt(power)),
    fc.constantFrom(0n, -1n, 9n, -most, most - 1n),
  )
}
/** Around the epoch, far ones, and some whose year has not four digits. */
const time = (unitsPerSecond: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(
    {
      weight: 60,
      arbitrary: fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }).map((seconds) => seconds * unitsPerSecond),
    },
    {
      weight: 60,
      arbitrary: fc
        .bigInt({ min: -(10n ** 11n), max: 10n ** 11n })
        .map((value) => (value * unitsPerSecond) / 1000n / 7n),
    },
    { weight: 1, arbitrary: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }) },
  )

function valueFor(type: SqlType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'VARCHAR':
      return text
    case 'BOOLEAN':
      return fc.boolean()
    case 'TINYINT':
      return whole(8).map(Number)
    case 'SMALLINT':
      return whole(16).map(Number)
    case 'INT':
      return whole(32).map(Number)
    case 'DATE':
      return fc.oneof(
        { weight: 60, arbitrary: fc.integer({ min: -600_000, max: 2_900_000 }) },
        { weight: 60, arbitrary: fc.integer({ min: -1000, max: 1000 }) },
        { weight: 1, arbitrary: fc.integer({ min: -800_000, max: 3_000_000 }) },
      )
    case 'DECIMAL':
      return whole(64).map((value) => value % 10n ** BigInt(type.precision))
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return time(type.precision === 3 ? 1000n : type.precision === 6 ? 1_000_000n : 1_000_000_000n)
    default:
      return whole(64)
  }
}

const rows = fc.array(
  fc.tuple(
    ...FIELDS.map(({ type }) =>
      fc.oneof({ weight: 9, arbitrary: valueFor(type) }, { weight: 1, arbitrary: fc.constant(null) }),
    ),
  ),
  { minLength: 1, maxLength: 20 },
)

/** Their columns, some of them in linear memory. */
export const randomColumns: fc.Arbitrary<{ readonly columns: readonly Column[]; readonly count: number }> = fc
  .tuple(rows, fc.boolean())
  .map(([list, isMoved]) => {
    const made = FIELDS.map(({ type }, index) =>
      columnOf(
        type,
        list.map((row) => row[index] ?? null),
      ),
    )
    return { columns: isMoved ? made.map(moved) : made, count: list.length }
  })

/** The encoder, after so many rows that it has a kernel. */
export function withKernel<E extends RecordEncoder>(encoder: E): E {
  const columns = FIELDS.map(({ type }) =>
    columnOf(
      type,
      Array.from({ length: 2100 }, () => null),
    ),
  )
  encoder.encode(columns, 2100, null)
  return encoder
}

export function linesOf({ data, starts, lengths, count, size }: EncodedRecords): { all: string; records: string[] } {
  const bytes = Buffer.from(data)
  const records = Array.from({ length: count }, (_, row) => {
    const start = starts[row] as number
    return bytes.subarray(start, start + (lengths[row] as number)).toString()
  })
  return { all: bytes.subarray(0, size).toString(), records }
}

/** The column with its text in linear memory, and the rest where it was. */
function moved(column: Column): Column {
  if (column.kind !== 'bytes') return column
  const memory = linearMemory()
  const data = memory.bytes(memory.allocate(column.data.length, column))
  data.set(column.data)
  return { ...column, data }
}
