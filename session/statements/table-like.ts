/** CREATE TABLE … LIKE (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/create/#like). */
import type { CatalogTable } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import type { TableLike, TableLikeOption } from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'

type Feature = Exclude<TableLikeOption['feature'], 'ALL'>
type Merging = TableLikeOption['merging']

const DEFAULTS: Readonly<Record<Feature, Merging>> = {
  CONSTRAINTS: 'INCLUDING',
  DISTRIBUTION: 'INCLUDING',
  GENERATED: 'INCLUDING',
  METADATA: 'INCLUDING',
  OPTIONS: 'OVERWRITING',
  PARTITIONS: 'INCLUDING',
  WATERMARKS: 'INCLUDING',
}

function strategies(like: TableLike): Record<Feature, Merging> {
  const chosen = { ...DEFAULTS }
  const all = like.options.find((option) => option.feature === 'ALL')
  if (all !== undefined) for (const feature of Object.keys(chosen) as Feature[]) chosen[feature] = all.merging
  for (const option of like.options) if (option.feature !== 'ALL') chosen[option.feature] = option.merging
  return chosen
}

/** The new table with what it takes over from `source`; what is in both is an error unless it may be overwritten. */
export function mergeLike(own: CatalogTable, source: CatalogTable, like: TableLike, sql: string): CatalogTable {
  const strategy = strategies(like)
  const conflict = (what: string, feature: Feature): MillraceError =>
    new MillraceError('INVALID_DEFINITION', `${what} is in the table and in "${source.path.name}"`, {
      position: positionOf(sql, like.span),
      hint: `Write EXCLUDING ${feature}${feature === 'CONSTRAINTS' || feature === 'PARTITIONS' ? '' : ` or OVERWRITING ${feature}`} behind LIKE.`,
    })
  const watermark = pick(own.watermark, source.watermark, strategy.WATERMARKS, () =>
    conflict('a watermark', 'WATERMARKS'),
  )
  const key = pick(own.primaryKey, source.primaryKey, strategy.CONSTRAINTS, () =>
    conflict('a primary key', 'CONSTRAINTS'),
  )
  const distribution = pick(own.distribution, source.distribution, strategy.DISTRIBUTION, () =>
    conflict('a distribution', 'DISTRIBUTION'),
  )
  const includePartitions = strategy.PARTITIONS !== 'EXCLUDING' && source.partitionKeys.length > 0
  if (includePartitions && own.partitionKeys.length > 0) throw conflict('PARTITIONED BY', 'PARTITIONS')
  return {
    kind: 'table',
    path: own.path,
    temporary: own.temporary,
    columns: mergeColumns(own, source, strategy, conflict),
    partitionKeys: includePartitions ? source.partitionKeys : own.partitionKeys,
    options: mergeOptions(own, source, strategy.OPTIONS, conflict),
    ...(watermark === undefined ? {} : { watermark }),
    ...(key === undefined ? {} : { primaryKey: key }),
    ...(distribution === undefined ? {} : { distribution }),
    ...(own.comment === undefined ? {} : { comment: own.comment }),
  }
}

function pick<T>(
  own: T | undefined,
  source: T | undefined,
  merging: Merging,
  conflict: () => MillraceError,
): T | undefined {
  if (source === undefined || merging === 'EXCLUDING') return own
  if (own !== undefined && merging === 'INCLUDING') throw conflict()
  return own ?? source
}

function mergeColumns(
  own: CatalogTable,
  source: CatalogTable,
  strategy: Readonly<Record<Feature, Merging>>,
  conflict: (what: string, feature: Feature) => MillraceError,
): CatalogTable['columns'] {
  const taken = source.columns.filter((column) => {
    if (column.kind === 'physical') return true
    const feature: Feature = column.kind === 'computed' ? 'GENERATED' : 'METADATA'
    if (strategy[feature] === 'EXCLUDING') return false
    const clash = own.columns.some((candidate) => candidate.name === column.name)
    if (clash && strategy[feature] === 'INCLUDING') throw conflict(`column "${column.name}"`, feature)
    return !clash
  })
  const names = new Set(taken.map((column) => column.name))
  for (const column of own.columns) {
    if (names.has(column.name)) throw conflict(`column "${column.name}"`, 'GENERATED')
  }
  return [...taken, ...own.columns]
}

function mergeOptions(
  own: CatalogTable,
  source: CatalogTable,
  merging: Merging,
  conflict: (what: string, feature: Feature) => MillraceError,
): Readonly<Record<string, string>> {
  if (merging === 'EXCLUDING') return own.options
  const clash = Object.keys(own.options).find((key) => key in source.options)
  if (clash !== undefined && merging === 'INCLUDING') throw conflict(`option "${clash}"`, 'OPTIONS')
  return { ...source.options, ...own.options }
}
