/** The LOOKUP hint (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/hints/#lookup). */
import { parseOptions } from '../../core/option-values.ts'
import type { OptionSpec } from '../../core/options.ts'
import type { Hint } from '../../parser/ast.ts'
import type { LookupHint } from '../logical/temporal-join.ts'
import { type BinderContext, errorAt, withPosition } from './binder-context.ts'
import type { Scope } from './scope.ts'

const SPECS: readonly OptionSpec[] = [
  { key: 'table', type: 'string', required: true, description: 'Alias or name of the table that is looked up.' },
  { key: 'async', type: 'boolean', description: 'Lookups are always asynchronous.' },
  { key: 'output-mode', type: 'enum', values: ['ordered', 'allow_unordered'], description: 'Order of the results.' },
  { key: 'capacity', type: 'int', description: 'Requests under way.' },
  { key: 'timeout', type: 'duration', description: 'How long a request may take.' },
  { key: 'retry-predicate', type: 'enum', values: ['lookup_miss'], description: 'When to ask again.' },
  { key: 'retry-strategy', type: 'enum', values: ['fixed_delay'], description: 'How to wait before.' },
  { key: 'fixed-delay', type: 'duration', description: 'How long to wait.' },
  { key: 'max-attempts', type: 'int', description: 'How often to ask again.' },
  { key: 'shuffle', type: 'boolean', description: 'Rows are not distributed.' },
]

const RETRY_KEYS = ['retry-predicate', 'retry-strategy', 'fixed-delay', 'max-attempts']

/** By the table that they name. @throws MillraceError where a hint is not as Flink takes it */
export function lookupHints(context: BinderContext, hints: readonly Hint[]): ReadonlyMap<string, LookupHint> {
  const found = new Map<string, LookupHint>()
  for (const hint of hints) {
    if (!isLookupHint(hint)) continue
    const raw: Record<string, string> = {}
    for (const argument of hint.arguments) {
      if (argument.kind !== 'property') {
        throw errorAt(context, argument.span, 'INVALID_ARGUMENT', "LOOKUP takes 'key' = 'value'")
      }
      raw[argument.key.value] = argument.value.value
    }
    const values = withPosition(context, hint.span, () => parseOptions(SPECS, raw, { label: 'hint LOOKUP' }))
    const missing = RETRY_KEYS.filter((key) => !values.has(key))
    if (missing.length > 0 && missing.length < RETRY_KEYS.length) {
      throw errorAt(context, hint.span, 'MISSING_OPTION', `hint LOOKUP needs '${missing[0]}' to ask again`, {
        detail: `Give all of ${RETRY_KEYS.join(', ')}, or none.`,
      })
    }
    for (const key of ['capacity', 'max-attempts']) {
      if (!values.has(key) || values.int(key) > 0) continue
      throw errorAt(context, hint.span, 'INVALID_ARGUMENT', `'${key}' of hint LOOKUP must be at least 1`)
    }
    const delay = values.optionalDuration('fixed-delay')
    const timeout = values.optionalDuration('timeout')
    found.set(values.string('table'), {
      ...(values.has('output-mode') ? { ordered: values.enum('output-mode') === 'ordered' } : {}),
      ...(values.has('capacity') ? { capacity: values.int('capacity') } : {}),
      ...(timeout === undefined ? {} : { timeout }),
      ...(delay === undefined ? {} : { retry: { delay, attempts: values.int('max-attempts') } }),
    })
  }
  return found
}

export function isLookupHint(hint: Hint): boolean {
  return hint.name.name.toUpperCase() === 'LOOKUP'
}

/** @throws MillraceError where a hint names a table that is not in FROM */
export function checkLookupHints(context: BinderContext, hints: readonly Hint[], scope: Scope): void {
  for (const hint of hints.filter(isLookupHint)) {
    const argument = hint.arguments.find((part) => part.kind === 'property' && part.key.value === 'table')
    if (argument?.kind !== 'property') continue
    const table = argument.value.value
    if (scope.relations.some((relation) => relation.names.at(-1) === table)) continue
    throw errorAt(context, argument.span, 'UNKNOWN_TABLE', `hint LOOKUP names "${table}", which is not in FROM`)
  }
}
