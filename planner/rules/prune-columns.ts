/**
 * Projection push-down: every node makes only the columns that someone above reads, down to what the sources read.
 * From the top it is handed which columns are needed; it gives back the node and where those columns are now.
 */
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { parseTableOptions, requireConnector } from '../../catalog/table-options.ts'
import { unreachable } from '../../core/errors.ts'
import type { AggregateCall, Expression } from '../expression.ts'
import { collectInputs, mapInputs } from '../expression-rewrite.ts'
import { createAggregate } from '../logical/aggregate.ts'
import { createCorrelate, moveInvocation } from '../logical/correlate.ts'
import { createExpand } from '../logical/expand.ts'
import { createFilter } from '../logical/filter.ts'
import { createJoin, type Join } from '../logical/join.ts'
import { createMatch, matchColumns, moveMatch } from '../logical/match.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject, selectColumns } from '../logical/project.ts'
import { createScan, type Scan } from '../logical/scan.ts'
import { createTemporalJoin, type TemporalJoin } from '../logical/temporal-join.ts'
import { createWatermark } from '../logical/watermark.ts'
import { createWindowAggregate } from '../logical/window-aggregate.ts'
import { createWindowTableFunction } from '../logical/window-table-function.ts'
import { timeAttributeOf } from '../bind/types.ts'
import type { WindowProperty } from '../physical/window-spec.ts'
import { movedWindow, windowInputs } from './move-window.ts'
import { pruneFromChangelog, pruneToChangelog } from './prune-changelog.ts'
import { pruneOver, pruneRank, pruneSort, pruneWindowRank } from './prune-ordered.ts'
import type { RuleContext } from './rule-context.ts'

export interface Pruned {
  readonly node: LogicalNode
  /** From old to new position; holds at least the columns asked for. */
  readonly mapping: ReadonlyMap<number, number>
}

export function pruneColumns(root: LogicalNode, rules: RuleContext): LogicalNode {
  const all = root.schema.fields.map((_, index) => index)
  return exactly(prune(root, new Set(all), rules), all)
}

/** The columns in the given order and nothing else. */
function exactly(pruned: Pruned, columns: readonly number[]): LogicalNode {
  const wanted = columns.map((column) => at(pruned.mapping, column))
  const width = pruned.node.schema.fields.length
  if (wanted.length === width && wanted.every((position, index) => position === index)) return pruned.node
  return selectColumns(pruned.node, wanted)
}

function at(mapping: ReadonlyMap<number, number>, column: number): number {
  return mapping.get(column) ?? column
}

function remap(expression: Expression, mapping: ReadonlyMap<number, number>): Expression {
  return mapInputs(expression, (input) => ({ ...input, index: at(mapping, input.index) }))
}

