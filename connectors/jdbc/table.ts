/** The table in PostgreSQL: that it exists, what its columns are really called and typed, and whether they fit. */
import type { CatalogTable } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import { didYouMean } from '../../core/suggest.ts'
import { type SqlType, typeToString } from '../../core/types.ts'
import { type Client, type ConnectionSettings, serverError } from './client.ts'

export interface JdbcColumn {
  /** As declared here. */
  readonly name: string
  readonly type: SqlType
  /** As it is to stand in a statement. */
  readonly quoted: string
  /** PostgreSQL's type without length or precision: `bigint`, `character varying`, `integer[]`. */
  readonly pgType: string
}

export interface JdbcTable {
  /** As it is to stand in a statement. */
  readonly quoted: string
  readonly columns: readonly JdbcColumn[]
  /** Quoted columns of the primary key in PostgreSQL, with their types; empty: it has none. */
  readonly key: readonly { readonly quoted: string; readonly pgType: string }[]
  /** An ordinary table or materialized view, in which rows have a place (`ctid`). */
  readonly hasRowIds: boolean
}

interface ColumnRow {
  readonly name: string
  readonly type: string
  readonly kind: string
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * @param columns names and types of the columns that are read or written
 * @throws MillraceError EXTERNAL_OBJECT_MISSING for a table or column, TYPE_MISMATCH for a column
 */
export async function resolveTable(
  client: Client,
  settings: ConnectionSettings,
  table: CatalogTable,
  name: string,
  columns: readonly { readonly name: string; readonly type: SqlType }[],
): Promise<JdbcTable> {
  try {
    const found = await findTable(client, name)
    if (found === undefined) throw missingTable(name, settings, table)
    const { rows: actual } = await client.query<ColumnRow>(
      `SELECT a.attname AS name, format_type(a.atttypid, -1) AS type, t.typtype AS kind
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
       WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
      [found.oid],
    )
    const resolved = columns.map((column) => resolveColumn(column, actual, name, settings))
    const { rows: key } = await client.query<{ name: string; type: string }>(
      `SELECT a.attname AS name, format_type(a.atttypid, -1) AS type
       FROM pg_index i JOIN unnest(i.indkey) WITH ORDINALITY AS k(attnum, place) ON true
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
       WHERE i.indrelid = $1 AND i.indisprimary ORDER BY k.place`,
      [found.oid],
    )
    return {
      quoted: found.quoted,
      columns: resolved,
      key: key.map((column) => ({ quoted: quoteIdentifier(column.name), pgType: column.type })),
      hasRowIds: found.kind === 'r' || found.kind === 'm',
    }
  } catch (error) {
    throw serverError(error, settings, name)
  }
}

interface FoundTable {
  readonly oid: string
  readonly quoted: string
  readonly kind: string
}

async function findTable(client: Client, name: string): Promise<FoundTable | undefined> {
  // First as PostgreSQL itself reads a name, then taken as it is: tables may have capital letters.
  const candidates = [name, name.split('.').map(quoteIdentifier).join('.'), quoteIdentifier(name)]
  for (const candidate of candidates) {
    if (
      !/^(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)(?:\.(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*))*$/u.test(candidate)
    )
      continue
    const { rows } = await client.query<FoundTable>(
      `SELECT c.oid::text AS oid, c.relkind AS kind, format('%I.%I', n.nspname, c.relname) AS quoted
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`,
      [candidate],
    )
    if (rows[0] !== undefined) return rows[0]
  }
  return undefined
}

function missingTable(name: string, settings: ConnectionSettings, table: CatalogTable): MillraceError {
  const columns = table.columns
    .flatMap((column) =>
      column.kind === 'physical' ? [`${quoteIdentifier(column.name)} ${pgTypeFor(column.type)}`] : [],
    )
    .join(', ')
  const key =
    table.primaryKey === undefined ? '' : `, PRIMARY KEY (${table.primaryKey.columns.map(quoteIdentifier).join(', ')})`
  return new MillraceError(
    'EXTERNAL_OBJECT_MISSING',
    `table "${name}" does not exist in database "${settings.database}" at ${settings.server}`,
    { hint: `Check 'table-name', or create the table: CREATE TABLE ${name} (${columns}${key});` },
  )
}

function resolveColumn(
  column: { readonly name: string; readonly type: SqlType },
  actual: readonly ColumnRow[],
  table: string,
  settings: ConnectionSettings,
): JdbcColumn {
  const found =
    actual.find((candidate) => candidate.name === column.name) ??
    actual.find((candidate) => candidate.name === column.name.toLowerCase())
  const names = actual.map((candidate) => candidate.name)
  if (found === undefined) {
    throw new MillraceError(
      'EXTERNAL_OBJECT_MISSING',
      `column "${column.name}" does not exist in table "${table}" of database "${settings.database}"`,
      { hint: didYouMean(column.name, names) ?? `Its columns are: ${names.join(', ')}.` },
    )
  }
  if (!fits(column.type, found)) {
    throw new MillraceError(
      'TYPE_MISMATCH',
      `column "${column.name}" is ${typeToString(column.type)} here but ${found.type} in table "${table}" of PostgreSQL`,
      { hint: `Declare it as ${suggestedType(found.type)}.` },
    )
  }
  return { ...column, quoted: quoteIdentifier(found.name), pgType: found.type }
}

/** PostgreSQL types that each type can be read from and written to. Text takes everything. */
const FITTING: Readonly<Partial<Record<SqlType['kind'], readonly string[]>>> = {
  BOOLEAN: ['boolean'],
  TINYINT: ['smallint', 'integer', 'bigint', 'numeric'],
  SMALLINT: ['smallint', 'integer', 'bigint', 'numeric'],
  INT: ['smallint', 'integer', 'bigint', 'numeric'],
  BIGINT: ['smallint', 'integer', 'bigint', 'numeric', 'oid'],
  FLOAT: ['real', 'double precision', 'numeric'],
  DOUBLE: ['real', 'double precision', 'numeric', 'smallint', 'integer', 'bigint'],
  DECIMAL: ['numeric', 'smallint', 'integer', 'bigint', 'money'],
  DATE: ['date'],
  TIME: ['time without time zone'],
  TIMESTAMP: ['timestamp without time zone', 'date'],
  TIMESTAMP_LTZ: ['timestamp with time zone'],
  BINARY: ['bytea'],
  VARBINARY: ['bytea'],
}

function fits(type: SqlType, found: ColumnRow): boolean {
  if (type.kind === 'CHAR' || type.kind === 'VARCHAR') return found.type !== 'bytea'
  if (type.kind === 'ARRAY') {
    // PostgreSQL has one array type for all numbers of dimensions.
    let element = type.element
    while (element.kind === 'ARRAY') element = element.element
    return found.type.endsWith('[]') && fits(element, { ...found, type: found.type.slice(0, -2) })
  }
  return FITTING[type.kind]?.includes(found.type) === true
}

const SUGGESTED: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  smallint: 'SMALLINT',
  integer: 'INT',
  bigint: 'BIGINT',
  numeric: 'DECIMAL(p, s)',
  real: 'FLOAT',
  'double precision': 'DOUBLE',
  date: 'DATE',
  'time without time zone': 'TIME',
  'timestamp without time zone': 'TIMESTAMP(6)',
  'timestamp with time zone': 'TIMESTAMP_LTZ(6)',
  bytea: 'BYTES',
}

function suggestedType(pgType: string): string {
  if (pgType.endsWith('[]')) return `ARRAY<${suggestedType(pgType.slice(0, -2))}>`
  return SUGGESTED[pgType] ?? 'STRING'
}

/** The type that a column would be created with. */
function pgTypeFor(type: SqlType): string {
  switch (type.kind) {
    case 'TINYINT':
    case 'SMALLINT':
      return 'smallint'
    case 'INT':
      return 'integer'
    case 'BIGINT':
      return 'bigint'
    case 'FLOAT':
      return 'real'
    case 'DOUBLE':
      return 'double precision'
    case 'BOOLEAN':
      return 'boolean'
    case 'DECIMAL':
      return `numeric(${type.precision}, ${type.scale})`
    case 'DATE':
      return 'date'
    case 'TIME':
      return `time(${Math.min(6, type.precision)})`
    case 'TIMESTAMP':
      return `timestamp(${Math.min(6, type.precision)})`
    case 'TIMESTAMP_LTZ':
      return `timestamptz(${Math.min(6, type.precision)})`
    case 'BINARY':
    case 'VARBINARY':
      return 'bytea'
    case 'ARRAY':
      return `${pgTypeFor(type.element)}[]`
    default:
      return 'text'
  }
}
