/** One line for each operator, in Flink's words: `GroupAggregate(groupBy=[a], select=[a, SUM(b) AS s])`. */
import { unreachable } from '../../core/errors.ts'
import { formatDuration } from '../../core/quantities.ts'
import type { Schema } from '../../core/types.ts'
import type { CatalogTable } from '../../catalog/table.ts'
import { expressionText } from '../explain/expression-text.ts'
import { joinText } from '../explain/join-text.ts'
import { intervalJoinText, lookupJoinText, temporalJoinText, windowJoinText } from '../explain/timed-join-text.ts'
import type { AggregateCall, Expression } from '../expression.ts'
import { orderedText, orderText } from '../explain/ordered-text.ts'
import { fromChangelogText, processFunctionText, toChangelogText } from '../explain/table-function-text.ts'
import { correlateText } from '../explain/correlate-text.ts'
import type { Draft, DraftNode } from './draft.ts'
import type { AttachedWindow, WindowProperty, WindowSpec } from './window-spec.ts'
import { matchText } from '../explain/match-text.ts'

export function describe(draft: Draft): string {
  const { node } = draft
  const input = namesOf(draft.inputs[0]?.node.schema ?? { fields: [] })
  const output = namesOf(node.schema)
  switch (node.kind) {
    case 'source':
      return `TableSourceScan(table=[[${tableText(node.table)}]], fields=[${output.join(', ')}]${hintText(node.table, node.options)})`
    case 'watermark': {
      const { rowtime, expression } = node.strategy
      return `WatermarkAssigner(rowtime=[${output[rowtime]}], watermark=[${expressionText(expression, input)}])`
    }
    case 'values':
      return `Values(tuples=[[${node.rows.map((row) => `{ ${row.map((value) => expressionText(value, [])).join(', ')} }`).join(', ')}]], values=[${output.join(', ')}])`
    case 'calc': {
      const select = node.projections.map((expression, index) => aliased(expression, input, output[index] ?? ''))
      const where = node.condition === undefined ? '' : `, where=[${expressionText(node.condition, input)}]`
      return `Calc(select=[${select.join(', ')}]${where})`
    }
    case 'union':
      return `Union(all=[true], union=[${output.join(', ')}])`
    case 'group-aggregate': {
      const groupBy = node.keys.length === 0 ? '' : `groupBy=[${columns(node.keys, input)}], `
      return `GroupAggregate(${groupBy}select=[${aggregateColumns(node.keys, node.aggregates, input).join(', ')}])`
    }
    case 'window-aggregate':
      return windowAggregateText(node, input)
    case 'window-rank':
      return `WindowRank(window=[${windowText(node.window, input, node.attached)}], rankType=[ROW_NUMBER], rankRange=[rankStart=${node.start}, rankEnd=${node.end}], partitionBy=[${columns(node.keys, input)}], orderBy=[${orderText(node.order, input)}], select=[${output.join(', ')}])`
    case 'window-deduplicate':
      return `WindowDeduplicate(window=[${windowText(node.window, input, node.attached)}], keep=[${node.keep === 'first' ? 'FirstRow' : 'LastRow'}], partitionKeys=[${columns(node.keys, input)}], orderKey=[${input[node.timeColumn]}], order=[ROWTIME])`
    case 'expand':
      return expandText(node, input, output)
    case 'window-table-function':
      return `WindowTableFunction(window=[${windowText(node.window, input)}])`
    case 'match':
      return matchText(node.match, input)
    case 'correlate':
      return correlateText(node, input)
    case 'process-function':
      return processFunctionText(node.spec, input)
    case 'to-changelog':
      return toChangelogText(node.spec)
    case 'from-changelog':
      return fromChangelogText(node.spec, input)
    case 'hash-aggregate': {
      const groupBy = node.keys.length === 0 ? '' : `groupBy=[${columns(node.keys, input)}], `
      return `HashAggregate(${groupBy}select=[${aggregateColumns(node.keys, node.aggregates, input).join(', ')}])`
    }
    case 'final-rows':
      return 'FinalRows'
    case 'mini-batch-assigner':
      return `MiniBatchAssigner(interval=[${node.interval}ms], mode=[${node.mode === 'proctime' ? 'ProcTime' : 'RowTime'}])`
    case 'interval-join':
      return intervalJoinText(node, ...inputSchemas(draft))
    case 'temporal-join':
      return temporalJoinText(node, ...inputSchemas(draft))
    case 'window-join': {
      const [left, right] = inputSchemas(draft)
      const text = (schema: Schema, window: AttachedWindow): string => windowText(node.window, namesOf(schema), window)
      return windowJoinText(node, left, right, [text(left, node.left), text(right, node.right)])
    }
    case 'lookup-join':
      return lookupJoinText(node, inputSchemas(draft)[0])
    case 'join':
      return joinText(
        node,
        draft.inputs[0]?.node.schema ?? { fields: [] },
        draft.inputs[1]?.node.schema ?? { fields: [] },
      )
    case 'changelog-normalize':
      return `ChangelogNormalize(key=[${columns(node.keys, output)}])`
    case 'drop-update-before':
      return 'DropUpdateBefore'
    case 'sink-materialize':
      return `SinkUpsertMaterialize(key=[${columns(node.keys, output)}]${node.conflict === undefined ? '' : `, conflictStrategy=[${node.conflict}]`})`
    case 'rank':
    case 'deduplicate':
    case 'limit':
    case 'sort-limit':
    case 'sort':
    case 'temporal-sort':
    case 'over-aggregate':
    case 'batch-over-aggregate':
      return orderedText(node, input)
    case 'sink':
      return `Sink(table=[${tablePath(node.table)}], fields=[${output.join(', ')}]${hintText(node.table, node.options)})`
    case 'collect':
      return `Collect(fields=[${output.join(', ')}])`
    default:
      return unreachable(node)
  }
}

