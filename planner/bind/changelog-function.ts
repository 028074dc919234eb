/**
 * TO_CHANGELOG and FROM_CHANGELOG: changes as rows, and rows as changes
 * (https://nightlies.apache.org/flink/flink-docs-master/docs/sql/reference/queries/changelog/).
 */
import { didYouMean } from '../../core/suggest.ts'
import { typeToString } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import { behindOp, createFromChangelog } from '../logical/from-changelog.ts'
import type { LogicalNode } from '../logical/node.ts'
import { selectColumns } from '../logical/project.ts'
import { createToChangelog } from '../logical/to-changelog.ts'
import { isBatch } from '../physical/batch.ts'
import { CHANGE_OPERATIONS, type FromChangelogSpec } from '../physical/graph.ts'
import { type BinderContext, errorAt, statementPosition, unsupported } from './binder-context.ts'
import {
  bindTableArgument,
  descriptorOf,
  type LiteralEntry,
  literalEntries,
  matchArguments,
  type PlanTableSource,
  type TableFunctionArguments,
  type TableFunctionForm,
} from './table-argument.ts'
import { withoutTimeAttribute } from './types.ts'

const TO_CHANGELOG: TableFunctionForm = {
  name: 'TO_CHANGELOG',
  parameters: ['input', 'op', 'op_mapping', 'produces_full_deletes'],
  usage:
    "TO_CHANGELOG(input => TABLE t [PARTITION BY k] [, op => DESCRIPTOR(op)] [, op_mapping => MAP['INSERT', 'I']])",
}

const FROM_CHANGELOG: TableFunctionForm = {
  name: 'FROM_CHANGELOG',
  parameters: ['input', 'op', 'op_mapping', 'invalid_op_handling'],
  usage:
    "FROM_CHANGELOG(input => TABLE t [PARTITION BY k] [, op => DESCRIPTOR(op)] [, op_mapping => MAP['c, r', 'INSERT']] [, invalid_op_handling => 'FAIL'])",
}

const UPDATE_BEFORE = CHANGE_OPERATIONS.indexOf('UPDATE_BEFORE')
const UPDATE_AFTER = CHANGE_OPERATIONS.indexOf('UPDATE_AFTER')

export function isChangelogFunction(name: string): boolean {
  return name === TO_CHANGELOG.name || name === FROM_CHANGELOG.name
}

export function bindChangelogFunction(
  context: BinderContext,
  call: ast.CallExpression,
  name: string,
  planSource: PlanTableSource,
): LogicalNode {
  if (isBatch(context.planner)) {
    throw unsupported(context, call.span, `${name} in batch mode`, "SET 'execution.runtime-mode' = 'streaming'.")
  }
  return name === TO_CHANGELOG.name
    ? bindToChangelog(context, call, planSource)
    : bindFromChangelog(context, call, planSource)
}

/** Columns of the result: those of PARTITION BY, the operation, the others. */
function bindToChangelog(context: BinderContext, call: ast.CallExpression, planSource: PlanTableSource): LogicalNode {
  const args = matchArguments(context, call, TO_CHANGELOG)
  const { input, partitionKeys } = bindTableArgument(context, call, args, TO_CHANGELOG, planSource)
  const descriptor = descriptorOf(context, args, 'op', TO_CHANGELOG.name)
  const op = descriptor?.name ?? 'op'
  const { fields } = input.schema
  if (fields.some((field) => field.name === op)) {
    const text = `the input of TO_CHANGELOG has a column "${op}" already`
    throw errorAt(context, descriptor?.span ?? call.span, 'INVALID_ARGUMENT', text, {
      hint: 'Name the column of the operation otherwise: op => DESCRIPTOR(operation).',
    })
  }
  checkFullDeletes(context, args)
  const entries = literalEntries(context, args, 'op_mapping', TO_CHANGELOG.name)
  const codes = entries === undefined ? CHANGE_OPERATIONS : codesOf(context, entries)
  const node = createToChangelog(input, { op, codes, partitioned: partitionKeys.length > 0 })
  const rest = [...fields.keys()].filter((column) => !partitionKeys.includes(column))
  return selectColumns(node, [...partitionKeys, fields.length, ...rest])
}

/** A deleted row always comes whole. */
function checkFullDeletes(context: BinderContext, args: TableFunctionArguments): void {
  const argument = args.get('produces_full_deletes')
  if (argument === undefined) return
  if (argument.kind !== 'boolean') {
    const text = '"produces_full_deletes" of TO_CHANGELOG must be TRUE or FALSE'
    throw errorAt(context, argument.span, 'INVALID_ARGUMENT', text)
  }
  if (argument.value) return
  const hint = 'Deleted rows come with all of their columns: leave the argument out, and set columns to NULL with CASE.'
  throw unsupported(context, argument.span, 'produces_full_deletes => FALSE of TO_CHANGELOG', hint)
}

/** `'INSERT, UPDATE_AFTER' → 'upsert'`: by row kind; those without a code are left out. */
function codesOf(context: BinderContext, entries: readonly LiteralEntry[]): readonly (string | null)[] {
  const codes: (string | null)[] = CHANGE_OPERATIONS.map(() => null)
  for (const { key, value } of entries) {
    for (const name of key.value.split(',')) {
      const kind = operationOf(context, name.trim(), key)
      if (codes[kind] !== null) {
        const text = `the change operation ${CHANGE_OPERATIONS[kind]} stands twice in op_mapping`
        throw errorAt(context, key.span, 'INVALID_ARGUMENT', text)
      }
      codes[kind] = value.value
    }
  }
  return codes
}

