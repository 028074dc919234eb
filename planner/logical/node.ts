/**
 * The logical plan: what a query means, before it is decided how it runs. Nodes are immutable; a rewrite makes new
 * ones. One file for each node; a new node is a member of this union, and the compiler lists what has to know it.
 */
import { unreachable } from '../../core/errors.ts'
import type { Aggregate } from './aggregate.ts'
import type { Collect } from './collect.ts'
import type { Correlate } from './correlate.ts'
import type { Expand } from './expand.ts'
import type { Filter } from './filter.ts'
import type { FromChangelog } from './from-changelog.ts'
import type { Join } from './join.ts'
import type { Limit } from './limit.ts'
import type { Over } from './over.ts'
import type { Match } from './match.ts'
import type { ProcessFunction } from './process-function.ts'
import type { Project } from './project.ts'
import type { Rank } from './rank.ts'
import type { Scan } from './scan.ts'
import type { Sink } from './sink.ts'
import type { Sort } from './sort.ts'
import type { TemporalJoin } from './temporal-join.ts'
import type { ToChangelog } from './to-changelog.ts'
import type { Union } from './union.ts'
import type { Values } from './values.ts'
import type { WatermarkAssigner } from './watermark.ts'
import type { WindowAggregate } from './window-aggregate.ts'
import type { WindowRank } from './window-rank.ts'
import type { WindowTableFunction } from './window-table-function.ts'

export type LogicalNode =
  | Scan
  | WatermarkAssigner
  | Values
  | Project
  | Filter
  | Union
  | Expand
  | Aggregate
  | Correlate
  | ToChangelog
  | ProcessFunction
  | FromChangelog
  | Join
  | TemporalJoin
  | WindowTableFunction
  | WindowAggregate
  | WindowRank
  | Over
  | Rank
  | Sort
  | Match
  | Limit
  | Sink
  | Collect

export function logicalInputs(node: LogicalNode): readonly LogicalNode[] {
  switch (node.kind) {
    case 'scan':
    case 'values':
      return []
    case 'union':
      return node.inputs
    case 'join':
    case 'temporal-join':
      return [node.left, node.right]
    case 'watermark':
    case 'project':
    case 'filter':
    case 'expand':
    case 'aggregate':
    case 'correlate':
    case 'to-changelog':
    case 'process-function':
    case 'from-changelog':
    case 'window-table-function':
    case 'window-aggregate':
    case 'window-rank':
    case 'over':
    case 'rank':
    case 'sort':
    case 'match':
    case 'limit':
    case 'sink':
    case 'collect':
      return [node.input]
    default:
      return unreachable(node)
  }
}

/** The node over other inputs of the same schema. */
export function mapLogicalInputs(node: LogicalNode, change: (input: LogicalNode) => LogicalNode): LogicalNode {
  switch (node.kind) {
    case 'scan':
    case 'values':
      return node
    case 'union': {
      const inputs = node.inputs.map(change)
      return inputs.every((input, index) => input === node.inputs[index]) ? node : { ...node, inputs }
    }
    case 'join':
    case 'temporal-join': {
      const left = change(node.left)
      const right = change(node.right)
      return left === node.left && right === node.right ? node : { ...node, left, right }
    }
    default: {
      const input = change(node.input)
      return input === node.input ? node : { ...node, input }
    }
  }
}
