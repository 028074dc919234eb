/** Hints behind SELECT (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/hints/). */
import { parseDuration } from '../../core/quantities.ts'
import type { Hint } from '../../parser/ast.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import type { Scope } from './scope.ts'

/**
 * `STATE_TTL('t' = '1 d')`: how long the aggregate over that table keeps a group, in milliseconds. Every other hint is
 * one of joins and is refused.
 */
export function stateTtlHint(context: BinderContext, hints: readonly Hint[], scope: Scope): number | undefined {
  let found: number | undefined
  for (const hint of hints) {
    if (hint.name.name.toUpperCase() !== 'STATE_TTL') throw unsupported(context, hint.span, `hint ${hint.name.name}`)
    for (const argument of hint.arguments) {
      if (argument.kind !== 'property') {
        throw errorAt(context, argument.span, 'INVALID_ARGUMENT', "STATE_TTL takes 'table' = 'duration'")
      }
      const table = argument.key.value
      if (!scope.relations.some((relation) => relation.names.at(-1) === table)) {
        throw errorAt(
          context,
          argument.key.span,
          'UNKNOWN_TABLE',
          `hint STATE_TTL names "${table}", which is not in FROM`,
        )
      }
      found = parseDuration(argument.value.value)
      if (found === undefined) {
        throw errorAt(context, argument.value.span, 'INVALID_ARGUMENT', `'${argument.value.value}' is not a duration`, {
          hint: "Write for example '1 d' or '30 min'.",
        })
      }
    }
  }
  return found
}
