/** From nodes of the graph to operators at work: the only list. */
import { unreachable } from '../../core/errors.ts'
import { type Schema, timestamp, type SqlType } from '../../core/types.ts'
import type { OperatorGraph, OperatorNode, WindowAggregateNode } from '../../planner/physical/graph.ts'
import type { WindowSpec } from '../../planner/physical/window-spec.ts'
import { createBatchOverAggregate } from './batch-over-aggregate.ts'
import { createCalc } from './calc.ts'
import { createChangelogNormalize } from './changelog-normalize.ts'
import { createCorrelate } from './correlate.ts'
import { createDeduplicate } from './deduplicate.ts'
import { createDropUpdateBefore } from './drop-update-before.ts'
import { createExpand } from './expand.ts'
import { createFinalRows } from './final-rows.ts'
import { createFromChangelog } from './from-changelog.ts'
import { GlobalWindowAggregate } from './global-window-aggregate.ts'
import { createGroupAggregate } from './group-aggregate.ts'
import { createJoin } from './join.ts'
import { createHashAggregate } from './hash-aggregate.ts'
import { createIntervalJoin } from './interval-join.ts'
import { createLimit } from './limit.ts'
import { createMiniBatchAssigner } from './mini-batch-assigner.ts'
import { createMiniBatchGroupAggregate } from './mini-batch-group-aggregate.ts'
import { createLookupJoin } from './lookup-join.ts'
import { createMatch } from './match/match.ts'
import type { Operator, OperatorContext } from './operator.ts'
import { createProcessFunction } from './process-function.ts'
import { SessionAggregate } from './session-aggregate.ts'
import { SessionTableFunction } from './session-table-function.ts'
import { createOverAggregate } from './over-aggregate.ts'
import { createSinkMaterialize } from './sink-materialize.ts'
import { createSort } from './sort.ts'
import { createTemporalSort } from './temporal-sort.ts'
import { createRank, createTopN } from './top-n.ts'
import { createTemporalJoin } from './temporal-join.ts'
import { createToChangelog } from './to-changelog.ts'
import { createUnion } from './union.ts'
import { createWatermarkCompactingMaterialize } from './watermark-compacting-materialize.ts'
import { createWatermark } from './watermark.ts'
import { WindowAggregate } from './window-aggregate.ts'
import { createWindowDeduplicate, createWindowRank } from './window-rank.ts'
import { createWindowJoin } from './window-join.ts'
import { createWindowTableFunction } from './window-table-function.ts'

/** Nodes that the runtime itself takes care of. */
type RuntimeKind = 'source' | 'values' | 'sink' | 'collect'

/** @param graph that the node is part of: some operators have to know what their inputs look like */
export function createOperator(
  node: Exclude<OperatorNode, { readonly kind: RuntimeKind }>,
  graph: OperatorGraph,
  context: OperatorContext,
): Operator {
  switch (node.kind) {
    case 'calc':
      return createCalc(node, context)
    case 'union':
      return createUnion(node, context)
    case 'watermark':
      return createWatermark(node, context)
    case 'group-aggregate':
      return node.miniBatch === undefined
        ? createGroupAggregate(node, context)
        : createMiniBatchGroupAggregate(node, node.miniBatch.size, context)
    case 'hash-aggregate':
      return createHashAggregate(node, context)
    case 'sort':
      return createSort(node, context)
    case 'final-rows':
      return createFinalRows(node, context)
    case 'mini-batch-assigner':
      return createMiniBatchAssigner(node, context)
    case 'window-aggregate':
      return node.window.kind === 'session' && node.attached === undefined
        ? new SessionAggregate(node, node.window, inputSchema(node, graph), context)
        : new WindowAggregate(node, timeType(node, graph), context)
    case 'window-table-function':
      return node.window.kind === 'session'
        ? new SessionTableFunction(node, node.window, inputSchema(node, graph), context)
        : createWindowTableFunction(node, node.window, timeType(node, graph), context)
    case 'window-rank':
      return createWindowRank(node, inputSchema(node, graph), context)
    case 'window-deduplicate':
      return createWindowDeduplicate(node, inputSchema(node, graph), context)
    case 'expand':
      return createExpand(node, context)
    case 'match':
      return createMatch(node, inputSchema(node, graph), context)
    case 'correlate':
      return createCorrelate(node, inputSchema(node, graph), context)
    case 'join':
      return createJoin(node, [inputSchema(node, graph), inputSchema(node, graph, 1)], context)
    case 'changelog-normalize':
      return createChangelogNormalize(node, context)
    case 'sink-materialize': {
      const inputKey = graph.nodes[node.inputs[0] ?? -1]?.upsertKey
      return node.conflict === undefined
        ? createSinkMaterialize(node, inputKey, context)
        : createWatermarkCompactingMaterialize(node, inputKey, context)
    }
    case 'interval-join':
      return createIntervalJoin(node, inputSchemas(node, graph), context)
    case 'temporal-join':
      return createTemporalJoin(node, inputSchemas(node, graph), context)
    case 'window-join':
      return createWindowJoin(node, inputSchemas(node, graph), context)
    case 'lookup-join':
      return createLookupJoin(node, inputSchema(node, graph), context)
    case 'process-function':
      return createProcessFunction(node, inputSchema(node, graph), context)
    case 'to-changelog':
      return createToChangelog(node, context)
    case 'from-changelog':
      return createFromChangelog(node, context)
    case 'drop-update-before':
      return createDropUpdateBefore(node, context)
    case 'rank':
      return createRank(node, inputSchema(node, graph), context)
    case 'deduplicate':
      return createDeduplicate(node, context)
    case 'limit':
      return node.strategy === 'append-fast'
        ? createLimit(node, context)
        : createTopN(node, inputSchema(node, graph), context)
    case 'sort-limit':
      return createTopN(node, inputSchema(node, graph), context)
    case 'temporal-sort':
      return createTemporalSort(node, context)
    case 'batch-over-aggregate':
      return createBatchOverAggregate(node, inputSchema(node, graph), context)
    case 'over-aggregate':
      return createOverAggregate(node, inputSchema(node, graph), context)
    default:
      return unreachable(node)
  }
}

/** As of a `window-aggregate`, where the input comes through `LocalWindowAggregate`s. */
export function createGlobalWindowAggregate(
  node: WindowAggregateNode,
  graph: OperatorGraph,
  context: OperatorContext,
): Operator {
  return new GlobalWindowAggregate(node, timeType(node, graph), context)
}

/** Of the time attribute in the input of a window. */
function timeType(
  node: { readonly inputs: readonly number[]; readonly window: WindowSpec },
  graph: OperatorGraph,
): SqlType {
  const input = graph.nodes[node.inputs[0] ?? -1]
  return input?.schema.fields[node.window.timeColumn]?.type ?? timestamp(3)
}

function inputSchema(node: { readonly inputs: readonly number[] }, graph: OperatorGraph, input = 0): Schema {
  return graph.nodes[node.inputs[input] ?? -1]?.schema ?? { fields: [] }
}

function inputSchemas(node: { readonly inputs: readonly number[] }, graph: OperatorGraph): readonly [Schema, Schema] {
  return [inputSchema(node, graph), inputSchema(node, graph, 1)]
}
