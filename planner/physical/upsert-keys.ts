/** Sets of columns that identify a row of a changelog, by node; several may be known. */
import { unreachable } from '../../core/errors.ts'
import { isInteger, supportsImplicitCast } from '../bind/coercion.ts'
import type { Expression } from '../expression.ts'
import { behindOp } from '../logical/from-changelog.ts'
import type { Draft } from './draft.ts'
import type { WindowSpec } from './window-spec.ts'
import { joinUpsertKeys } from './join-input.ts'

export type UpsertKeys = readonly (readonly number[])[]

const MAXIMUM = 8

/** Keys of a draft whose inputs are all there. */
export function knownKeys(draft: Draft): UpsertKeys {
  return upsertKeysOf(draft, draft.inputs.map(knownKeys))
}

export function upsertKeysOf(draft: Draft, inputs: readonly UpsertKeys[]): UpsertKeys {
  const { node } = draft
  const [first = []] = inputs
  switch (node.kind) {
    case 'source':
      return tableKey(node.table.primaryKey?.columns ?? [], node.columns)
    case 'watermark':
    case 'mini-batch-assigner':
    case 'final-rows':
    case 'sort':
    case 'drop-update-before':
    case 'limit':
    case 'sort-limit':
    case 'temporal-sort':
    case 'over-aggregate':
    case 'batch-over-aggregate':
    case 'sink':
    case 'collect':
      return first
    case 'calc':
      return throughProjections(first, node.projections)
    case 'join':
      return joinUpsertKeys(node, first, inputs[1] ?? [], draft.inputs[0]?.node.schema.fields.length ?? 0)
    case 'values':
    case 'union':
    case 'correlate':
    case 'match':
    case 'to-changelog':
    case 'process-function':
      return []
    case 'from-changelog': {
      const { keys, op } = node.spec
      return keys === undefined ? [] : [keys.map((key) => behindOp(key, op))]
    }
    case 'group-aggregate':
    case 'hash-aggregate':
      return [node.keys.map((_, index) => index)]
    case 'window-aggregate': {
      const start = node.keys.length + node.aggregates.length
      const column = (name: 'window_start' | 'window_end'): number => start + node.properties.indexOf(name)
      const has = (name: 'window_start' | 'window_end'): boolean => node.properties.includes(name)
      const bounds = windowBounds(node.window, has).map((set) => set.map(column))
      return bounds.map((set) => [...node.keys.map((_, index) => index), ...set])
    }
    case 'expand':
      return node.copies.length === 1 ? first : []
    case 'window-table-function':
      return node.window.kind === 'tumble' || node.window.kind === 'session' ? first : []
    case 'rank': {
      const { keys, range, outputRankNumber, schema } = node
      const ofInput = first.filter((key) => keys.every((column) => key.includes(column)))
      const top = range.kind === 'constant' && range.start === 1 && range.end === 1 ? [keys] : []
      return [...top, ...(outputRankNumber ? [[...keys, schema.fields.length - 1]] : []), ...ofInput]
    }
    case 'deduplicate':
      return [node.keys, ...first.filter((key) => node.keys.every((column) => key.includes(column)))]
    case 'window-rank': {
      const { attached, keys, schema, end, outputRankNumber } = node
      const group = [attached.start, attached.end, ...keys]
      if (end === 1) return [group, ...first]
      return [...(outputRankNumber ? [[...group, schema.fields.length - 1]] : []), ...first]
    }
    case 'window-deduplicate':
      return [[node.attached.start, node.attached.end, ...node.keys], ...first]
    case 'changelog-normalize':
    case 'sink-materialize':
      return [node.keys]
    case 'interval-join':
    case 'window-join':
      return []
    case 'temporal-join':
      return first
    case 'lookup-join': {
      const { table, columns, keys } = node
      const key = tableKey(table.primaryKey?.columns ?? [], columns)
      const single = key.some((set) => set.every((column) => keys.some((other) => other.column === column)))
      return single ? first : []
    }
    default:
      return unreachable(node)
  }
}

function tableKey(key: readonly string[], columns: readonly string[]): UpsertKeys {
  const positions = key.map((name) => columns.indexOf(name))
  return positions.length === 0 || positions.includes(-1) ? [] : [positions]
}

/** One bound tells the window, except of CUMULATE, whose windows share starts and ends. */
function windowBounds(
  window: WindowSpec,
  has: (name: 'window_start' | 'window_end') => boolean,
): readonly (readonly ('window_start' | 'window_end')[])[] {
  const both = has('window_start') && has('window_end')
  if (window.kind === 'cumulate') return both ? [['window_start', 'window_end']] : []
  const single = (['window_start', 'window_end'] as const).filter(has).map((name) => [name])
  return both ? [['window_start', 'window_end'], ...single] : single
}

function throughProjections(keys: UpsertKeys, projections: readonly Expression[]): UpsertKeys {
  const moved: number[][] = []
  for (const key of keys) {
    let sets: number[][] = [[]]
    for (const column of key) {
      const places = projections.flatMap((expression, index) => (keptColumn(expression) === column ? [index] : []))
      sets = sets.flatMap((set) => places.map((place) => [...set, place])).slice(0, MAXIMUM)
    }
    moved.push(...sets)
  }
  return moved.slice(0, MAXIMUM)
}

/** The input column that an expression is, also in a wider type: different values stay different. */
function keptColumn(expression: Expression): number | undefined {
  if (expression.kind === 'input') return expression.index
  if (expression.kind !== 'cast' || expression.safe || expression.input.kind !== 'input') return undefined
  const { type } = expression.input
  const lossless = isInteger(type) && isInteger(expression.type) && supportsImplicitCast(type, expression.type)
  return lossless ? expression.input.index : undefined
}

export function isKey(keys: UpsertKeys, columns: readonly number[]): boolean {
  const wanted = [...columns].sort((a, b) => a - b).join()
  return keys.some((key) => [...new Set(key)].sort((a, b) => a - b).join() === wanted)
}
