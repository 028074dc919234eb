/** SET and RESET (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/set/). */
import type { ResetOption, SetOption } from '../../parser/ast.ts'
import { DONE, type StatementResult, table } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'

export function executeSet(statement: SetOption, scope: StatementScope): StatementResult {
  const { property } = statement
  if (property === undefined) {
    return table(
      ['key', 'value'],
      scope.configuration.entries().map(([key, value]) => [key, value]),
    )
  }
  const warning = located(scope, property.value.span, () =>
    scope.configuration.set(property.key.value, property.value.value),
  )
  return warning === undefined ? DONE : { kind: 'done', warnings: [warning] }
}

export function executeReset(statement: ResetOption, scope: StatementScope): StatementResult {
  scope.configuration.reset(statement.key?.value)
  return DONE
}