function operationOf(context: BinderContext, name: string, node: ast.StringLiteral): number {
  const kind = CHANGE_OPERATIONS.findIndex((operation) => operation === name)
  if (kind >= 0) return kind
  throw errorAt(context, node.span, 'INVALID_ARGUMENT', `"${name}" in op_mapping is no change operation`, {
    hint: didYouMean(name, CHANGE_OPERATIONS) ?? `Change operations are ${CHANGE_OPERATIONS.join(', ')}.`,
  })
}

/** Columns of the result: those of PARTITION BY, then the others without the operation. */
function bindFromChangelog(context: BinderContext, call: ast.CallExpression, planSource: PlanTableSource): LogicalNode {
  const args = matchArguments(context, call, FROM_CHANGELOG)
  const { input, partitionKeys } = bindTableArgument(context, call, args, FROM_CHANGELOG, planSource)
  const op = opColumn(context, call, args, input)
  if (partitionKeys.includes(op)) {
    throw errorAt(context, call.span, 'INVALID_ARGUMENT', 'PARTITION BY of FROM_CHANGELOG names the operation')
  }
  const entries = literalEntries(context, args, 'op_mapping', FROM_CHANGELOG.name)
  const kinds = entries === undefined ? [...CHANGE_OPERATIONS.entries()].map(swapped) : kindsOf(context, entries)
  const upserts = has(kinds, UPDATE_AFTER) && !has(kinds, UPDATE_BEFORE)
  if (upserts && partitionKeys.length === 0) {
    const text = 'op_mapping gives UPDATE_AFTER without UPDATE_BEFORE, which needs a key'
    throw errorAt(context, args.get('op_mapping')?.span ?? call.span, 'INVALID_ARGUMENT', text, {
      hint: 'Name the key (input => TABLE t PARTITION BY k), or map a code to UPDATE_BEFORE.',
    })
  }
  const keys = upserts ? partitionKeys : undefined
  const invalidOp = invalidOpHandling(context, args)
  const spec: FromChangelogSpec = { op, kinds, invalidOp, ...(keys === undefined ? {} : { keys }) }
  const node = createFromChangelog(input, spec, statementPosition(context, call.span))
  const rest = [...input.schema.fields.keys()].filter((column) => column !== op && !partitionKeys.includes(column))
  return selectColumns(
    node,
    [...partitionKeys, ...rest].map((column) => behindOp(column, op)),
  )
}

function swapped([kind, name]: readonly [number, string]): readonly [string, number] {
  return [name, kind]
}

function has(kinds: FromChangelogSpec['kinds'], wanted: number): boolean {
  return kinds.some(([, kind]) => kind === wanted)
}

function opColumn(
  context: BinderContext,
  call: ast.CallExpression,
  args: TableFunctionArguments,
  { schema: { fields } }: LogicalNode,
): number {
  const descriptor = descriptorOf(context, args, 'op', FROM_CHANGELOG.name)
  const name = descriptor?.name ?? 'op'
  const span = descriptor?.span ?? call.span
  const column = fields.findIndex((field) => field.name === name)
  const field = fields[column]
  if (field === undefined) {
    const names = fields.map((candidate) => candidate.name)
    throw errorAt(context, span, 'UNKNOWN_COLUMN', `the input of FROM_CHANGELOG has no column "${name}"`, {
      hint: didYouMean(name, names) ?? 'Name the column of the operation: op => DESCRIPTOR(operation).',
    })
  }
  if (field.type.kind === 'VARCHAR' || field.type.kind === 'CHAR') return column
  const text = `the operation of FROM_CHANGELOG must be STRING, and "${name}" is ${typeToString(withoutTimeAttribute(field.type))}`
  throw errorAt(context, span, 'TYPE_MISMATCH', text)
}

/** `'c, r' → 'INSERT'`: by code. */
function kindsOf(context: BinderContext, entries: readonly LiteralEntry[]): FromChangelogSpec['kinds'] {
  const kinds = new Map<string, number>()
  for (const { key, value } of entries) {
    const kind = operationOf(context, value.value.trim(), value)
    for (const code of key.value.split(',').map((part) => part.trim())) {
      if (kinds.has(code)) {
        throw errorAt(context, key.span, 'INVALID_ARGUMENT', `the code "${code}" stands twice in op_mapping`)
      }
      kinds.set(code, kind)
    }
  }
  return [...kinds]
}

function invalidOpHandling(context: BinderContext, args: TableFunctionArguments): 'FAIL' | 'SKIP' {
  const argument = args.get('invalid_op_handling')
  if (argument === undefined) return 'FAIL'
  const mode = argument.kind === 'string' ? argument.value : undefined
  if (mode === 'FAIL' || mode === 'SKIP') return mode
  const text = "\"invalid_op_handling\" of FROM_CHANGELOG must be 'FAIL' or 'SKIP'"
  throw errorAt(context, argument.span, 'INVALID_ARGUMENT', text)
}
