/** SHOW CREATE TABLE / VIEW / CATALOG, printed as Flink prints them. */
import { typeToString } from '../core/types.ts'
import type { NamedCatalogState } from './state.ts'
import type { CatalogTable, CatalogView, ObjectPath, TableColumn } from './table.ts'

function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function quoteString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function quotePath(path: ObjectPath): string {
  return [path.catalog, path.database, path.name].map(quoteIdentifier).join('.')
}

/** `secret` says which option values are not shown. */
export function showCreateTable(table: CatalogTable, secret: (key: string) => boolean): string {
  const elements = table.columns.map(columnText)
  if (table.watermark !== undefined) {
    const column = table.watermark.column.map(quoteIdentifier).join('.')
    elements.push(`WATERMARK FOR ${column} AS ${table.watermark.expression}`)
  }
  if (table.primaryKey !== undefined) {
    const columns = table.primaryKey.columns.map(quoteIdentifier).join(', ')
    const name = quoteIdentifier(table.primaryKey.name ?? `PK_${table.primaryKey.columns.join('_')}`)
    elements.push(`CONSTRAINT ${name} PRIMARY KEY (${columns}) NOT ENFORCED`)
  }
  const lines = [
    `CREATE ${table.temporary ? 'TEMPORARY ' : ''}TABLE ${quotePath(table.path)} (`,
    elements.map((element) => `  ${element}`).join(',\n'),
    ')',
  ]
  if (table.comment !== undefined) lines.push(`COMMENT ${quoteString(table.comment)}`)
  if (table.distribution !== undefined) lines.push(distributionText(table.distribution))
  if (table.partitionKeys.length > 0)
    lines.push(`PARTITIONED BY (${table.partitionKeys.map(quoteIdentifier).join(', ')})`)
  lines.push(`WITH (\n${optionLines(table.options, secret)}\n)`)
  return `${lines.join('\n')}\n`
}

function distributionText(distribution: NonNullable<CatalogTable['distribution']>): string {
  const buckets = distribution.buckets === undefined ? '' : ` INTO ${distribution.buckets} BUCKETS`
  if (distribution.columns.length === 0) return `DISTRIBUTED${buckets}`
  return `DISTRIBUTED BY ${distribution.kind ?? ''}(${distribution.columns.map(quoteIdentifier).join(', ')})${buckets}`
}

function columnText(column: TableColumn): string {
  const comment = column.comment === undefined ? '' : ` COMMENT ${quoteString(column.comment)}`
  const name = quoteIdentifier(column.name)
  switch (column.kind) {
    case 'physical':
      return `${name} ${sqlType(column.type)}${comment}`
    case 'metadata': {
      const from = column.from === undefined ? '' : ` FROM ${quoteString(column.from)}`
      return `${name} ${sqlType(column.type)} METADATA${from}${column.virtual ? ' VIRTUAL' : ''}${comment}`
    }
    default:
      return `${name} AS ${column.expression}${comment}`
  }
}

/** Flink prints the long names here: VARCHAR(2147483647), TIMESTAMP(3) WITH LOCAL TIME ZONE. */
function sqlType(type: Parameters<typeof typeToString>[0]): string {
  return typeToString(type)
    .replace(/\bSTRING\b/g, 'VARCHAR(2147483647)')
    .replace(/\bBYTES\b/g, 'VARBINARY(2147483647)')
    .replace(/\bTIMESTAMP_LTZ\((\d)\)/g, 'TIMESTAMP($1) WITH LOCAL TIME ZONE')
}

function optionLines(options: Readonly<Record<string, string>>, secret: (key: string) => boolean): string {
  return Object.entries(options)
    .map(([key, value]) => `  ${quoteString(key)} = ${quoteString(secret(key) ? '******' : value)}`)
    .join(',\n')
}

export function showCreateView(view: CatalogView): string {
  const names =
    view.columnNames === undefined
      ? ''
      : ` (\n${view.columnNames.map((name) => `  ${quoteIdentifier(name)}`).join(',\n')}\n)`
  const comment = view.comment === undefined ? '' : `\nCOMMENT ${quoteString(view.comment)}`
  return `CREATE ${view.temporary ? 'TEMPORARY ' : ''}VIEW ${quotePath(view.path)}${names}${comment}\nAS ${view.query}\n`
}

export function showCreateCatalog(name: string, catalog: NamedCatalogState): string {
  const comment = catalog.comment === undefined ? '' : `COMMENT ${quoteString(catalog.comment)}\n`
  return `CREATE CATALOG ${quoteIdentifier(name)}\n${comment}WITH (\n${optionLines(catalog.options, () => false)}\n)\n`
}
