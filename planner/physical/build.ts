/** Drafts with their changelogs → the operator graph: ids, uids, fingerprint. */
import { createHash } from 'node:crypto'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import type { JsonValue } from '../../core/json.ts'
import { typeToString } from '../../core/types.ts'
import type { Changelogs } from './changelog.ts'
import { describe } from './describe.ts'
import type { Draft } from './draft.ts'
import type { SortField } from '../expression.ts'
import type { JoinSide } from './join-nodes.ts'
import type { OperatorGraph, OperatorNode } from './graph.ts'
import { assignUids } from './uid.ts'

export function buildGraph(roots: readonly Draft[], changelogs: Changelogs): OperatorGraph {
  const { order, modes, keys } = changelogs
  const uids = assignUids(roots, order)
  const ids = new Map(order.map((draft, index) => [draft, index]))
  const nodes = order.map((draft, id): OperatorNode => {
    const [upsertKey] = keys.get(draft) ?? []
    const place = {
      id,
      uid: uids.get(draft) ?? `${draft.node.kind}-${id}`,
      inputs: draft.inputs.flatMap((input) => ids.get(input) ?? []),
      changelog: modes.get(draft) ?? INSERT_ONLY,
      description: describe(draft),
    }
    return { ...draft.node, ...place, ...(upsertKey === undefined ? {} : { upsertKey }) }
  })
  return { version: 1, nodes, fingerprint: fingerprint(nodes) }
}

/** What a checkpoint's state depends on. Projections and filters may change: their operators hold none. */
function fingerprint(nodes: readonly OperatorNode[]): string {
  const states = nodes
    .map(stateOf)
    .filter((state) => state !== undefined)
    .map((state) => JSON.stringify(state))
    .sort()
  return createHash('sha256').update(states.join('\n')).digest('hex')
}

function stateOf(node: OperatorNode): JsonValue | undefined {
  const types = node.schema.fields.map((field) => typeToString(field.type))
  const { kind, uid } = node
  switch (kind) {
    case 'source':
      return { kind, uid, table: node.table.path.name, connector: node.options['connector'] ?? '' }
    case 'hash-aggregate':
      return { kind, uid, keys: node.keys, aggregates: aggregatesOf(node), types }
    case 'final-rows':
      return { kind, uid, types }
    case 'group-aggregate':
      return { kind, uid, keys: node.keys, aggregates: aggregatesOf(node), types, inputRetracts: node.inputRetracts }
    case 'window-aggregate': {
      const { window, keys, inputRetracts } = node
      return {
        kind,
        uid,
        window: { ...window, timeColumn: 0 },
        keys,
        aggregates: aggregatesOf(node),
        types,
        inputRetracts,
      }
    }
    case 'window-rank': {
      const { keys, order, start, end, outputRankNumber } = node
      return { kind, uid, keys, order: orderOf(order), start, end, outputRankNumber, types }
    }
    case 'window-deduplicate':
      return { kind, uid, keys: node.keys, keep: node.keep, timeColumn: node.timeColumn, types }
    case 'changelog-normalize':
      return { kind, uid, keys: node.keys, types }
    case 'join': {
      const { joinType, left, right, filterNulls } = node
      return { kind, uid, joinType, left: sideOf(left), right: sideOf(right), filterNulls, types }
    }
    case 'sink-materialize': {
      const state = { kind, uid, keys: node.keys, types }
      return node.conflict === undefined ? state : { ...state, waits: true }
    }
    case 'interval-join': {
      const { joinType, leftKeys, rightKeys, bounds } = node
      return { kind, uid, joinType, leftKeys, rightKeys, bounds: { ...bounds }, types }
    }
    case 'temporal-join':
    case 'window-join': {
      const { joinType, leftKeys, rightKeys } = node
      return { kind, uid, joinType, leftKeys, rightKeys, types }
    }
    case 'match':
      return { kind, uid, match: JSON.stringify(node.match) }
    case 'limit':
      return { kind, uid, offset: node.offset, fetch: node.fetch, strategy: node.strategy }
    case 'rank': {
      const { keys, order, range, strategy, outputRankNumber } = node
      return { kind, uid, keys, order: orderOf(order), range, strategy, outputRankNumber, types }
    }
    case 'sort-limit': {
      const { order, offset, fetch, strategy } = node
      return { kind, uid, order: orderOf(order), offset, fetch, strategy, types }
    }
    case 'deduplicate':
      return { kind, uid, keys: node.keys, keep: node.keep, time: node.time, types }
    case 'sort':
      return { kind, uid, order: orderOf(node.order), offset: node.offset, fetch: node.fetch ?? null, types }
    case 'temporal-sort':
      return { kind, uid, order: orderOf(node.order), types }
    case 'batch-over-aggregate':
      return { kind, uid, keys: node.keys, order: orderOf(node.order), types }
    case 'over-aggregate': {
      const calls = node.calls.map((call) => [call.function, call.distinct, call.offset ?? 0])
      const { unit, start } = node.frame
      return { kind, uid, keys: node.keys, order: orderOf([node.order]), unit, bounded: start !== null, calls, types }
    }
    case 'sink':
      return { kind, uid, connector: node.options['connector'] ?? '' }
    default:
      return undefined
  }
}

function sideOf({ keys, uniqueKey, retracts }: JoinSide): JsonValue {
  return { keys, uniqueKey: uniqueKey ?? null, retracts }
}

function orderOf(order: readonly SortField[]): JsonValue {
  return order.map(({ column, descending, nullsFirst }) => [column, descending, nullsFirst])
}

function aggregatesOf(
  node: Extract<OperatorNode, { kind: 'group-aggregate' | 'hash-aggregate' | 'window-aggregate' }>,
): JsonValue {
  return node.aggregates.map((call) => [
    call.function,
    call.distinct,
    call.filter !== undefined,
    ...(call.monotonic === true ? ['monotonic'] : []),
    ...call.argumentTypes.map(typeToString),
  ])
}
