/** Builds a column of any type value by value. For the edges (literals, tests, rare types), not for hot loops. */
import type { Column, Value } from './column.ts'
import { writeInt128 } from './column-ops.ts'
import { invariant, unreachable } from './errors.ts'
import { mapTypes, physicalKind, type SqlType } from './types.ts'

const encoder = new TextEncoder()

/** @param values one `Value` a row, in the engine's representation of `type` */
export function columnOf(type: SqlType, values: readonly Value[]): Column {
  const kind = physicalKind(type)
  switch (kind) {
    case 'null':
      return { kind: 'null', nulls: null }
    case 'bytes':
      return bytesColumn(values)
    case 'list': {
      invariant(type.kind === 'ARRAY', 'a list column has an ARRAY type')
      const { starts, lengths, items } = flatten(values)
      return { kind, starts, lengths, child: columnOf(type.element, items), nulls: nullsOf(values) }
    }
    case 'map': {
      const pair = mapTypes(type)
      invariant(pair !== undefined, 'a map column has a MAP or MULTISET type')
      const { starts, lengths, items } = flatten(values)
      const keys = items.map((item) => (item as readonly Value[])[0] ?? null)
      const mapped = items.map((item) => (item as readonly Value[])[1] ?? null)
      return {
        kind,
        starts,
        lengths,
        keys: columnOf(pair.key, keys),
        values: columnOf(pair.value, mapped),
        nulls: nullsOf(values),
      }
    }
    case 'row': {
      invariant(type.kind === 'ROW', 'a row column has a ROW type')
      const fields = type.fields.map((field, index) =>
        columnOf(
          field.type,
          values.map((value) => (value === null ? null : ((value as readonly Value[])[index] ?? null))),
        ),
      )
      return { kind, fields, nulls: nullsOf(values) }
    }
    default:
      return fixedColumn(kind, values)
  }
}

function nullsOf(values: readonly Value[]): Uint8Array | null {
  return values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null
}

function flatten(values: readonly Value[]): { starts: Int32Array; lengths: Int32Array; items: Value[] } {
  const starts = new Int32Array(values.length)
  const lengths = new Int32Array(values.length)
  const items: Value[] = []
  values.forEach((value, row) => {
    const list = (value ?? []) as readonly Value[]
    starts[row] = items.length
    lengths[row] = list.length
    for (const item of list) items.push(item)
  })
  return { starts, lengths, items }
}

function bytesColumn(values: readonly Value[]): Column {
  const chunks = values.map((value) =>
    typeof value === 'string' ? encoder.encode(value) : (value as Uint8Array | null),
  )
  const starts = new Int32Array(values.length)
  const lengths = new Int32Array(values.length)
  let total = 0
  chunks.forEach((chunk, row) => {
    starts[row] = total
    lengths[row] = chunk?.length ?? 0
    total += chunk?.length ?? 0
  })
  const data = new Uint8Array(total)
  chunks.forEach((chunk, row) => {
    if (chunk !== null) data.set(chunk, starts[row])
  })
  return { kind: 'bytes', starts, lengths, data, nulls: nullsOf(values) }
}

type FixedKind = 'bool' | 'i8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64' | 'i128'

function fixedColumn(kind: FixedKind, values: readonly Value[]): Column {
  const nulls = nullsOf(values)
  const numbers = (value: Value): number => Number(value ?? 0)
  const bigints = (value: Value): bigint => (value ?? 0n) as bigint
  switch (kind) {
    case 'bool':
      return { kind, values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)), nulls }
    case 'i8':
      return { kind, values: Int8Array.from(values, numbers), nulls }
    case 'i16':
      return { kind, values: Int16Array.from(values, numbers), nulls }
    case 'i32':
      return { kind, values: Int32Array.from(values, numbers), nulls }
    case 'f32':
      return { kind, values: Float32Array.from(values, numbers), nulls }
    case 'f64':
      return { kind, values: Float64Array.from(values, numbers), nulls }
    case 'i64':
      return { kind, values: BigInt64Array.from(values, bigints), nulls }
    case 'i128': {
      const halves = new BigInt64Array(2 * values.length)
      values.forEach((value, row) => {
        writeInt128(halves, row, bigints(value))
      })
      return { kind, values: halves, nulls }
    }
    default:
      return unreachable(kind)
  }
}
