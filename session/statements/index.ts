/** Which code carries out which statement. */
import { MillraceError } from '../../core/errors.ts'
import { positionOf, type Statement } from '../../parser/ast.ts'
import { explainStatement } from '../../planner/plan.ts'
import { DONE, type StatementResult } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { executeAlterTable } from './alter-table.ts'
import { executeReset, executeSet } from './configuration.ts'
import { executeCreateTable, executeDropTable } from './create-table.ts'
import {
  executeAlterCatalog,
  executeAlterDatabase,
  executeCreateCatalog,
  executeCreateDatabase,
  executeDropCatalog,
  executeDropDatabase,
  executeUseDatabase,
} from './databases.ts'
import { executeDescribe, executeShowColumns } from './describe.ts'
import { executeInsert, executeQuery } from './dml.ts'
import { executeAlterFunction, executeCreateFunction, executeDropFunction } from './functions.ts'
import { executeDescribeJob, executeStopJob } from './jobs.ts'
import { executeShow, executeShowCreate } from './show.ts'
import { executeAlterView, executeCreateView, executeDropView } from './views.ts'

type Handler<K extends Statement['kind']> = (
  statement: Extract<Statement, { readonly kind: K }>,
  scope: StatementScope,
) => StatementResult | Promise<StatementResult>

const HANDLERS: { readonly [K in Statement['kind']]?: Handler<K> } = {
  query: executeQuery,
  insert: executeInsert,
  'statement-set': executeInsert,
  explain: (statement, scope) => ({
    kind: 'text',
    column: 'result',
    text: explainStatement(statement, scope.sql, scope.planner),
  }),
  'create-table': executeCreateTable,
  'alter-table': executeAlterTable,
  'drop-table': executeDropTable,
  'create-view': executeCreateView,
  'alter-view': executeAlterView,
  'drop-view': executeDropView,
  'create-function': executeCreateFunction,
  'alter-function': executeAlterFunction,
  'drop-function': executeDropFunction,
  'create-catalog': executeCreateCatalog,
  'alter-catalog': executeAlterCatalog,
  'drop-catalog': executeDropCatalog,
  'create-database': executeCreateDatabase,
  'alter-database': executeAlterDatabase,
  'drop-database': executeDropDatabase,
  'use-catalog': (statement, scope) => {
    located(scope, statement.name.span, () => {
      scope.catalog.useCatalog(statement.name.name)
    })
    return DONE
  },
  'use-database': executeUseDatabase,
  set: executeSet,
  reset: executeReset,
  show: executeShow,
  'show-columns': executeShowColumns,
  'show-create': executeShowCreate,
  describe: executeDescribe,
  'describe-job': executeDescribeJob,
  'stop-job': executeStopJob,
  'client-command': (statement) => ({ kind: 'command', command: statement.command }),
  source: (statement) => ({ kind: 'command', command: 'SOURCE', argument: statement.path.value }),
}

export async function executeStatement(statement: Statement, scope: StatementScope): Promise<StatementResult> {
  const handler = HANDLERS[statement.kind] as Handler<Statement['kind']> | undefined
  if (handler === undefined) throw unsupported(statement, scope.sql)
  return handler(statement, scope)
}

/** A statement of the grammar that nothing carries out. */
function unsupported(statement: Statement, sql: string): MillraceError {
  const name = statement.kind.replaceAll('-', ' ').toUpperCase()
  return new MillraceError('UNSUPPORTED_FEATURE', `${name} is not supported`, {
    position: positionOf(sql, statement.span),
    ...REASONS[statement.kind],
  })
}

const BY_ROW = 'No connector changes rows in place: what a table holds is what was written into it.'

/** Why, and what to write instead. */
const REASONS: { readonly [K in Statement['kind']]?: { readonly detail: string; readonly hint?: string } } = {
  truncate: {
    detail: 'No connector empties a table.',
    hint: 'INSERT OVERWRITE t SELECT … replaces what a filesystem table holds.',
  },
  update: {
    detail: BY_ROW,
    hint: 'Write the new rows with INSERT INTO a table with a PRIMARY KEY: the last one counts.',
  },
  delete: { detail: BY_ROW, hint: 'INSERT OVERWRITE t SELECT … writes only the rows that are to stay.' },
}
