/**
 * How a Top-N runs: by what its input can bring, and by whether rows that replace others only move up. One of a single
 * row by a time attribute is a deduplication
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/deduplication/).
 */
import { type ChangelogMode, INSERT_ONLY } from '../../catalog/connector.ts'
import { timeAttributeOf } from '../bind/types.ts'
import type { RuleContext } from '../rules/rule-context.ts'
import type { Draft, DraftNode } from './draft.ts'
import type { SortField } from '../expression.ts'
import type { RankNode, TopNSpec } from './graph.ts'
import { monotonicityOf } from './monotonicity.ts'
import type { UpsertKeys } from './upsert-keys.ts'

interface InputFacts {
  readonly modes: ReadonlyMap<Draft, ChangelogMode>
  readonly keys: ReadonlyMap<Draft, UpsertKeys>
}

/** The draft's node with its strategy; other nodes are left as they are. */
export function withStrategy(draft: Draft, facts: InputFacts, rules: RuleContext): DraftNode {
  const { node } = draft
  const [input] = draft.inputs
  if (input === undefined) return node
  switch (node.kind) {
    case 'rank': {
      const chosen = { ...node, ...strategyOf(input, node.keys, node.order, facts) }
      return chosen.strategy === 'append-fast' ? (deduplication(chosen, input, rules) ?? chosen) : chosen
    }
    case 'sort-limit':
      return { ...node, ...strategyOf(input, [], node.order, facts) }
    case 'limit':
      return { ...node, ...strategyOf(input, [], [], facts) }
    default:
      return node
  }
}

function strategyOf(
  input: Draft,
  partition: readonly number[],
  order: readonly SortField[],
  { modes, keys }: InputFacts,
): Pick<TopNSpec, 'strategy' | 'rowKey'> {
  const mode = modes.get(input) ?? INSERT_ONLY
  if (!mode.updateAfter && !mode.updateBefore && !mode.delete) return { strategy: 'append-fast', rowKey: [] }
  const rowKey = (keys.get(input) ?? []).find((key) => partition.every((column) => key.includes(column)))
  if (rowKey === undefined || order.length === 0 || mayDelete(input, modes)) return { strategy: 'retract', rowKey: [] }
  const columns = monotonicityOf(input, modes)
  const rises = order.every(({ column, descending, nullsFirst }) => {
    const monotonicity = columns?.[column]
    if (monotonicity === 'constant') return true
    // A MIN or MAX may be NULL before it has a value: with NULLS FIRST the row would move down then.
    if (nullsFirst && input.node.schema.fields[column]?.type.nullable !== false) return false
    return monotonicity === (descending ? 'increasing' : 'decreasing')
  })
  return rises ? { strategy: 'update-fast', rowKey } : { strategy: 'retract', rowKey: [] }
}

/** Whether rows go without others taking their place. A Top-N says that it deletes, and does so only without numbers. */
function mayDelete(draft: Draft, modes: ReadonlyMap<Draft, ChangelogMode>): boolean {
  const { node } = draft
  const [input] = draft.inputs
  if (modes.get(draft)?.delete !== true) return false
  switch (node.kind) {
    case 'calc':
    case 'watermark':
    case 'mini-batch-assigner':
    case 'drop-update-before':
      return input === undefined || mayDelete(input, modes)
    case 'rank': {
      const numbered =
        node.outputRankNumber || isFirst(node.range) || (node.range.kind === 'constant' && node.range.start > 1)
      return node.strategy === 'retract' || !numbered
    }
    case 'deduplicate':
      return false
    default:
      return true
  }
}

type RankDraft = Extract<DraftNode, { kind: 'rank' }>

function deduplication(node: RankDraft, input: Draft, rules: RuleContext): DraftNode | undefined {
  const [order, another] = node.order
  if (order === undefined || another !== undefined || node.outputRankNumber || !isFirst(node.range)) return undefined
  const type = input.node.schema.fields[order.column]?.type
  const time = type === undefined ? undefined : timeAttributeOf(type)
  if (time === undefined) return undefined
  return {
    kind: 'deduplicate',
    keys: node.keys,
    keep: order.descending ? 'last' : 'first',
    time,
    timeColumn: order.column,
    emitUpdateBefore: false,
    emitInsert: rules.planner.configuration.boolean('table.exec.deduplicate.insert-update-after-sensitive-enabled'),
    stateTtl: node.stateTtl,
    schema: node.schema,
  }
}

function isFirst(range: RankNode['range']): boolean {
  return range.kind === 'constant' && range.start === 1 && range.end === 1
}
