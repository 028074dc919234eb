/**
 * Puts the copies for grouping sets below the window function that they are made of, so that the function can become
 * part of the aggregate above them.
 */
import type { Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf, mapInputs } from '../expression-rewrite.ts'
import { createExpand, type Expand } from '../logical/expand.ts'
import { createFilter } from '../logical/filter.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import {
  createWindowTableFunction,
  WINDOW_COLUMNS,
  type WindowTableFunction,
} from '../logical/window-table-function.ts'
import { type Program, programOf } from './program.ts'
import type { RuleContext } from './rule-context.ts'

/** @returns undefined where something is computed from the window columns, or a set lacks one of them */
export function transposeExpand(expand: Expand, rules: RuleContext): LogicalNode | undefined {
  const program = programOf(expand.input, rules)
  const source = program.base
  if (source.kind !== 'window-table-function' || source.window.kind === 'session') return undefined
  const width = source.input.schema.fields.length
  const readsWindow = (expression: Expression): boolean =>
    [...collectInputs(expression)].some((index) => index >= width)
  const columns = expandedColumns(expand, program, width, readsWindow)
  if (columns === undefined) return undefined
  const conditions = program.condition === undefined ? [] : conjunctsOf(program.condition)
  const above = conditions.filter(readsWindow)
  if (above.some((condition) => [...collectInputs(condition)].some((index) => index < width))) return undefined
  const below = conjunction(conditions.filter((condition) => !readsWindow(condition)))
  const filtered = below === undefined ? source.input : createFilter(source.input, below)
  return build(expand, columns, source, filtered, above)
}

/** A column of the copies: one of the window, or one that is computed from the function's input. */
type ExpandedColumn = { readonly property: number } | { readonly expression: Expression }

function expandedColumns(
  expand: Expand,
  program: Program,
  width: number,
  readsWindow: (expression: Expression) => boolean,
): readonly ExpandedColumn[] | undefined {
  const columns: ExpandedColumn[] = []
  for (let index = 0; index < expand.schema.fields.length - 1; index++) {
    const sources = expand.copies.map((copy) => copy.columns[index] ?? null)
    const source = sources.find((column) => column !== null) ?? null
    const expression = source === null ? undefined : program.projections[source]
    if (expression === undefined || sources.some((column) => column !== null && column !== source)) return undefined
    if (!readsWindow(expression)) columns.push({ expression })
    else if (expression.kind === 'input' && !sources.includes(null))
      columns.push({ property: expression.index - width })
    else return undefined
  }
  return columns
}

function build(
  expand: Expand,
  columns: readonly ExpandedColumn[],
  source: WindowTableFunction,
  input: LogicalNode,
  above: readonly Expression[],
): LogicalNode {
  const { fields } = source.input.schema
  const { timeColumn } = source.window
  const timeField = fields[timeColumn] ?? { name: '', type: { kind: 'NULL', nullable: true } }
  const own = columns.flatMap((column, index) => ('expression' in column ? [{ index, ...column }] : []))
  const time: Expression = { kind: 'input', index: timeColumn, type: timeField.type }
  const named = own.map(({ index, expression }) => ({
    name: expand.schema.fields[index]?.name ?? '',
    type: expression.type,
  }))
  const computed = createProject(input, [...own.map(({ expression }) => expression), time], {
    fields: [...named, { ...timeField, name: uniqueTime(timeField.name, named) }],
  })
  const copies = expand.copies.map(({ columns: kept, id }) => ({
    columns: [...own.map(({ index }, at) => (kept[index] === null ? null : at)), own.length],
    id,
  }))
  const copied = createExpand(computed, copies)
  const windowed = createWindowTableFunction(copied, { ...source.window, timeColumn: own.length })
  const firstWindow = windowed.schema.fields.length - WINDOW_COLUMNS.length
  const condition = conjunction(
    above.map((part) => mapInputs(part, (ref) => ({ ...ref, index: ref.index - fields.length + firstWindow }))),
  )
  const positions = columns.map((column, index) =>
    'property' in column ? firstWindow + column.property : own.findIndex((other) => other.index === index),
  )
  const expressions = [...positions, own.length + 1].map((position): Expression => {
    const type = windowed.schema.fields[position]?.type ?? { kind: 'NULL', nullable: true }
    return { kind: 'input', index: position, type }
  })
  return createProject(
    condition === undefined ? windowed : createFilter(windowed, condition),
    expressions,
    expand.schema,
  )
}

function uniqueTime(name: string, used: readonly { readonly name: string }[]): string {
  return used.some((field) => field.name === name) ? `${name}_0` : name
}
