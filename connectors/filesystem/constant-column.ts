/** Columns that have one value for all rows of a file: metadata and partition columns. */
import type { Column, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { MillraceError } from '../../core/errors.ts'
import { type SqlType, typeToString, unitsPerMillisecond } from '../../core/types.ts'
import { parseValue } from '../../core/value-text.ts'
import type { FileInfo } from './paths.ts'

/** A column of any number of rows. */
export type ConstantColumn = (rows: number) => Column

export function constantColumn(type: SqlType, value: Value): ConstantColumn {
  const single = columnOf(type, [value])
  return (rows) => gatherColumn(single, new Int32Array(rows), rows)
}

/** @param name a metadata key of the connector, `file.path` and others */
export function metadataValue(key: string, file: FileInfo, type: SqlType): Value {
  switch (key) {
    case 'file.path':
      return file.path
    case 'file.name':
      return file.path.slice(file.path.lastIndexOf('/') + 1)
    case 'file.size':
      return wholeNumber(file.size, type)
    case 'file.modification-time': {
      const milliseconds = BigInt(Math.floor(file.modified))
      if (type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ')
        return milliseconds * unitsPerMillisecond(type.precision)
      return wholeNumber(Number(milliseconds), type)
    }
    default:
      throw new MillraceError('INTERNAL_ERROR', `the filesystem connector has no metadata "${key}"`)
  }
}

function wholeNumber(value: number, type: SqlType): Value {
  if (type.kind === 'BIGINT') return BigInt(value)
  return type.kind === 'CHAR' || type.kind === 'VARCHAR' ? String(value) : value
}

/** A partition column's value from its directory name. */
export function partitionValue(
  text: string | undefined,
  column: string,
  type: SqlType,
  defaultName: string,
  path: string,
): Value {
  if (text === undefined || text === defaultName) return null
  const value = parseValue(text, type)
  if (value !== undefined) return value
  throw new MillraceError('MALFORMED_RECORD', `partition "${column}=${text}" is not a ${typeToString(type)}`, {
    at: { file: path },
  })
}
