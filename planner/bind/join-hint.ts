/**
 * BROADCAST, SHUFFLE_HASH, SHUFFLE_MERGE, NEST_LOOP and MULTI_JOIN say how a distributed join is to be carried out. The
 * result is the same, and there is one way to do it here: their tables are checked, as Flink does, and that is all
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/hints/#join-hints).
 */
import type { Hint, TableReference } from '../../parser/ast.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import type { Scope } from './scope.ts'

const JOIN_HINTS: readonly string[] = ['BROADCAST', 'SHUFFLE_HASH', 'SHUFFLE_MERGE', 'NEST_LOOP', 'MULTI_JOIN']

export function isJoinHint(hint: Hint): boolean {
  return JOIN_HINTS.includes(hint.name.name.toUpperCase())
}

/**
 * Without a join the tables are not looked at.
 *
 * @throws MillraceError where a hint names no table, or one that is not in FROM
 */
export function checkJoinHints(
  context: BinderContext,
  hints: readonly Hint[],
  from: TableReference | undefined,
  scope: Scope,
): void {
  for (const hint of hints.filter(isJoinHint)) {
    const name = hint.name.name.toUpperCase()
    const [first] = hint.arguments
    if (first === undefined) {
      throw errorAt(context, hint.span, 'INVALID_ARGUMENT', `hint ${name} needs at least one table`, {
        hint: `Write ${name}(t).`,
      })
    }
    for (const argument of hint.arguments) {
      const table = argument.kind === 'identifier' ? argument.name : argument.kind === 'string' ? argument.value : null
      if (table === null)
        throw errorAt(context, argument.span, 'INVALID_ARGUMENT', `hint ${name} takes names of tables`)
      if (from?.kind !== 'join' || scope.relations.some((relation) => relation.names.at(-1) === table)) continue
      throw errorAt(context, argument.span, 'UNKNOWN_TABLE', `hint ${name} names "${table}", which is not in FROM`)
    }
  }
}