function prune(node: LogicalNode, needed: ReadonlySet<number>, rules: RuleContext): Pruned {
  switch (node.kind) {
    case 'scan':
      return pruneScan(node, needed, rules)
    case 'watermark':
      return pruneWatermark(node, needed, rules)
    case 'values': {
      const kept = keep(node.schema.fields.length, needed)
      const rows = node.rows.map((row) => kept.flatMap((column) => row[column] ?? []))
      const fields = kept.flatMap((column) => node.schema.fields[column] ?? [])
      return { node: { ...node, rows, schema: { fields } }, mapping: positions(kept) }
    }
    case 'project':
      return pruneProject(node, needed, rules)
    case 'filter': {
      const input = prune(node.input, collectInputs(node.condition, new Set(needed)), rules)
      return { node: createFilter(input.node, remap(node.condition, input.mapping)), mapping: input.mapping }
    }
    case 'union': {
      const kept = keep(node.schema.fields.length, needed)
      const inputs = node.inputs.map((input) => exactly(prune(input, new Set(kept), rules), kept))
      const fields = kept.flatMap((column) => node.schema.fields[column] ?? [])
      return { node: { ...node, inputs, schema: { fields } }, mapping: positions(kept) }
    }
    case 'aggregate':
      return pruneAggregate(node, needed, rules)
    case 'window-table-function': {
      const width = node.input.schema.fields.length
      const wanted = [...needed].filter((column) => column < width)
      const input = prune(node.input, new Set([...wanted, ...windowInputs(node.window)]), rules)
      const window = movedWindow(node.window, (column) => at(input.mapping, column))
      const mapping = new Map(input.mapping)
      const moved = input.node.schema.fields.length
      for (let index = 0; index < 3; index++) mapping.set(width + index, moved + index)
      return { node: createWindowTableFunction(input.node, window), mapping }
    }
    case 'join':
      return pruneJoin(node, needed, rules)
    case 'temporal-join':
      return pruneTemporalJoin(node, needed, rules)
    case 'match': {
      const input = prune(node.input, matchColumns(node.match), rules)
      const moved = moveMatch(node.match, (column) => at(input.mapping, column))
      return { node: createMatch(input.node, moved, node.position), mapping: positions([...node.schema.fields.keys()]) }
    }
    case 'correlate':
      return pruneCorrelate(node, needed, rules)
    case 'process-function': {
      const input = pruneColumns(node.input, rules)
      return { node: { ...node, input }, mapping: positions([...node.schema.fields.keys()]) }
    }
    case 'to-changelog':
      return pruneToChangelog(node, (input, wanted) => prune(input, wanted, rules))
    case 'from-changelog':
      return pruneFromChangelog(node, needed, (input, wanted) => prune(input, wanted, rules))
    case 'expand':
      return pruneExpand(node, needed, rules)
    case 'window-aggregate':
      return pruneWindowAggregate(node, needed, rules)
    case 'over':
      return pruneOver(node, needed, (input, wanted) => prune(input, wanted, rules))
    case 'rank':
      return pruneRank(node, needed, (input, wanted) => prune(input, wanted, rules))
    case 'window-rank':
      return pruneWindowRank(node, needed, (input, wanted) => prune(input, wanted, rules))
    case 'sort':
      return pruneSort(node, needed, (input, wanted) => prune(input, wanted, rules))
    case 'limit': {
      const input = prune(node.input, needed, rules)
      return { node: { ...node, input: input.node, schema: input.node.schema }, mapping: input.mapping }
    }
    case 'sink':
    case 'collect': {
      const input = pruneColumns(node.input, rules)
      return { node: { ...node, input }, mapping: positions(node.schema.fields.map((_, index) => index)) }
    }
    default:
      return unreachable(node)
  }
}

/** The columns asked for, in order; never none, as a batch without columns is awkward for everyone. */
function keep(width: number, needed: ReadonlySet<number>): readonly number[] {
  const kept = Array.from({ length: width }, (_, index) => index).filter((index) => needed.has(index))
  return kept.length > 0 || width === 0 ? kept : [0]
}

function positions(kept: readonly number[]): ReadonlyMap<number, number> {
  return new Map(kept.map((column, index) => [column, index]))
}

function pruneScan(node: Scan, needed: ReadonlySet<number>, rules: RuleContext): Pruned {
  const { fields } = node.schema
  const { source } = requireConnector(node.options, rules.planner, `table "${node.table.path.name}"`)
  const all = new Set(fields.keys())
  const wanted = source?.projectionPushDown === false ? all : new Set([...needed, ...keyColumns(node, rules)])
  const cheapest = fields.findIndex(({ type }) => !['CHAR', 'VARCHAR', 'ROW', 'ARRAY', 'MAP'].includes(type.kind))
  const kept = wanted.size === 0 && cheapest >= 0 ? [cheapest] : keep(fields.length, wanted)
  const scan = createScan(
    node.table,
    kept.flatMap((column) => fields[column] ?? []),
    node.options,
  )
  return { node: scan, mapping: positions(kept) }
}

/** An upsert stream is read by key: the key's columns are always needed. */
function keyColumns(node: LogicalNode, rules: RuleContext): readonly number[] {
  if (node.kind === 'project') {
    const below = keyColumns(node.input, rules)
    return node.expressions.flatMap((expression, index) =>
      expression.kind === 'input' && below.includes(expression.index) ? [index] : [],
    )
  }
  if (node.kind === 'watermark') return keyColumns(node.input, rules)
  if (node.kind !== 'scan' || !needsKey(node, rules)) return []
  return (node.table.primaryKey?.columns ?? []).map((name) => node.columns.indexOf(name)).filter((index) => index >= 0)
}

function needsKey(node: Scan, rules: RuleContext): boolean {
  const mode = sourceMode(node, rules)
  return (mode.updateAfter || mode.delete) && (!mode.updateBefore || duplicatesEvents(rules))
}

/** The changelog that a source declares. */
export function sourceMode(node: Pick<Scan, 'table' | 'options'>, rules: RuleContext): typeof INSERT_ONLY {
  const label = `table "${node.table.path.name}"`
  const { source } = requireConnector(node.options, rules.planner, label)
  const values = parseTableOptions(node.options, rules.planner, label)
  return source?.changelogMode({ ...node.table, options: node.options }, values) ?? INSERT_ONLY
}

export function duplicatesEvents(rules: RuleContext): boolean {
  return rules.planner.configuration.boolean('table.exec.source.cdc-events-duplicate')
}

