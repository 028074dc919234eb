/**
 * TUMBLE, HOP, CUMULATE and SESSION in FROM
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-tvf/).
 */
import { formatDuration } from '../../core/quantities.ts'
import { didYouMean } from '../../core/suggest.ts'
import { type SqlType, typeToString } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createWindowTableFunction } from '../logical/window-table-function.ts'
import { isBatch } from '../physical/batch.ts'
import type { AlignedWindow, SessionWindow } from '../physical/window-spec.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { EMPTY_SCOPE, scopeOf } from './scope.ts'
import { timeAttributeOf, withoutTimeAttribute } from './types.ts'

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  TUMBLE: ['DATA', 'TIMECOL', 'SIZE', 'OFFSET'],
  HOP: ['DATA', 'TIMECOL', 'SLIDE', 'SIZE', 'OFFSET'],
  CUMULATE: ['DATA', 'TIMECOL', 'STEP', 'SIZE', 'OFFSET', 'EMITONLYONUPDATE'],
  SESSION: ['DATA', 'TIMECOL', 'GAP'],
}
const OPTIONAL: readonly string[] = ['OFFSET', 'EMITONLYONUPDATE']

export function isWindowFunction(name: string): boolean {
  return PARAMETERS[name] !== undefined
}

type TableSource = ast.ObjectName | ast.Query

export function bindWindowFunction(
  context: BinderContext,
  call: ast.CallExpression,
  name: string,
  planSource: (source: TableSource) => LogicalNode,
): LogicalNode {
  const args = matchArguments(context, call, name)
  const source = tableOf(context, args.get('DATA'), call, name)
  const input = planSource(source.table)
  const { column, time } = timeColumnOf(context, args.get('TIMECOL'), input, call, name)
  if (time === 'proctime' && isBatch(context.planner)) {
    throw errorAt(
      context,
      call.span,
      'UNSUPPORTED_FEATURE',
      'Window can not be defined over a proctime attribute column for batch mode',
      { hint: "Take the column that has the watermark, or SET 'execution.runtime-mode' = 'streaming'." },
    )
  }
  const duration = (parameter: string): number => intervalOf(context, args.get(parameter), parameter, name, call)
  if (name === 'SESSION') {
    const partitionKeys = [...new Set(source.partitionBy.map((key) => partitionColumn(context, key, input)))]
    const window = sessionWindow(context, { gap: duration('GAP'), partitionKeys, time, timeColumn: column }, call.span)
    return createWindowTableFunction(input, window)
  }
  const [partition] = source.partitionBy
  if (partition !== undefined) {
    throw errorAt(context, partition.span, 'INVALID_ARGUMENT', `${name} does not take PARTITION BY`, {
      hint: 'Only SESSION has windows of its own for each key; GROUP BY the key instead.',
    })
  }
  const size = duration('SIZE')
  const step = name === 'TUMBLE' ? size : duration(name === 'HOP' ? 'SLIDE' : 'STEP')
  const offset = args.has('OFFSET') ? duration('OFFSET') : 0
  const window = alignedWindow(context, name, { size, step, offset, time, timeColumn: column }, call.span)
  if (window.kind === 'cumulate' && size % step !== 0) throw notMultiple(context, call.span, window)
  const emitOnlyOnUpdate = bindFlag(context, args.get('EMITONLYONUPDATE'))
  return createWindowTableFunction(input, emitOnlyOnUpdate ? { ...window, emitOnlyOnUpdate } : window)
}

function bindFlag(context: BinderContext, argument: ast.PositionalArgument | undefined): boolean {
  if (argument === undefined) return false
  if (argument.kind !== 'boolean') {
    throw errorAt(context, argument.span, 'INVALID_ARGUMENT', 'EMITONLYONUPDATE of CUMULATE must be TRUE or FALSE')
  }
  if (argument.value && isBatch(context.planner)) {
    throw unsupported(context, argument.span, 'EMITONLYONUPDATE of CUMULATE in batch mode')
  }
  return argument.value
}

