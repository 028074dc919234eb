/**
 * Values as bytes: the form in which ARRAY, MAP, MULTISET and ROW live in tables. Equal values have equal bytes, with
 * MAP and MULTISET entries in the order of their encoded keys, so that the bytes can be compared in place of the
 * values. Integers are little-endian; lengths are unsigned 32 bit; every nullable position has a leading byte 0 or 1.
 */
import type { BytesColumn, Column, Value } from '../../core/column.ts'
import { decodeText, readValue } from '../../core/column-ops.ts'
import { invariant, unreachable } from '../../core/errors.ts'
import { mapTypes, physicalKind, type SqlType } from '../../core/types.ts'

const encoder = new TextEncoder()

class Writer {
  data = new Uint8Array(256)
  view = new DataView(this.data.buffer)
  size = 0

  reserve(length: number): number {
    const at = this.size
    this.size += length
    if (this.size > this.data.length) {
      const grown = new Uint8Array(Math.max(this.data.length * 2, this.size))
      grown.set(this.data.subarray(0, at))
      this.data = grown
      this.view = new DataView(grown.buffer)
    }
    return at
  }

  byte(value: number): void {
    const at = this.reserve(1)
    this.data[at] = value
  }

  length(value: number): void {
    const at = this.reserve(4)
    this.view.setUint32(at, value, true)
  }

  bytes(value: Uint8Array): void {
    const at = this.reserve(value.length)
    this.data.set(value, at)
  }

  /** Reserves before it looks at the view, which reserving may replace. */
  put(length: number, write: (view: DataView, at: number) => void): void {
    const at = this.reserve(length)
    write(this.view, at)
  }
}

export function encodeValue(value: Value, type: SqlType): Uint8Array {
  const writer = new Writer()
  write(writer, value, type)
  return writer.data.slice(0, writer.size)
}

function write(writer: Writer, value: Value, type: SqlType): void {
  writer.byte(value === null ? 1 : 0)
  if (value === null) return
  const kind = physicalKind(type)
  switch (kind) {
    case 'bool':
      return writer.byte(value === true ? 1 : 0)
    case 'i8':
      return writer.put(1, (view, at) => view.setInt8(at, Number(value)))
    case 'i16':
      return writer.put(2, (view, at) => view.setInt16(at, Number(value), true))
    case 'i32':
      return writer.put(4, (view, at) => view.setInt32(at, Number(value), true))
    case 'f32':
      return writer.put(4, (view, at) => view.setFloat32(at, Number(value), true))
    case 'f64':
      return writer.put(8, (view, at) => view.setFloat64(at, Number(value), true))
    case 'i64':
      return writer.put(8, (view, at) => view.setBigInt64(at, value as bigint, true))
    case 'i128': {
      const at = writer.reserve(16)
      writer.view.setBigInt64(at, BigInt.asIntN(64, value as bigint), true)
      return writer.view.setBigInt64(at + 8, (value as bigint) >> 64n, true)
    }
    case 'bytes': {
      const bytes = typeof value === 'string' ? encoder.encode(value) : (value as Uint8Array)
      writer.length(bytes.length)
      return writer.bytes(bytes)
    }
    case 'list': {
      invariant(type.kind === 'ARRAY', 'a list has an ARRAY type')
      const items = value as readonly Value[]
      writer.length(items.length)
      for (const item of items) write(writer, item, type.element)
      return
    }
    case 'map':
      return writeMap(writer, value as readonly (readonly Value[])[], type)
    case 'row': {
      invariant(type.kind === 'ROW', 'a row has a ROW type')
      const items = value as readonly Value[]
      for (const [index, field] of type.fields.entries()) write(writer, items[index] ?? null, field.type)
      return
    }
    case 'null':
      return
    default:
      return unreachable(kind)
  }
}

function writeMap(writer: Writer, pairs: readonly (readonly Value[])[], type: SqlType): void {
  const types = mapTypes(type)
  invariant(types !== undefined, 'a map has a MAP or MULTISET type')
  const entries = pairs.map(([key, item]) => ({
    key: Buffer.from(encodeValue(key ?? null, types.key)),
    value: encodeValue(item ?? null, types.value),
  }))
  entries.sort((a, b) => Buffer.compare(a.key, b.key))
  writer.length(entries.length)
  for (const { key, value } of entries) {
    writer.bytes(key)
    writer.bytes(value)
  }
}

export function decodeValue(bytes: Uint8Array, type: SqlType): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return new Reader(bytes, view).read(type)
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array, view: DataView) {
    this.#bytes = bytes
    this.#view = view
  }

  #skip(length: number): number {
    const at = this.#at
    this.#at += length
    return at
  }

  #length(): number {
    return this.#view.getUint32(this.#skip(4), true)
  }

  read(type: SqlType): Value {
    if (this.#bytes[this.#skip(1)] === 1) return null
    const kind = physicalKind(type)
    switch (kind) {
      case 'bool':
        return this.#bytes[this.#skip(1)] === 1
      case 'i8':
        return this.#view.getInt8(this.#skip(1))
      case 'i16':
        return this.#view.getInt16(this.#skip(2), true)
      case 'i32':
        return this.#view.getInt32(this.#skip(4), true)
      case 'f32':
        return this.#view.getFloat32(this.#skip(4), true)
      case 'f64':
        return this.#view.getFloat64(this.#skip(8), true)
      case 'i64':
        return this.#view.getBigInt64(this.#skip(8), true)
      case 'i128': {
        const at = this.#skip(16)
        return (this.#view.getBigInt64(at + 8, true) << 64n) | this.#view.getBigUint64(at, true)
      }
      case 'bytes': {
        const length = this.#length()
        const at = this.#skip(length)
        if (type.kind === 'CHAR' || type.kind === 'VARCHAR') return decodeText(this.#bytes, at, length)
        return this.#bytes.slice(at, at + length)
      }
      case 'list': {
        invariant(type.kind === 'ARRAY', 'a list has an ARRAY type')
        return this.#repeat(() => this.read(type.element))
      }
      case 'map': {
        const types = mapTypes(type)
        invariant(types !== undefined, 'a map has a MAP or MULTISET type')
        return this.#repeat(() => {
          const key = this.read(types.key)
          return [key, this.read(types.value)]
        })
      }
      case 'row':
        invariant(type.kind === 'ROW', 'a row has a ROW type')
        return type.fields.map((field) => this.read(field.type))
      case 'null':
        return null
      default:
        return unreachable(kind)
    }
  }

  #repeat(read: () => Value): Value[] {
    const items: Value[] = []
    for (let left = this.#length(); left > 0; left--) items.push(read())
    return items
  }
}

/** The first `rows` values of a column, encoded. NULL rows have no bytes. */
export function encodeColumn(column: Column, type: SqlType, rows: number): BytesColumn {
  const writer = new Writer()
  const starts = new Int32Array(rows)
  const lengths = new Int32Array(rows)
  let nulls: Uint8Array | null = null
  for (let row = 0; row < rows; row++) {
    const value = readValue(column, type, row)
    starts[row] = writer.size
    if (value === null) {
      nulls ??= new Uint8Array(rows)
      nulls[row] = 1
      continue
    }
    write(writer, value, type)
    lengths[row] = writer.size - (starts[row] as number)
  }
  return { kind: 'bytes', starts, lengths, data: writer.data, nulls }
}