function pruneWatermark(
  node: Extract<LogicalNode, { kind: 'watermark' }>,
  needed: ReadonlySet<number>,
  rules: RuleContext,
): Pruned {
  const { strategy } = node
  const wanted = collectInputs(
    strategy.expression,
    new Set([...needed, strategy.rowtime, ...keyColumns(node.input, rules)]),
  )
  const input = prune(node.input, wanted, rules)
  const moved = {
    ...strategy,
    rowtime: at(input.mapping, strategy.rowtime),
    expression: remap(strategy.expression, input.mapping),
  }
  return { node: createWatermark(input.node, moved), mapping: input.mapping }
}

function pruneProject(
  node: Extract<LogicalNode, { kind: 'project' }>,
  needed: ReadonlySet<number>,
  rules: RuleContext,
): Pruned {
  const wanted = new Set([...needed, ...keyColumns(node, rules)])
  const kept = keep(node.expressions.length, wanted)
  const reads = new Set<number>()
  for (const column of kept) {
    const expression = node.expressions[column]
    if (expression !== undefined) collectInputs(expression, reads)
  }
  const input = prune(node.input, reads, rules)
  const expressions = kept.flatMap((column) => {
    const expression = node.expressions[column]
    return expression === undefined ? [] : [remap(expression, input.mapping)]
  })
  const fields = kept.flatMap((column) => node.schema.fields[column] ?? [])
  return { node: createProject(input.node, expressions, { fields }), mapping: positions(kept) }
}

function readByCalls(keys: readonly number[], calls: readonly AggregateCall[]): Set<number> {
  const read = new Set(keys)
  for (const call of calls) {
    for (const arg of call.args) read.add(arg)
    if (call.filter !== undefined) read.add(call.filter)
  }
  return read
}

function remapCall(call: AggregateCall, mapping: ReadonlyMap<number, number>): AggregateCall {
  const args = call.args.map((arg) => at(mapping, arg))
  return call.filter === undefined ? { ...call, args } : { ...call, args, filter: at(mapping, call.filter) }
}

function pruneJoin(node: Join, needed: ReadonlySet<number>, rules: RuleContext): Pruned {
  const width = node.left.schema.fields.length
  const wanted = collectInputs(node.condition, new Set(needed))
  // What is remembered for ever has no column that nobody reads, as those of a filter below.
  const side = (input: LogicalNode, isWanted: (column: number) => boolean): [LogicalNode, readonly number[]] => {
    const columns = input.schema.fields.map((_, column) => column)
    const kept = keep(columns.length, new Set(columns.filter(isWanted)))
    return [exactly(prune(input, new Set(kept), rules), kept), kept]
  }
  const [left, mine] = side(node.left, (column) => wanted.has(column))
  const [right, theirs] = side(node.right, (column) => wanted.has(width + column))
  const mapping = new Map(mine.map((column, index) => [column, index]))
  for (const [index, column] of theirs.entries()) mapping.set(width + column, mine.length + index)
  return { node: createJoin(node.joinType, left, right, remap(node.condition, mapping), node), mapping }
}

/** The time attributes of an event-time join are read whether anyone above wants them or not. */
function pruneTemporalJoin(node: TemporalJoin, needed: ReadonlySet<number>, rules: RuleContext): Pruned {
  const width = node.left.schema.fields.length
  const wanted = collectInputs(node.condition, new Set(needed))
  const columns = new Set([...wanted].filter((column) => column >= width).map((column) => column - width))
  if (node.leftTime !== undefined) {
    wanted.add(node.leftTime)
    for (const [column, { type }] of node.right.schema.fields.entries()) {
      if (timeAttributeOf(type) === 'rowtime') columns.add(column)
    }
  }
  const left = prune(node.left, new Set([...wanted].filter((column) => column < width)), rules)
  const right = prune(node.right, columns, rules)
  const moved = left.node.schema.fields.length
  const mapping = new Map(left.mapping)
  for (const [from, to] of right.mapping) mapping.set(width + from, moved + to)
  const join = createTemporalJoin({
    ...node,
    left: left.node,
    right: right.node,
    condition: remap(node.condition, mapping),
    ...(node.leftTime === undefined ? {} : { leftTime: at(mapping, node.leftTime) }),
  })
  return { node: join, mapping }
}

