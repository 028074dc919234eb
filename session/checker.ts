/** Binds statements without running any: definitions change a catalog in memory, queries are planned and forgotten. */
import type { Statement } from '../parser/ast.ts'
import { checkStatement } from '../planner/plan.ts'
import { Session } from './session.ts'

/** Statements that only change the catalog or the configuration in memory: carried out, for what follows. */
const CARRIED_OUT: ReadonlySet<Statement['kind']> = new Set([
  'create-table',
  'alter-table',
  'drop-table',
  'create-view',
  'alter-view',
  'drop-view',
  'create-function',
  'alter-function',
  'drop-function',
  'create-catalog',
  'alter-catalog',
  'drop-catalog',
  'create-database',
  'alter-database',
  'drop-database',
  'use-catalog',
  'use-database',
  'set',
  'reset',
  'describe',
  'show-columns',
  'show-create',
])

export class Checker {
  readonly #session: Session

  constructor(configuration: Readonly<Record<string, string>>) {
    this.#session = new Session({ configuration })
  }

  /** @throws MillraceError with the position in `sql` */
  async check(statement: Statement, sql: string): Promise<void> {
    if (statement.kind === 'create-table' && statement.query !== undefined) {
      checkStatement(statement.query, sql, this.#session.plannerContext())
      this.#session.define(statement, sql)
      return
    }
    if (CARRIED_OUT.has(statement.kind)) {
      await this.#session.executeParsed(statement, sql)
      return
    }
    switch (statement.kind) {
      case 'query':
      case 'insert':
      case 'statement-set':
        checkStatement(statement, sql, this.#session.plannerContext())
        return
      case 'explain':
        checkStatement(statement.statement, sql, this.#session.plannerContext())
        return
      default:
        return
    }
  }
}
