/** Copies of columns that may be kept: what is handed over lives in buffers that are used again. */
import type { BytesColumn, Column, FixedColumn, NullMask } from './column.ts'

/** The first `rows` rows, in memory of their own. */
export function copyColumn(column: Column, rows: number): Column {
  if (column.kind === 'null') return column
  const nulls: NullMask = column.nulls === null ? null : column.nulls.slice(0, rows)
  switch (column.kind) {
    case 'bytes':
      return copyBytesColumn(column, rows, nulls)
    case 'list': {
      const { starts, lengths } = column
      const child = copyColumn(column.child, endOf(starts, lengths, rows))
      return { kind: 'list', starts: starts.slice(0, rows), lengths: lengths.slice(0, rows), child, nulls }
    }
    case 'map': {
      const { starts, lengths } = column
      const end = endOf(starts, lengths, rows)
      const [keys, values] = [copyColumn(column.keys, end), copyColumn(column.values, end)]
      return { kind: 'map', starts: starts.slice(0, rows), lengths: lengths.slice(0, rows), keys, values, nulls }
    }
    case 'row':
      return { kind: 'row', fields: column.fields.map((field) => copyColumn(field, rows)), nulls }
    default: {
      const values = column.values.slice(0, column.kind === 'i128' ? 2 * rows : rows)
      return { kind: column.kind, values, nulls } as FixedColumn
    }
  }
}

/** Only the bytes that rows point at: a view may stand in a chunk of a file of which little is wanted. */
function copyBytesColumn(column: BytesColumn, rows: number, nulls: NullMask): BytesColumn {
  const starts = new Int32Array(rows)
  const lengths = new Int32Array(rows)
  let size = 0
  for (let row = 0; row < rows; row++) {
    const length = nulls !== null && nulls[row] === 1 ? 0 : (column.lengths[row] as number)
    starts[row] = size
    lengths[row] = length
    size += length
  }
  const data = new Uint8Array(size)
  for (let row = 0; row < rows; row++) {
    const from = column.starts[row] as number
    data.set(column.data.subarray(from, from + (lengths[row] as number)), starts[row])
  }
  return { kind: 'bytes', starts, lengths, data, nulls }
}

/** Rows of the child that rows point at. */
function endOf(starts: Int32Array, lengths: Int32Array, rows: number): number {
  let end = 0
  for (let row = 0; row < rows; row++) {
    if ((lengths[row] as number) > 0) end = Math.max(end, (starts[row] as number) + (lengths[row] as number))
  }
  return end
}