function inputSchemas({ inputs }: Draft): readonly [Schema, Schema] {
  return [inputs[0]?.node.schema ?? { fields: [] }, inputs[1]?.node.schema ?? { fields: [] }]
}

function namesOf(schema: Schema): readonly string[] {
  return schema.fields.map((field) => field.name)
}

export function columns(positions: readonly number[], names: readonly string[]): string {
  return positions.map((position) => names[position] ?? `$${position}`).join(', ')
}

export function tableText({ path }: CatalogTable): string {
  return `${path.catalog}, ${path.database}, ${path.name}`
}

export function tablePath({ path }: CatalogTable): string {
  return `${path.catalog}.${path.database}.${path.name}`
}

/** Options that a hint changed. */
export function hintText(table: CatalogTable, options: Readonly<Record<string, string>>): string {
  const changed = Object.entries(options).filter(([key, value]) => table.options[key] !== value)
  if (changed.length === 0) return ''
  return `, hints=[[[OPTIONS options:{${changed.map(([key, value]) => `${key}=${value}`).join(', ')}}]]]`
}

function aliased(expression: Expression, input: readonly string[], name: string): string {
  const text = expressionText(expression, input)
  return text === name ? text : `${text} AS ${name}`
}

function aggregateColumns(
  keys: readonly number[],
  aggregates: readonly AggregateCall[],
  input: readonly string[],
): readonly string[] {
  return [...keys.map((key) => input[key] ?? `$${key}`), ...aggregates.map((call) => aggregateText(call, input))]
}

export function aggregateText(call: AggregateCall, input: readonly string[]): string {
  const args = call.args.length === 0 ? '*' : columns(call.args, input)
  const filter = call.filter === undefined ? '' : ` FILTER ${input[call.filter] ?? `$${call.filter}`}`
  return `${call.function}(${call.distinct ? 'DISTINCT ' : ''}${args})${filter} AS ${call.name}`
}