/** Checks sizes as Flink does. */
export function alignedWindow(
  context: BinderContext,
  name: string,
  spec: Omit<AlignedWindow, 'kind'>,
  span: ast.Span,
): AlignedWindow {
  const { size, step, offset } = spec
  if (size <= 0 || step <= 0) {
    throw errorAt(context, span, 'INVALID_ARGUMENT', `the intervals of ${name} must be longer than zero`)
  }
  if (name === 'TUMBLE' && Math.abs(offset) >= size) {
    const text = `the offset of TUMBLE must be shorter than its size, and ${formatDuration(Math.abs(offset))} is not`
    throw errorAt(context, span, 'INVALID_ARGUMENT', text, { detail: `The size is ${formatDuration(size)}.` })
  }
  const kind = name === 'TUMBLE' ? 'tumble' : name === 'HOP' ? 'hop' : 'cumulate'
  return { kind, ...spec }
}

export function sessionWindow(
  context: BinderContext,
  spec: Omit<SessionWindow, 'kind'>,
  span: ast.Span,
): SessionWindow {
  if (spec.gap > 0) return { kind: 'session', ...spec }
  throw errorAt(context, span, 'INVALID_ARGUMENT', 'the gap of SESSION must be longer than zero')
}

/** CUMULATE in any place, and HOP below an aggregation, is made of whole steps. */
export function notMultiple(context: BinderContext, span: ast.Span, { kind, size, step }: AlignedWindow): Error {
  const [name, other] = kind === 'hop' ? ['HOP', 'slide'] : ['CUMULATE', 'step']
  const text = `the size of ${name} must be a multiple of its ${other}, and ${formatDuration(size)} is none of ${formatDuration(step)}`
  return errorAt(context, span, 'INVALID_ARGUMENT', text)
}

function partitionColumn(context: BinderContext, node: ast.Expression, input: LogicalNode): number {
  const scope = scopeOf([], input.schema.fields)
  const bound = bindExpression(expressionContext(context, scope, 'PARTITION BY of SESSION'), node)
  if (bound.kind === 'input') return bound.index
  throw errorAt(context, node.span, 'INVALID_ARGUMENT', 'PARTITION BY of SESSION takes columns only', {
    hint: 'Compute the key in a subquery: SESSION(TABLE (SELECT …) PARTITION BY key, …).',
  })
}

function matchArguments(
  context: BinderContext,
  call: ast.CallExpression,
  name: string,
): ReadonlyMap<string, ast.PositionalArgument> {
  const parameters = PARAMETERS[name] ?? []
  const found = new Map<string, ast.PositionalArgument>()
  for (const [index, argument] of call.arguments.entries()) {
    const parameter = argument.kind === 'named-argument' ? argument.name.name.toUpperCase() : parameters[index]
    if (parameter === undefined) {
      throw errorAt(
        context,
        argument.span,
        'INVALID_ARGUMENT',
        `${name} takes at most ${parameters.length} arguments`,
        {
          hint: formOf(name),
        },
      )
    }
    if (!parameters.includes(parameter)) {
      throw errorAt(context, argument.span, 'INVALID_ARGUMENT', `${name} has no parameter ${parameter}`, {
        hint: didYouMean(parameter, parameters) ?? `Its parameters are: ${parameters.join(', ')}.`,
      })
    }
    if (found.has(parameter)) {
      throw errorAt(context, argument.span, 'INVALID_ARGUMENT', `parameter ${parameter} of ${name} is given twice`)
    }
    found.set(parameter, argument.kind === 'named-argument' ? argument.value : argument)
  }
  for (const parameter of parameters) {
    if (!found.has(parameter) && !OPTIONAL.includes(parameter)) {
      throw errorAt(context, call.span, 'INVALID_ARGUMENT', `${name} needs ${parameter}`, { hint: formOf(name) })
    }
  }
  return found
}

function formOf(name: string): string {
  const forms: Readonly<Record<string, string>> = {
    TUMBLE: 'TUMBLE(TABLE t, DESCRIPTOR(ts), size [, offset])',
    HOP: 'HOP(TABLE t, DESCRIPTOR(ts), slide, size [, offset])',
    CUMULATE: 'CUMULATE(TABLE t, DESCRIPTOR(ts), step, size [, offset [, emitOnlyOnUpdate]])',
    SESSION: 'SESSION(TABLE t [PARTITION BY k], DESCRIPTOR(ts), gap)',
  }
  return `Write ${forms[name] ?? name}.`
}

