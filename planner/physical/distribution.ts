/**
 * By which columns the rows of an operator are divided among workers already, and what that spares: rows with equal
 * keys are in one worker where they came there by the hash of some of these keys. (A streaming job of Flink hashes them
 * again.)
 */
import { unreachable } from '../../core/errors.ts'
import type { Expression } from '../expression.ts'
import type { OperatorGraph, OperatorNode } from './graph.ts'

/** Columns in the order in which they are hashed; each set alone says where a row is. */
export type Placements = readonly (readonly number[])[]

/** What keeps the sets few where columns are there several times. */
const MAXIMUM = 8

/**
 * Which of its keys say where rows of an operator go: those by which most inputs are divided as they are.
 *
 * @param keys by input: the columns of its keys, pair by pair
 * @param inputs by input: how it is divided
 * @returns positions among the keys; undefined: all of them, in their order
 */
export function divisionOf(
  keys: readonly (readonly number[])[],
  inputs: readonly Placements[],
): readonly number[] | undefined {
  let best: { readonly division: readonly number[]; readonly spared: number } | undefined
  for (const [input, placements] of inputs.entries()) {
    for (const columns of placements) {
      const division = columns.map((column) => keys[input]?.indexOf(column) ?? -1)
      if (division.includes(-1)) continue
      const spared = inputs.filter((other, at) => isPlaced(other, columnsOf(keys[at] ?? [], division))).length
      if (best === undefined || spared > best.spared) best = { division, spared }
    }
  }
  const isWhole = best?.division.length === keys[0]?.length && best?.division.every((key, at) => key === at) === true
  return isWhole ? undefined : best?.division
}

/** @param division see `divisionOf` */
export function columnsOf(keys: readonly number[], division: readonly number[] | undefined): readonly number[] {
  return division === undefined ? keys : division.map((position) => keys[position] ?? -1)
}

export function isPlaced(placements: Placements, columns: readonly number[]): boolean {
  return placements.some((set) => set.length === columns.length && set.every((column, at) => column === columns[at]))
}

/**
 * How the output of an operator is divided.
 *
 * @param inputs by input: how it is divided as it arrives
 */
export function outputPlacements(node: OperatorNode, graph: OperatorGraph, inputs: readonly Placements[]): Placements {
  const [first = [], second = []] = inputs
  switch (node.kind) {
    // The columns of the input come first.
    case 'watermark':
    case 'mini-batch-assigner':
    case 'drop-update-before':
    case 'correlate':
    case 'lookup-join':
    case 'to-changelog':
    case 'window-table-function':
    case 'changelog-normalize':
    case 'sink-materialize':
    case 'rank':
    case 'deduplicate':
    case 'window-rank':
    case 'window-deduplicate':
    case 'over-aggregate':
    case 'batch-over-aggregate':
      return first
    // The columns of the key come first.
    case 'group-aggregate':
    case 'hash-aggregate':
    case 'window-aggregate':
      return throughColumns(first, node.keys)
    case 'process-function':
      return throughColumns(first, node.spec.keys)
    case 'match':
      return throughColumns(first, node.match.partitionKeys)
    case 'calc':
      return throughColumns(first, node.projections.map(inputColumn))
    case 'join':
    case 'interval-join':
    case 'temporal-join':
    case 'window-join': {
      const width = graph.nodes[node.inputs[0] ?? -1]?.schema.fields.length ?? 0
      // A side that is filled up with NULLs does not say where a row is.
      const left = node.joinType === 'right' || node.joinType === 'full' ? [] : first
      const right = node.joinType === 'inner' || node.joinType === 'right' ? second : []
      return [...left, ...right.map((set) => set.map((column) => column + width))]
    }
    case 'source':
    case 'values':
    case 'union':
    case 'expand':
    case 'from-changelog':
    case 'sort':
    case 'final-rows':
    case 'limit':
    case 'sort-limit':
    case 'temporal-sort':
    case 'collect':
    case 'sink':
      return []
    default:
      return unreachable(node)
  }
}

/** Not through casts: a value of another type hashes differently. */
function inputColumn(expression: Expression): number | undefined {
  return expression.kind === 'input' ? expression.index : undefined
}

/** @param sources by output column: the input column that it is */
function throughColumns(placements: Placements, sources: readonly (number | undefined)[]): Placements {
  return placements
    .flatMap((set) => {
      let moved: number[][] = [[]]
      for (const column of set) {
        const places = sources.flatMap((source, at) => (source === column ? [at] : []))
        moved = moved.flatMap((found) => places.map((place) => [...found, place])).slice(0, MAXIMUM)
      }
      return moved
    })
    .slice(0, MAXIMUM)
}
