/**
 * What a join must know of its inputs: by which columns a row replaces another one, whether rows may be taken back,
 * and whether it can do without -U. After Flink's `JoinInputSideSpec` and `FlinkRelMdUpsertKeys`.
 */
import type { ChangelogMode } from '../../catalog/connector.ts'
import { leftMayMiss, rightMayMiss } from '../logical/join.ts'
import type { Draft, DraftNode } from './draft.ts'
import type { JoinSide } from './join-nodes.ts'
import type { UpsertKeys } from './upsert-keys.ts'

type JoinDraftNode = Extract<DraftNode, { kind: 'join' }>

/** Bound on keys that are made of others by the equalities of the join. */
const MAXIMUM = 16

/** Names of Flink's plans for what is known of a side. */
export function inputSpecText(side: JoinSide): string {
  if (side.uniqueKey === undefined) return 'NoUniqueKey'
  return side.uniqueKey.length === 0 ? 'JoinKeyContainsUniqueKey' : 'HasUniqueKey'
}

/** Fills in what depends on the inputs' changelogs. */
export function withInputs(
  node: JoinDraftNode,
  inputs: readonly Draft[],
  keys: ReadonlyMap<Draft, UpsertKeys>,
  modes: ReadonlyMap<Draft, ChangelogMode>,
): JoinDraftNode {
  const side = (given: JoinSide, input: Draft | undefined): JoinSide => {
    const mode = input === undefined ? undefined : modes.get(input)
    const retracts = mode !== undefined && (mode.updateBefore || mode.updateAfter || mode.delete)
    const uniqueKey = stateKey(input === undefined ? [] : (keys.get(input) ?? []), given.keys)
    const { keys: columns, stateTtl } = given
    return { keys: columns, retracts, stateTtl, ...(uniqueKey === undefined ? {} : { uniqueKey }) }
  }
  return { ...node, left: side(node.left, inputs[0]), right: side(node.right, inputs[1]) }
}

function stateKey(keys: UpsertKeys, joinKeys: readonly number[]): readonly number[] | undefined {
  if (keys.some((key) => key.every((column) => joinKeys.includes(column)))) return []
  const [smallest] = [...keys].sort((a, b) => a.length - b.length)
  return smallest
}

/**
 * Whether an update that comes as +U alone is understood: it names the row that it replaces, and that row is joined
 * with the same rows of the other side.
 */
export function understandsUpdates(node: JoinDraftNode, side: 'left' | 'right', keys: UpsertKeys): boolean {
  const joinKeys = node[side].keys
  return node.condition === undefined && keys.some((key) => joinKeys.every((column) => key.includes(column)))
}

export function joinUpsertKeys(
  node: JoinDraftNode,
  leftKeys: UpsertKeys,
  rightKeys: UpsertKeys,
  width: number,
): UpsertKeys {
  const { joinType, left, right } = node
  const ofLeft = leftKeys.filter((key) => left.keys.every((column) => key.includes(column)))
  if (joinType === 'semi' || joinType === 'anti') return ofLeft
  const ofRight = rightKeys
    .filter((key) => right.keys.every((column) => key.includes(column)))
    .map((key) => key.map((column) => column + width))
  const isUnique = (keys: UpsertKeys, columns: readonly number[]): boolean =>
    keys.some((key) => key.every((column) => columns.includes(column)))
  const found = ofLeft.flatMap((mine) => ofRight.map((theirs) => [...mine, ...theirs]))
  if (isUnique(rightKeys, right.keys) && !leftMayMiss(joinType)) found.push(...ofLeft.map((key) => [...key]))
  if (isUnique(leftKeys, left.keys) && !rightMayMiss(joinType)) found.push(...ofRight)
  return withEqualColumns(found, node, width)
}

/** A column of a key may give way to the one that it is equal to, unless that one may be NULL for a missing row. */
function withEqualColumns(keys: UpsertKeys, { joinType, left, right }: JoinDraftNode, width: number): UpsertKeys {
  const seen = new Map<string, readonly number[]>()
  const add = (key: readonly number[]): void => {
    const columns = [...new Set(key)].sort((a, b) => a - b)
    if (seen.size < MAXIMUM) seen.set(columns.join(), columns)
  }
  for (const key of keys) add(key)
  // A map is walked in the order of insertion, and what is added on the way comes up too.
  for (const key of seen.values()) {
    for (const [index, mine] of left.keys.entries()) {
      const theirs = (right.keys[index] ?? 0) + width
      if (!leftMayMiss(joinType) && key.includes(theirs)) add(key.map((column) => (column === theirs ? mine : column)))
      if (!rightMayMiss(joinType) && key.includes(mine)) add(key.map((column) => (column === mine ? theirs : column)))
    }
  }
  return [...seen.values()]
}
