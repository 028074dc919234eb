/**
 * Which columns of a node are window_start, window_end and window_time, and of which window: what Flink calls window
 * properties. They pass through projections, filters, groupings by window and joins of the same window; computing with
 * them loses them.
 */
import type { SqlType } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import { conjunctsOf } from '../expression-rewrite.ts'
import type { WindowProperty, WindowSpec } from '../physical/window-spec.ts'
import { joinKeys } from '../physical/join-keys.ts'
import type { Join } from './join.ts'
import type { LogicalNode } from './node.ts'
import { WINDOW_COLUMNS } from './window-table-function.ts'

export interface WindowColumns {
  /** By column. */
  readonly properties: ReadonlyMap<number, WindowProperty>
  /** Of a session, with the partition keys as columns of the node. */
  readonly window: WindowSpec
  /** Of the time attribute that the windows were made by. */
  readonly timeType: SqlType
  /** Whether the rows come from the window function itself, with nothing but projections and filters between. */
  readonly direct: boolean
}

export function windowColumnsOf(node: LogicalNode): WindowColumns | undefined {
  switch (node.kind) {
    case 'window-table-function': {
      const first = node.input.schema.fields.length
      const properties = new Map(WINDOW_COLUMNS.map((property, index) => [first + index, property]))
      const timeType = node.schema.fields[node.window.timeColumn]?.type ?? { kind: 'NULL', nullable: true }
      return { properties, window: node.window, timeType, direct: true }
    }
    case 'filter':
      return windowColumnsOf(node.input)
    case 'project': {
      const below = windowColumnsOf(node.input)
      const sources = node.expressions.map((expression) => (expression.kind === 'input' ? expression.index : -1))
      return below === undefined ? undefined : moved(below, sources)
    }
    case 'expand': {
      const below = windowColumnsOf(node.input)
      const [first] = node.copies
      const sources = (first?.columns ?? []).map((source, index) =>
        source !== null && node.copies.every((copy) => copy.columns[index] === source) ? source : -1,
      )
      return below === undefined ? undefined : moved(below, sources)
    }
    case 'aggregate': {
      const below = groupedWindow(node.input, node.keys)
      const columns = below === undefined ? undefined : moved(below, node.keys)
      return columns === undefined ? undefined : notDirect(columns)
    }
    // A condition on the number makes it a Top-N of each window.
    case 'over': {
      const below = windowColumnsOf(node.input)
      const isRank = node.calls.length === 1 && node.calls[0]?.function === 'ROW_NUMBER'
      return below === undefined || !isRank || !coversWindow(below, node.partition) ? undefined : notDirect(below)
    }
    case 'correlate':
    case 'window-rank': {
      const below = windowColumnsOf(node.input)
      return below === undefined ? undefined : notDirect(below)
    }
    case 'window-aggregate': {
      if (node.form === 'group-window') return undefined
      const first = node.keys.length + node.aggregates.length
      const properties = new Map(node.properties.map((property, index) => [first + index, property]))
      const window = node.window.kind === 'session' ? movedWindow(node.window, node.keys) : node.window
      return window === undefined ? undefined : { properties, window, timeType: node.timeType, direct: false }
    }
    case 'join': {
      const joined = joinedWindow(node)
      return joined === undefined ? undefined : ofJoin(node, joined)
    }
    case 'union':
      return ofUnion(node.inputs.map(windowColumnsOf))
    default:
      return undefined
  }
}

/** A join of rows of the same window. The columns of each side are its own. */
export interface JoinedWindow {
  readonly window: WindowSpec
  readonly left: JoinedSide
  readonly right: JoinedSide
  /** What else the condition asks, over the columns of both sides. */
  readonly rest: readonly Expression[]
}

interface JoinedSide extends WindowColumns {
  readonly start: number
  readonly end: number
}

