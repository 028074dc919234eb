/** Materialized tables. Follows Flink's page "Materialized Table Statements". */
import type {
  AlterMaterializedTable,
  AlterMaterializedTableAction,
  CreateMaterializedTable,
  DropMaterializedTable,
  StartMode,
} from '../ast/definition.ts'
import type { Cursor } from '../cursor.ts'
import { parseTableAction } from './alter-table.ts'
import { parseInterval } from './literal.ts'
import { acceptIfExists, acceptIfNotExists, parseTableName, parseWithOptions } from './name.ts'
import { parseLayout } from './table.ts'
import { parsePartition, parseTableSchema } from './table-schema.ts'

/** Behind CREATE [OR ALTER] MATERIALIZED TABLE. */
export function parseCreateMaterializedTable(c: Cursor, start: number, orAlter: boolean): CreateMaterializedTable {
  const ifNotExists = !orAlter && acceptIfNotExists(c)
  const name = parseTableName(c)
  const schema = parseTableSchema(c)
  const layout = parseLayout(c)
  const refresh = parseRefresh(c)
  c.expectWord('AS')
  const query = c.query()
  return {
    kind: 'create-materialized-table',
    orAlter,
    ifNotExists,
    name,
    ...schema,
    ...layout,
    ...refresh,
    query,
    span: c.spanFrom(start),
  }
}

/** `[FRESHNESS = INTERVAL …] [REFRESH_MODE = …] [START_MODE = …]`. */
function parseRefresh(c: Cursor): Pick<CreateMaterializedTable, 'freshness' | 'refreshMode' | 'startMode'> {
  let parts: Pick<CreateMaterializedTable, 'freshness' | 'refreshMode' | 'startMode'> = {}
  if (c.acceptWord('FRESHNESS')) {
    c.expectSymbol('=')
    parts = { ...parts, freshness: parseInterval(c) }
  }
  if (c.acceptWord('REFRESH_MODE')) {
    c.expectSymbol('=')
    parts = { ...parts, refreshMode: c.expectOneOf('CONTINUOUS', 'FULL') }
  }
  if (c.acceptWord('START_MODE')) {
    c.expectSymbol('=')
    parts = { ...parts, startMode: parseStartMode(c) }
  }
  return parts
}

function parseStartMode(c: Cursor): StartMode {
  const { start } = c.token
  const mode = c.expectOneOf(
    'FROM_BEGINNING',
    'FROM_NOW',
    'FROM_TIMESTAMP',
    'RESUME_OR_FROM_BEGINNING',
    'RESUME_OR_FROM_NOW',
    'RESUME_OR_FROM_TIMESTAMP',
  )
  const required = mode.endsWith('FROM_TIMESTAMP')
  const optional = mode.endsWith('FROM_NOW')
  if (!required && !(optional && c.isSymbol('('))) return { kind: 'start-mode', mode, span: c.spanFrom(start) }
  c.expectSymbol('(')
  const argument = c.expression()
  c.expectSymbol(')')
  return { kind: 'start-mode', mode, argument, span: c.spanFrom(start) }
}

/** Behind ALTER MATERIALIZED TABLE. */
export function parseAlterMaterializedTable(c: Cursor, start: number): AlterMaterializedTable {
  const name = parseTableName(c)
  const action = parseRefreshAction(c) ?? parseTableAction(c)
  if (action === undefined) {
    return c.fail('SUSPEND, RESUME, REFRESH, AS, ADD, MODIFY, DROP, RENAME, SET or RESET')
  }
  return { kind: 'alter-materialized-table', name, action, span: c.spanFrom(start) }
}

function parseRefreshAction(c: Cursor): AlterMaterializedTableAction | undefined {
  const { start } = c.token
  if (c.acceptWord('SUSPEND')) return { kind: 'suspend', span: c.spanFrom(start) }
  if (c.acceptWord('RESUME')) return { kind: 'resume', options: parseWithOptions(c), span: c.spanFrom(start) }
  if (c.acceptWord('REFRESH')) {
    const partition = c.acceptWord('PARTITION') ? parsePartition(c) : []
    return { kind: 'refresh', partition, span: c.spanFrom(start) }
  }
  if (c.acceptWord('AS')) return { kind: 'change-query', query: c.query(), span: c.spanFrom(start) }
  return undefined
}

export function parseDropMaterializedTable(c: Cursor, start: number): DropMaterializedTable {
  const ifExists = acceptIfExists(c)
  const name = parseTableName(c)
  return { kind: 'drop-materialized-table', ifExists, name, span: c.spanFrom(start) }
}
