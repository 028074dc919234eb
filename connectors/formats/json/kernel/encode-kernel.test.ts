/** The encoding kernel against the general code, on random columns in many places. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JSON_FORMAT } from '../../../../catalog/connectors/formats/json.ts'
import type { Column, Value } from '../../../../core/column.ts'
import { columnOf } from '../../../../core/column-builder.ts'
import * as types from '../../../../core/types.ts'
import type { Field, SqlType } from '../../../../core/types.ts'
import { linearMemory } from '../../../../core/wasm/memory.ts'
import type { EncodedRecords } from '../../../api/format.ts'
import { formatOptionsOf } from '../../../test-support/records.ts'
import { JsonEncoder } from '../encoder.ts'
import { readJsonOptions } from '../options.ts'

const FIELDS: readonly Field[] = [
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

const options = readJsonOptions(formatOptionsOf(JSON_FORMAT))

/** An encoder that has written enough rows to have a kernel. */
function withKernel(terminator?: Uint8Array): JsonEncoder {
  const encoder = new JsonEncoder({ fields: FIELDS, ...(terminator === undefined ? {} : { terminator }) }, options)
  const columns = FIELDS.map(({ type }) =>
    columnOf(
      type,
      Array.from({ length: 2100 }, () => null),
    ),
  )
  encoder.encode(columns, 2100)
  return encoder
}

function linesOf({ data, starts, lengths, count, size }: EncodedRecords): { all: string; records: string[] } {
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

describe('encoding kernel', () => {
  it('writes what the general code writes', () => {
    const encoders = [undefined, new Uint8Array([10])].map((terminator) => ({
      plain: new JsonEncoder({ fields: FIELDS, ...(terminator === undefined ? {} : { terminator }) }, options),
      kernel: withKernel(terminator),
    }))
    fc.assert(
      fc.property(rows, fc.boolean(), (list, isMoved) => {
        const made = FIELDS.map(({ type }, index) =>
          columnOf(
            type,
            list.map((row) => row[index] ?? null),
          ),
        )
        const columns = isMoved ? made.map(moved) : made
        for (const { plain, kernel } of encoders) {
          expect(linesOf(kernel.encode(columns, list.length))).toEqual(linesOf(plain.encode(columns, list.length)))
        }
      }),
      { numRuns: 600 },
    )
  })

  it('makes room for long texts, and reads texts that many rows share', () => {
    const fields = [{ name: 's', type: types.STRING }]
    const encoder = new JsonEncoder({ fields, terminator: new Uint8Array([10]) }, options)
    const plain = new JsonEncoder({ fields, terminator: new Uint8Array([10]) }, options)
    const long = ['\n'.repeat(300_000), 'x'.repeat(700_000), '', null]
    encoder.encode(
      [
        columnOf(
          types.STRING,
          Array.from({ length: 2100 }, () => 'a'),
        ),
      ],
      2100,
    )
    const column = columnOf(types.STRING, long)
    expect(linesOf(encoder.encode([column], 4))).toEqual(linesOf(plain.encode([column], 4)))
    const shared: Column = {
      kind: 'bytes',
      data: Buffer.from(`${'-'.repeat(100_000)}one two`),
      starts: Int32Array.from({ length: 5000 }, (_, row) => 100_000 + 4 * (row % 2)),
      lengths: new Int32Array(5000).fill(3),
      nulls: null,
    }
    expect(linesOf(encoder.encode([shared], 5000))).toEqual(linesOf(plain.encode([shared], 5000)))
  })
})
