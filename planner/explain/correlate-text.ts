/** Table functions applied to every row, in EXPLAIN. */
import { type Field, MAX_LENGTH, type SqlType, typeToString, withNullability } from '../../core/types.ts'
import { withoutTimeAttribute } from '../bind/types.ts'
import type { Expression } from '../expression.ts'
import type { Correlate } from '../logical/correlate.ts'
import type { DraftNode } from '../physical/draft.ts'
import type { TableInvocation } from '../physical/graph.ts'
import { logicalText } from './expression-text.ts'

/** `Correlate(invocation=[$UNNEST_ROWS$1($cor0.a)], correlate=[…], select=[…], rowType=[…], joinType=[INNER])`. */
export function correlateText(
  { invocation, joinType, schema, condition }: Extract<DraftNode, { kind: 'correlate' }>,
  input: readonly string[],
): string {
  const call = invocationText(invocation, (column) => `$cor0.${input[column] ?? `$${column}`}`)
  const select = schema.fields.map((field) => field.name).join(',')
  return `Correlate(invocation=[${call}], correlate=[table(${call})], select=[${select}], rowType=[${recordText(schema.fields)}], joinType=[${joinType.toUpperCase()}]${conditionText(condition)})`
}

/** With positions in the output. */
function conditionText(condition: Expression | undefined): string {
  return condition === undefined ? '' : `, condition=[${logicalText(condition)}]`
}

export function logicalCorrelateText({ invocation, joinType, input, condition }: Correlate): string {
  const names = input.schema.fields.map((field) => field.name)
  const call = invocationText(invocation, (column) => `$cor0.${names[column] ?? `$${column}`}`)
  return `LogicalCorrelate(correlation=[$cor0], joinType=[${joinType}], requiredColumns=[{${[...new Set(invocation.args)].join(', ')}}], invocation=[${call}]${conditionText(condition)})`
}

function invocationText(invocation: TableInvocation, column: (index: number) => string): string {
  return `${nameOf(invocation)}(${invocation.args.map(column).join(', ')})`
}

function nameOf(invocation: TableInvocation): string {
  if (invocation.kind === 'user') return invocation.function.path.name
  if (invocation.kind === 'replicate-rows') return '$REPLICATE_ROWS$1'
  return invocation.withOrdinality ? '$UNNEST_ROWS_WITH_ORDINALITY$1' : '$UNNEST_ROWS$1'
}

function recordText(fields: readonly Field[], open = 'RecordType'): string {
  return `${open}(${fields.map((field) => `${typeText(field.type)} ${field.name}`).join(', ')})`
}

/** A type in Calcite's words: `INTEGER`, `VARCHAR(2147483647) ARRAY`, `(BIGINT, DOUBLE) MAP`. */
function typeText(type: SqlType): string {
  switch (type.kind) {
    case 'INT':
      return 'INTEGER'
    case 'VARCHAR':
    case 'VARBINARY':
      return type.length === MAX_LENGTH ? `${type.kind}(${MAX_LENGTH})` : nullableText(type)
    case 'ARRAY':
    case 'MULTISET':
      return `${typeText(type.element)} ${type.kind}`
    case 'MAP':
      return `(${typeText(type.key)}, ${typeText(type.value)}) MAP`
    case 'ROW':
      return recordText(type.fields, 'RecordType:peek_no_expand')
    default:
      return nullableText(type)
  }
}

function nullableText(type: SqlType): string {
  const attribute = 'timeAttribute' in type && type.timeAttribute !== undefined
  const text = typeToString(withNullability(withoutTimeAttribute(type), true))
  return attribute ? `${text} *${type.timeAttribute?.toUpperCase() ?? ''}*` : text
}