function pruneCorrelate(
  node: Extract<LogicalNode, { kind: 'correlate' }>,
  needed: ReadonlySet<number>,
  rules: RuleContext,
): Pruned {
  const width = node.input.schema.fields.length
  const { invocation, condition } = node
  const read = new Set([...needed, ...invocation.args])
  if (condition !== undefined) collectInputs(condition, read)
  const input = prune(node.input, new Set([...read].filter((column) => column < width)), rules)
  const moved = moveInvocation(invocation, (column) => at(input.mapping, column))
  const mapping = new Map(input.mapping)
  const first = input.node.schema.fields.length
  for (let index = width; index < node.schema.fields.length; index++) mapping.set(index, first + index - width)
  const filter = condition === undefined ? undefined : remap(condition, mapping)
  return { node: createCorrelate(input.node, moved, node.joinType, filter), mapping }
}

/** Aggregates that nobody reads are not computed; a group without keys keeps one. */
function pruneAggregate(
  node: Extract<LogicalNode, { kind: 'aggregate' }>,
  needed: ReadonlySet<number>,
  rules: RuleContext,
): Pruned {
  const width = node.keys.length
  const used = node.aggregates.filter((_, index) => needed.has(width + index))
  const calls = used.length === 0 && width === 0 ? node.aggregates.slice(0, 1) : used
  const input = prune(node.input, readByCalls(node.keys, calls), rules)
  const keys = node.keys.map((key) => at(input.mapping, key))
  const aggregate = createAggregate(
    input.node,
    keys,
    calls.map((call) => remapCall(call, input.mapping)),
    node.stateTtl,
  )
  const mapping = new Map(node.keys.map((_, index) => [index, index]))
  for (const [index, call] of node.aggregates.entries()) {
    const position = calls.indexOf(call)
    if (position >= 0) mapping.set(width + index, width + position)
  }
  return { node: aggregate, mapping }
}

/** `$e` stays, as it tells the sets apart. */
function pruneExpand(
  node: Extract<LogicalNode, { kind: 'expand' }>,
  needed: ReadonlySet<number>,
  rules: RuleContext,
): Pruned {
  const id = node.schema.fields.length - 1
  const kept = Array.from({ length: id }, (_, column) => column).filter((column) => needed.has(column))
  const copies = node.copies.map((copy) => ({ ...copy, columns: kept.map((column) => copy.columns[column] ?? null) }))
  const read = copies.flatMap((copy) => copy.columns.filter((column) => column !== null))
  const input = prune(node.input, new Set(read), rules)
  const moved = copies.map((copy) => ({
    ...copy,
    columns: copy.columns.map((column) => (column === null ? null : at(input.mapping, column))),
  }))
  return { node: createExpand(input.node, moved), mapping: positions([...kept, id]) }
}

function pruneWindowAggregate(
  node: Extract<LogicalNode, { kind: 'window-aggregate' }>,
  needed: ReadonlySet<number>,
  rules: RuleContext,
): Pruned {
  const width = node.keys.length
  const first = width + node.aggregates.length
  const calls = node.aggregates.filter((_, index) => needed.has(width + index))
  const properties = neededProperties(node, needed, calls.length)
  const read = readByCalls(node.keys, calls)
  for (const column of windowInputs(node.window)) read.add(column)
  if (node.attached !== undefined) read.add(node.attached.start).add(node.attached.end)
  const input = prune(node.input, read, rules)
  const { attached } = node
  const aggregate = createWindowAggregate({
    ...node,
    input: input.node,
    window: movedWindow(node.window, (column) => at(input.mapping, column)),
    keys: node.keys.map((key) => at(input.mapping, key)),
    aggregates: calls.map((call) => remapCall(call, input.mapping)),
    properties,
    ...(attached === undefined
      ? {}
      : { attached: { ...attached, start: at(input.mapping, attached.start), end: at(input.mapping, attached.end) } }),
  })
  const mapping = new Map(node.keys.map((_, index) => [index, index]))
  for (const [index, call] of node.aggregates.entries()) {
    if (calls.includes(call)) mapping.set(width + index, width + calls.indexOf(call))
  }
  for (const [index, property] of node.properties.entries()) {
    if (properties.includes(property)) mapping.set(first + index, width + calls.length + properties.indexOf(property))
  }
  return { node: aggregate, mapping }
}

/** Flink's group windows have all properties or none. */
function neededProperties(
  node: Extract<LogicalNode, { kind: 'window-aggregate' }>,
  needed: ReadonlySet<number>,
  calls: number,
): readonly WindowProperty[] {
  const first = node.keys.length + node.aggregates.length
  const properties = node.properties.filter((_, index) => needed.has(first + index))
  if (node.form === 'group-window' && properties.length > 0) return node.properties
  return properties.length + calls + node.keys.length > 0 ? properties : node.properties.slice(0, 1)
}
