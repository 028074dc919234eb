/** Hints behind SELECT (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/hints/). */
import { parseDuration } from '../../core/quantities.ts'
import type { Hint } from '../../parser/ast.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import { isJoinHint } from './join-hint.ts'
import { isLookupHint } from './lookup-hint.ts'
import type { Scope } from './scope.ts'

/**
 * `STATE_TTL('t' = '1 d')`: how long a join keeps the rows of that table, and an aggregate over it alone a group, in
 * milliseconds by table. Every other hint but LOOKUP and those of joins is refused.
 */
export function stateTtlHints(context: BinderContext, hints: readonly Hint[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const hint of hints) {
    if (isLookupHint(hint) || isJoinHint(hint)) continue
    if (hint.name.name.toUpperCase() !== 'STATE_TTL') throw unsupported(context, hint.span, `hint ${hint.name.name}`)
    for (const argument of hint.arguments) {
      if (argument.kind !== 'property') {
        throw errorAt(context, argument.span, 'INVALID_ARGUMENT', "STATE_TTL takes 'table' = 'duration'")
      }
      const duration = parseDuration(argument.value.value)
      if (duration === undefined) {
        throw errorAt(context, argument.value.span, 'INVALID_ARGUMENT', `'${argument.value.value}' is not a duration`, {
          hint: "Write for example '1 d' or '30 min'.",
        })
      }
      found.set(argument.key.value, duration)
    }
  }
  return found
}

/** @throws MillraceError where a hint names a table that is not in FROM */
export function checkStateTtlHints(context: BinderContext, hints: readonly Hint[], scope: Scope): void {
  for (const argument of hints.flatMap((hint) => (isLookupHint(hint) || isJoinHint(hint) ? [] : hint.arguments))) {
    if (argument.kind !== 'property') continue
    const table = argument.key.value
    if (scope.relations.some((relation) => relation.names.at(-1) === table)) continue
    throw errorAt(context, argument.key.span, 'UNKNOWN_TABLE', `hint STATE_TTL names "${table}", which is not in FROM`)
  }
}
