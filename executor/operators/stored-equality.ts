/** Whether two stored rows are the same, NULLs and bits of floating-point numbers included. */
import { BytesStore } from '../../state/table/bytes-store.ts'
import { FIXED_WIDTH, type StoredColumn } from '../../state/table/stored-column.ts'
import { equalBytes } from '../codegen/byte-arena.ts'

export type RowEquality = (a: number, b: number) => boolean

/** @param only positions of the columns that are compared; absent: all */
export function storedEquality(columns: readonly StoredColumn[], only?: readonly number[]): RowEquality {
  const fields = columns.filter((_, index) => only === undefined || only.includes(index)).map(equality)
  return (a, b) => {
    for (const same of fields) if (!same(a, b)) return false
    return true
  }
}

function equality(column: StoredColumn): RowEquality {
  if (column.kind === 'null') return () => true
  const values = valueEquality(column)
  return (a, b) => {
    const { nulls } = column
    if (nulls === null) return values(a, b)
    return nulls[a] === 1 || nulls[b] === 1 ? nulls[a] === nulls[b] : values(a, b)
  }
}

function valueEquality(column: Exclude<StoredColumn, { kind: 'null' }>): RowEquality {
  if (column instanceof BytesStore) {
    return (a, b) => {
      const { starts, lengths } = column
      return equalBytes(
        column.dataOf(a),
        starts[a] as number,
        lengths[a] as number,
        column.dataOf(b),
        starts[b] as number,
        lengths[b] as number,
      )
    }
  }
  const width = FIXED_WIDTH[column.kind]
  if (width >= 4) {
    const words = width / 4
    return (a, b) => {
      for (let word = 0; word < words; word++) {
        if (column.words[words * a + word] !== column.words[words * b + word]) return false
      }
      return true
    }
  }
  return (a, b) => column.values[a] === column.values[b]
}
