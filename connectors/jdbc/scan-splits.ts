/** Cuts a scan into ranges of the partition column, as Flink's JdbcNumericBetweenParametersProvider does. */
import type { CatalogTable } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import { formatDate, formatTimestamp } from '../../core/datetime-text.ts'
import { type SqlType, typeToString } from '../../core/types.ts'
import { quoteIdentifier } from './table.ts'

export interface ScanSplit {
  readonly id: string
  /** SQL; undefined: all rows. */
  readonly condition: string | undefined
}

export function scanSplits(options: OptionValues, table: CatalogTable): ScanSplit[] {
  const name = options.optionalString('scan.partition.column')
  if (name === undefined) return [{ id: '0', condition: undefined }]
  const column = table.columns.find((candidate) => candidate.name === name)
  if (column?.kind !== 'physical') {
    throw new MillraceError('INVALID_OPTION', `option "scan.partition.column" names no column: '${name}'`)
  }
  const ranges = cut(
    options.long('scan.partition.lower-bound'),
    options.long('scan.partition.upper-bound'),
    BigInt(options.int('scan.partition.num')),
  )
  return ranges.map(([from, to], index) => ({
    id: String(index),
    condition: `${quoteIdentifier(name)} BETWEEN ${bound(from, column.type, name)} AND ${bound(to, column.type, name)}`,
  }))
}

/** Ranges of equal size, the first ones longer by one where they do not come out even. */
function cut(lower: bigint, upper: bigint, wanted: bigint): (readonly [bigint, bigint])[] {
  const total = upper - lower + 1n
  const count = wanted > total ? total : wanted
  const size = (total + count - 1n) / count
  const longer = total - (size - 1n) * count
  const ranges: (readonly [bigint, bigint])[] = []
  for (let start = lower, index = 0n; index < count; index++) {
    const end = start + size - 1n - (index >= longer ? 1n : 0n)
    ranges.push([start, end])
    start = end + 1n
  }
  return ranges
}

function bound(value: bigint, type: SqlType, column: string): string {
  switch (type.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
    case 'DECIMAL':
      return String(value)
    case 'DATE':
      return `'${formatDate(Math.floor(Number(value) / 86_400_000))}'`
    case 'TIMESTAMP':
      return `'${formatTimestamp(value, 3)}'`
    case 'TIMESTAMP_LTZ':
      return `'${formatTimestamp(value, 3)}+00'`
    default:
      throw new MillraceError('INVALID_OPTION', `option "scan.partition.column" cannot be '${column}'`, {
        detail: `It takes a numeric, date or timestamp column, and "${column}" is ${typeToString(type)}.`,
      })
  }
}
