/** Statements as text. */
import { unreachable } from '../../core/errors.ts'
import type {
  Delete,
  Explain,
  Insert,
  LikeFilter,
  Show,
  Statement,
  StatementSet,
  StopJob,
  Update,
} from '../ast/statement.ts'
import { formatCall } from './call.ts'
import { formatDefinition } from './definition.ts'
import { formatHints } from './hint.ts'
import { formatIdentifier, formatObjectName, formatProperty, formatString, list, parenthesize, words } from './name.ts'
import type { Printer } from './printer.ts'
import { formatPartition, formatWith } from './schema.ts'

export function formatAnyStatement(p: Printer, s: Statement): string {
  switch (s.kind) {
    case 'query':
      return p.query(s)
    case 'insert':
      return formatInsert(p, s)
    case 'statement-set':
      return `EXECUTE ${formatStatementSet(p, s)}`
    case 'begin-statement-set':
      return 'BEGIN STATEMENT SET'
    case 'end-statement-set':
      return 'END'
    case 'update':
      return formatUpdate(p, s)
    case 'delete':
      return formatDelete(p, s)
    case 'truncate':
      return `TRUNCATE TABLE ${formatObjectName(s.table)}`
    case 'call-procedure':
      return `CALL ${formatCall(p, s.call)}`
    case 'explain':
      return formatExplain(p, s)
    case 'compile-plan':
      return words(
        `COMPILE PLAN ${formatString(s.path)}`,
        s.ifNotExists && 'IF NOT EXISTS',
        `FOR ${formatPlanned(p, s.statement)}`,
      )
    case 'execute-plan':
      return `EXECUTE PLAN ${formatString(s.path)}`
    case 'compile-and-execute-plan':
      return `COMPILE AND EXECUTE PLAN ${formatString(s.path)} FOR ${formatPlanned(p, s.statement)}`
    case 'use-catalog':
    case 'use-database':
    case 'use-modules':
    case 'load-module':
    case 'unload-module':
    case 'set':
    case 'reset':
    case 'add-jar':
    case 'remove-jar':
    case 'client-command':
    case 'source':
      return formatSession(s)
    case 'show':
    case 'show-columns':
    case 'show-partitions':
    case 'show-create':
    case 'describe':
    case 'describe-job':
    case 'stop-job':
      return formatInspection(p, s)
    default:
      return formatDefinition(p, s)
  }
}

type OfKind<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>

function formatInsert(p: Printer, s: Insert): string {
  const target = words(
    'INSERT',
    s.overwrite ? 'OVERWRITE' : 'INTO',
    formatObjectName(s.table),
    formatHints(s.hints),
    formatPartition(p, s.partition),
    s.columns && parenthesize(s.columns, formatObjectName),
  )
  return `${target}\n${p.query(s.query)}${s.onConflict === undefined ? '' : `\nON CONFLICT DO ${s.onConflict}`}`
}

function formatStatementSet(p: Printer, s: StatementSet): string {
  return ['STATEMENT SET BEGIN', ...s.inserts.map((insert) => `${formatInsert(p, insert)};`), 'END'].join('\n')
}

function formatPlanned(p: Printer, s: Insert | StatementSet): string {
  return s.kind === 'insert' ? formatInsert(p, s) : formatStatementSet(p, s)
}

function formatUpdate(p: Printer, s: Update): string {
  return words(
    'UPDATE',
    formatObjectName(s.table),
    s.alias && `AS ${formatIdentifier(s.alias)}`,
    `SET ${list(s.assignments, ({ column, value }) => `${formatObjectName(column)} = ${p.expression(value)}`)}`,
    s.where && `WHERE ${p.expression(s.where)}`,
  )
}

function formatDelete(p: Printer, s: Delete): string {
  return words(
    'DELETE FROM',
    formatObjectName(s.table),
    s.alias && `AS ${formatIdentifier(s.alias)}`,
    s.where && `WHERE ${p.expression(s.where)}`,
  )
}

function formatExplain(p: Printer, { details, statement }: Explain): string {
  const text = statement.kind === 'statement-set' ? formatStatementSet(p, statement) : formatAnyStatement(p, statement)
  return `EXPLAIN ${details.length === 0 ? 'PLAN FOR' : details.join(', ')} ${text}`
}

type Session = OfKind<
  | 'use-catalog'
  | 'use-database'
  | 'use-modules'
  | 'load-module'
  | 'unload-module'
  | 'set'
  | 'reset'
  | 'add-jar'
  | 'remove-jar'
  | 'client-command'
  | 'source'
>

function formatSession(s: Session): string {
  switch (s.kind) {
    case 'use-catalog':
      return `USE CATALOG ${formatIdentifier(s.name)}`
    case 'use-database':
      return `USE ${formatObjectName(s.name)}`
    case 'use-modules':
      return `USE MODULES ${list(s.names, formatIdentifier)}`
    case 'load-module':
      return words('LOAD MODULE', formatIdentifier(s.name), formatWith(s.options))
    case 'unload-module':
      return `UNLOAD MODULE ${formatIdentifier(s.name)}`
    case 'set':
      return words('SET', s.property && formatProperty(s.property))
    case 'reset':
      return words('RESET', s.key && formatString(s.key))
    case 'add-jar':
      return `ADD JAR ${formatString(s.path)}`
    case 'remove-jar':
      return `REMOVE JAR ${formatString(s.path)}`
    case 'client-command':
      return s.command
    case 'source':
      return `SOURCE ${formatString(s.path)}`
    default:
      return unreachable(s)
  }
}

type Inspection = OfKind<
  'show' | 'show-columns' | 'show-partitions' | 'show-create' | 'describe' | 'describe-job' | 'stop-job'
>

function formatInspection(p: Printer, s: Inspection): string {
  switch (s.kind) {
    case 'show':
      return formatShow(s)
    case 'show-columns':
      return words('SHOW COLUMNS FROM', formatObjectName(s.table), formatFilter(s.filter))
    case 'show-partitions':
      return words('SHOW PARTITIONS', formatObjectName(s.table), formatPartition(p, s.partition))
    case 'show-create':
      return `SHOW CREATE ${s.object} ${formatObjectName(s.name)}`
    case 'describe':
      return words('DESCRIBE', s.object !== 'TABLE' && s.object, s.extended && 'EXTENDED', formatObjectName(s.name))
    case 'describe-job':
      return `DESCRIBE JOB ${formatString(s.job)}`
    case 'stop-job':
      return formatStopJob(s)
    default:
      return unreachable(s)
  }
}

function formatShow({ object, scope, filter }: Show): string {
  return words('SHOW', object, scope && `FROM ${formatObjectName(scope)}`, formatFilter(filter))
}

function formatFilter(filter: LikeFilter | undefined): string | undefined {
  return filter && words(filter.negated && 'NOT', filter.operator, formatString(filter.pattern))
}

function formatStopJob({ job, withSavepoint, withDrain }: StopJob): string {
  return words('STOP JOB', formatString(job), withSavepoint && 'WITH SAVEPOINT', withDrain && 'WITH DRAIN')
}