/** `TUMBLE(time_col=[ts], size=[10 min])`; of rows that have their windows already, `TUMBLE(win_start=[…], …)`. */
export function windowText(window: WindowSpec, names: readonly string[], attached?: AttachedWindow): string {
  const name = (column: number): string => names[column] ?? `$${column}`
  const from =
    attached === undefined
      ? `time_col=[${name(window.timeColumn)}]`
      : `win_start=[${name(attached.start)}], win_end=[${name(attached.end)}]`
  return windowTextFrom(window, from, names)
}

/** @param from what says which window a row is of */
export function windowTextFrom(window: WindowSpec, from: string, names: readonly string[]): string {
  if (window.kind === 'session') {
    const keys = window.partitionKeys.length === 0 ? '' : `, partition keys=[${columns(window.partitionKeys, names)}]`
    return `SESSION(${from}, gap=[${formatDuration(window.gap)}]${keys})`
  }
  const size = formatDuration(window.size)
  const step = formatDuration(window.step)
  const offset = window.offset === 0 ? '' : `, offset=[${formatDuration(window.offset)}]`
  const { kind } = window
  switch (kind) {
    case 'tumble':
      return `TUMBLE(${from}, size=[${size}]${offset})`
    case 'hop':
      return `HOP(${from}, size=[${size}], slide=[${step}]${offset})`
    case 'cumulate':
      return `CUMULATE(${from}, max_size=[${size}], step=[${step}]${offset}${window.emitOnlyOnUpdate === true ? ', emitOnlyOnUpdate=[true]' : ''})`
    default:
      return unreachable(kind)
  }
}

/** What the text of a window aggregate is made of. */
export type TextedWindowAggregate = Extract<DraftNode, { kind: 'window-aggregate' }>

/** `start('w$) AS window_start`. */
export function windowPropertyTexts({ properties, form, window }: TextedWindowAggregate): readonly string[] {
  return properties.map(
    (property) => `${propertyText(property, window.time)}('w$) AS ${propertyName(property, form === 'group-window')}`,
  )
}

function windowAggregateText(node: TextedWindowAggregate, input: readonly string[]): string {
  const { keys, aggregates, properties, window, attached } = node
  const groupBy = keys.length === 0 ? '' : `groupBy=[${columns(keys, input)}], `
  const isLegacy = node.form === 'group-window'
  const named = properties.map((property) => propertyName(property, isLegacy))
  const select = [...aggregateColumns(keys, aggregates, input), ...windowPropertyTexts(node)].join(', ')
  if (!isLegacy) {
    return `WindowAggregate(${groupBy}window=[${windowText(window, input, attached)}], select=[${select}])`
  }
  const listed = named.length === 0 ? '' : `properties=[${named.join(', ')}], `
  return `GroupWindowAggregate(${groupBy}window=[${groupWindowText(window, input)}], ${listed}select=[${select}])`
}

function propertyName(property: WindowProperty, isLegacy: boolean): string {
  if (!isLegacy) return property
  return `w$${property === 'window_time' ? 'rowtime' : property.slice('window_'.length)}`
}

function propertyText(property: WindowProperty, time: WindowSpec['time']): string {
  return property === 'window_time' ? time : property.slice('window_'.length)
}

/** `TumblingGroupWindow('w$, ts, 600000)`. */
function groupWindowText(window: WindowSpec, input: readonly string[]): string {
  const time = `'w$, ${input[window.timeColumn] ?? ''}`
  if (window.kind === 'session') return `SessionGroupWindow(${time}, ${window.gap})`
  if (window.kind === 'hop') return `SlidingGroupWindow(${time}, ${window.size}, ${window.step})`
  return `TumblingGroupWindow(${time}, ${window.size})`
}

function expandText(
  { copies }: Extract<DraftNode, { kind: 'expand' }>,
  input: readonly string[],
  output: readonly string[],
): string {
  const projects = copies.map((copy) => {
    const parts = copy.columns.map((column, index) => {
      if (column === null) return `null AS ${output[index]}`
      return input[column] === output[index] ? input[column] : `${input[column]} AS ${output[index]}`
    })
    return `{${[...parts, `${copy.id} AS $e`].join(', ')}}`
  })
  return `Expand(projects=[${projects.join(', ')}])`
}