/** The window whose start and end are equal on both sides of a join, if the condition says so (Flink's WindowJoinUtil). */
export function joinedWindow(join: Join): JoinedWindow | undefined {
  const left = windowColumnsOf(join.left)
  const right = windowColumnsOf(join.right)
  if (left === undefined || right === undefined) return undefined
  if (left.timeType.kind !== right.timeType.kind || windowKey(left.window) !== windowKey(right.window)) return undefined
  const width = join.left.schema.fields.length
  const bounds = new Map<WindowProperty, readonly [left: number, right: number]>()
  const rest: Expression[] = []
  for (const part of conjunctsOf(join.condition)) {
    const keys = joinKeys(part, width)
    const [mine, theirs] = [keys.left[0] ?? -1, keys.right[0] ?? -1]
    const property = left.properties.get(mine)
    const isBound = property !== undefined && property !== 'window_time' && property === right.properties.get(theirs)
    if (isBound) bounds.set(property, [mine, theirs])
    else rest.push(part)
  }
  const start = bounds.get('window_start')
  const end = bounds.get('window_end')
  if (start === undefined || end === undefined) return undefined
  return {
    window: left.window,
    left: { ...left, start: start[0], end: end[0] },
    right: { ...right, start: start[1], end: end[1] },
    rest,
  }
}

/** The side of an outer join that may be missing tells no window. */
function ofJoin({ joinType, left: { schema } }: Join, { left, right }: JoinedWindow): WindowColumns | undefined {
  if (joinType === 'full') return undefined
  if (joinType === 'left' || joinType === 'semi' || joinType === 'anti') return notDirect(left)
  const shift = schema.fields.length
  const properties = new Map([...right.properties].map(([column, property]) => [column + shift, property]))
  if (joinType === 'inner') {
    return notDirect({ ...left, properties: new Map([...left.properties, ...properties]) })
  }
  const window =
    right.window.kind === 'session'
      ? { ...right.window, partitionKeys: right.window.partitionKeys.map((key) => key + shift) }
      : right.window
  return notDirect({ ...right, properties, window })
}

function notDirect({ properties, window, timeType }: WindowColumns): WindowColumns {
  return { properties, window, timeType, direct: false }
}

/** @param sources for each column the one below that it is, or -1 */
function moved(below: WindowColumns, sources: readonly number[]): WindowColumns | undefined {
  const window = movedWindow(below.window, sources)
  if (window === undefined) return undefined
  const properties = new Map<number, WindowProperty>()
  for (const [column, source] of sources.entries()) {
    const property = below.properties.get(source)
    if (property !== undefined) properties.set(column, property)
  }
  return { ...below, properties, window }
}

/** A session without one of its partition keys cannot be told from another one. */
function movedWindow(window: WindowSpec, sources: readonly number[]): WindowSpec | undefined {
  if (window.kind !== 'session') return window
  const partitionKeys = window.partitionKeys.map((key) => sources.indexOf(key))
  return partitionKeys.includes(-1) ? undefined : { ...window, partitionKeys }
}

function ofUnion(inputs: readonly (WindowColumns | undefined)[]): WindowColumns | undefined {
  const [first, ...rest] = inputs
  if (first === undefined) return undefined
  const key = windowKey(first.window)
  const properties = new Map(first.properties)
  for (const other of rest) {
    if (other === undefined || windowKey(other.window) !== key) return undefined
    for (const [column, property] of first.properties) {
      if (other.properties.get(column) !== property) properties.delete(column)
    }
  }
  return { ...first, properties, direct: false }
}

/** Equal windows have equal keys, wherever their time attributes stand. */
function windowKey(window: WindowSpec): string {
  const { timeColumn: _, ...rest } = window
  return JSON.stringify(rest)
}

/** Whether window_start and window_end are among the columns. */
export function coversWindow({ properties }: WindowColumns, columns: readonly number[]): boolean {
  const found = columns.map((column) => properties.get(column))
  return found.includes('window_start') && found.includes('window_end')
}

/**
 * The window that grouping by these columns groups by, if it does. Sessions have to be grouped by their partition keys
 * and nothing else; windows of processing time directly above their window function.
 */
export function groupedWindow(input: LogicalNode, keys: readonly number[]): WindowColumns | undefined {
  const columns = windowColumnsOf(input)
  if (columns === undefined || !coversWindow(columns, keys)) return undefined
  const { window, properties, direct } = columns
  if (window.time === 'proctime' && !direct) return undefined
  if (window.kind !== 'session') return columns
  const rest = new Set(keys.filter((key) => !properties.has(key)))
  const partition = new Set(window.partitionKeys)
  return rest.size === partition.size && [...rest].every((key) => partition.has(key)) ? columns : undefined
}