function tableOf(
  context: BinderContext,
  argument: ast.PositionalArgument | undefined,
  call: ast.CallExpression,
  name: string,
): { readonly table: TableSource; readonly partitionBy: readonly ast.Expression[] } {
  if (argument?.kind === 'subquery') return { table: argument.query, partitionBy: [] }
  if (argument?.kind !== 'table-argument') {
    throw errorAt(
      context,
      argument?.span ?? call.span,
      'INVALID_ARGUMENT',
      `the first argument of ${name} must be a table`,
      {
        hint: formOf(name),
      },
    )
  }
  const [order] = argument.orderBy
  if (order !== undefined) {
    throw errorAt(context, order.span, 'INVALID_ARGUMENT', `${name} does not take ORDER BY`, {
      hint: 'Rows belong to windows by their time, in whatever order they come.',
    })
  }
  return { table: argument.source, partitionBy: argument.partitionBy }
}

function timeColumnOf(
  context: BinderContext,
  argument: ast.PositionalArgument | undefined,
  input: LogicalNode,
  call: ast.CallExpression,
  name: string,
): { readonly column: number; readonly time: 'rowtime' | 'proctime' } {
  const identifier = argument?.kind === 'descriptor' && argument.columns.length === 1 ? argument.columns[0] : undefined
  if (identifier === undefined) {
    throw errorAt(
      context,
      argument?.span ?? call.span,
      'INVALID_ARGUMENT',
      `the time column of ${name} must be DESCRIPTOR(column)`,
      {
        hint: formOf(name),
      },
    )
  }
  const column = input.schema.fields.findIndex((field) => field.name === identifier.name)
  const field = input.schema.fields[column]
  if (field === undefined) {
    const names = input.schema.fields.map((candidate) => candidate.name)
    throw errorAt(context, identifier.span, 'UNKNOWN_COLUMN', `column "${identifier.name}" does not exist`, {
      hint: didYouMean(identifier.name, names) ?? `Columns: ${names.join(', ')}.`,
    })
  }
  const time = windowTimeOf(context, field.type)
  if (time !== undefined) return { column, time }
  throw notTimeAttribute(
    context,
    name,
    identifier.name,
    typeToString(withoutTimeAttribute(field.type)),
    identifier.span,
  )
}

/** Rows of batch mode are all there: every timestamp will do, without a watermark. */
export function windowTimeOf(context: BinderContext, type: SqlType): 'rowtime' | 'proctime' | undefined {
  const attribute = timeAttributeOf(type)
  if (attribute !== undefined || !isBatch(context.planner)) return attribute
  return type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ' ? 'rowtime' : undefined
}

export function notTimeAttribute(
  context: BinderContext,
  name: string,
  column: string,
  type: string,
  span: ast.Span,
): Error {
  return errorAt(context, span, 'TYPE_MISMATCH', `${name} needs a time attribute, and "${column}" is plain ${type}`, {
    detail: 'A column computed from a time attribute is none itself, nor is one that was grouped without a window.',
    hint: `Declare WATERMARK FOR ${column} AS ${column} - INTERVAL '5' SECOND in CREATE TABLE, or use a column AS PROCTIME().`,
  })
}

function intervalOf(
  context: BinderContext,
  argument: ast.PositionalArgument | undefined,
  parameter: string,
  name: string,
  call: ast.CallExpression,
): number {
  const span = argument?.span ?? call.span
  const bound = argument === undefined ? undefined : bindIntervalArgument(context, argument)
  if (bound === undefined) {
    throw errorAt(
      context,
      span,
      'INVALID_ARGUMENT',
      `${parameter} of ${name} must be an interval literal of days to seconds`,
      {
        hint: "Write INTERVAL '10' MINUTES.",
      },
    )
  }
  return bound
}

/** Milliseconds of a literal interval; undefined for anything else. */
export function bindIntervalArgument(context: BinderContext, argument: ast.PositionalArgument): number | undefined {
  if (argument.kind !== 'interval') return undefined
  const bound = bindExpression(expressionContext(context, EMPTY_SCOPE, 'a window'), argument)
  if (bound.kind !== 'literal' || bound.type.kind !== 'INTERVAL_DAY_TIME') return undefined
  return Number(bound.value)
}
