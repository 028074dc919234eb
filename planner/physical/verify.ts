/** Checks that a graph fits together: a defect of the planner shows here and not as a wrong result. */
import { invariant } from '../../core/errors.ts'
import { physicalKind, type Schema, type SqlType } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import { childrenOf } from '../expression-rewrite.ts'
import { invocationFields } from '../logical/correlate.ts'
import type { JoinType } from '../logical/join.ts'
import type { OperatorGraph, OperatorNode } from './graph.ts'

/** @throws MillraceError INTERNAL_ERROR that names the node */
export function verifyGraph(graph: OperatorGraph): void {
  const uids = new Set(graph.nodes.map((node) => node.uid))
  invariant(uids.size === graph.nodes.length, 'two nodes have one uid')
  for (const [index, node] of graph.nodes.entries()) {
    invariant(node.id === index, `node ${index} has id ${node.id}`)
    const inputs = node.inputs.map((input) => {
      const found = graph.nodes[input]
      invariant(found !== undefined && input < index, `${node.description} reads node ${input}`)
      return found
    })
    verifyNode(node, inputs)
  }
}

function verifyNode(node: OperatorNode, inputs: readonly OperatorNode[]): void {
  const input = inputs[0]?.schema ?? { fields: [] }
  const width = node.schema.fields.length
  const expectWidth = (wanted: number): void => {
    invariant(width === wanted, `${node.description} has ${width} columns, not ${wanted}`)
  }
  for (const column of node.upsertKey ?? []) invariant(column < width, `${node.description} has key column ${column}`)
  switch (node.kind) {
    case 'source':
      return expectWidth(node.columns.length)
    case 'values':
      for (const row of node.rows) expectWidth(row.length)
      return
    case 'calc':
      if (node.condition !== undefined) verifyExpression(node.condition, input, node)
      for (const [index, expression] of node.projections.entries()) {
        verifyExpression(expression, input, node)
        verifyType(expression.type, node.schema.fields[index]?.type, node)
      }
      return expectWidth(node.projections.length)
    case 'group-aggregate':
    case 'hash-aggregate':
    case 'window-aggregate': {
      verifyAggregates(node, input)
      return expectWidth(
        node.keys.length + node.aggregates.length + ('properties' in node ? node.properties.length : 0),
      )
    }
    case 'join':
      return verifyJoin({ ...node, leftKeys: node.left.keys, rightKeys: node.right.keys }, inputs, expectWidth)
    case 'interval-join':
    case 'temporal-join':
    case 'window-join':
      return verifyJoin(node, inputs, expectWidth)
    case 'lookup-join':
      return verifyLookupJoin(node, input, expectWidth)
    case 'expand':
      for (const copy of node.copies) expectWidth(copy.columns.length + 1)
      return
    case 'rank':
    case 'window-rank':
      return expectWidth(input.fields.length + (node.outputRankNumber ? 1 : 0))
    case 'over-aggregate':
    case 'batch-over-aggregate':
      return expectWidth(input.fields.length + node.calls.length)
    case 'window-table-function':
      return expectWidth(input.fields.length + 3)
    case 'process-function':
      return expectWidth(node.spec.keys.length + node.spec.function.result.length)
    case 'to-changelog':
      return expectWidth(input.fields.length + 1)
    case 'from-changelog':
      return expectWidth(input.fields.length - 1)
    case 'match':
      return expectWidth(node.match.partitionKeys.length + node.match.measures.length)
    case 'correlate':
      return expectWidth(input.fields.length + invocationFields(input, node.invocation).length)
    case 'watermark':
      verifyExpression(node.strategy.expression, input, node)
      return verifySame(node, inputs)
    case 'sink':
      expectWidth(node.columns.length)
      return verifySame(node, inputs)
    default:
      return verifySame(node, inputs)
  }
}

type Described = Pick<OperatorNode, 'description'>

type VerifiedJoin = Described & {
  readonly joinType: JoinType
  readonly leftKeys: readonly number[]
  readonly rightKeys: readonly number[]
  readonly condition?: Expression
}

function verifyLookupJoin(
  node: Extract<OperatorNode, { kind: 'lookup-join' }>,
  input: Schema,
  expectWidth: (wanted: number) => void,
): void {
  for (const { column, value } of node.keys) {
    verifyExpression(value, input, node)
    const type = node.lookup.fields[column]?.type
    invariant(type !== undefined, `${node.description} looks up by column ${column}`)
    verifyType(value.type, { ...type, nullable: true }, node)
  }
  for (const expression of node.projections) verifyExpression(expression, node.lookup, node)
  const width = input.fields.length
  const found = node.projections.map(({ type }, index) => ({ name: `${index}`, type }))
  if (node.condition !== undefined) verifyExpression(node.condition, { fields: [...input.fields, ...found] }, node)
  return expectWidth(width + found.length)
}

function verifyJoin(node: VerifiedJoin, inputs: readonly OperatorNode[], expectWidth: (wanted: number) => void): void {
  const [left = { fields: [] }, right = { fields: [] }] = inputs.map(({ schema }) => schema)
  invariant(node.leftKeys.length === node.rightKeys.length, `${node.description} compares different numbers of keys`)
  for (const [index, key] of node.leftKeys.entries()) {
    const mine = left.fields[key]?.type
    const theirs = right.fields[node.rightKeys[index] ?? -1]?.type
    invariant(mine !== undefined && theirs !== undefined, `${node.description} has a key that is no column`)
    invariant(
      physicalKind(mine) === physicalKind(theirs),
      `${node.description} compares ${mine.kind} and ${theirs.kind}`,
    )
  }
  if (node.condition !== undefined) {
    verifyExpression(node.condition, { fields: [...left.fields, ...right.fields] }, node)
  }
  const leftOnly = node.joinType === 'semi' || node.joinType === 'anti'
  return expectWidth(left.fields.length + (leftOnly ? 0 : right.fields.length))
}

function verifySame(node: OperatorNode, inputs: readonly OperatorNode[]): void {
  for (const { schema } of inputs) {
    invariant(schema.fields.length === node.schema.fields.length, `${node.description} changes the number of columns`)
    for (const [index, field] of schema.fields.entries()) verifyType(field.type, node.schema.fields[index]?.type, node)
  }
}

function verifyAggregates(
  node: Extract<OperatorNode, { kind: 'group-aggregate' | 'hash-aggregate' | 'window-aggregate' }>,
  input: Schema,
): void {
  const columnType = (column: number): SqlType => {
    const field = input.fields[column]
    invariant(field !== undefined, `${node.description} reads column ${column}`)
    return field.type
  }
  for (const [index, key] of node.keys.entries()) verifyType(columnType(key), node.schema.fields[index]?.type, node)
  for (const call of node.aggregates) {
    for (const [index, arg] of call.args.entries()) verifyType(columnType(arg), call.argumentTypes[index], node)
    if (call.filter !== undefined) invariant(columnType(call.filter).kind === 'BOOLEAN', `${node.description}: FILTER`)
  }
}

function verifyExpression(expression: Expression, input: Schema, node: Described): void {
  if (expression.kind === 'input') {
    const field = input.fields[expression.index]
    invariant(field !== undefined, `${node.description} reads column ${expression.index}`)
    verifyType(field.type, expression.type, node)
  }
  for (const child of childrenOf(expression)) verifyExpression(child, input, node)
}

/** Held in the same way, and NOT NULL only where the values are. */
function verifyType(given: SqlType, declared: SqlType | undefined, node: Described): void {
  invariant(declared !== undefined, `${node.description} has a column too much`)
  const same = physicalKind(given) === physicalKind(declared)
  const scale = (type: SqlType): number => (type.kind === 'DECIMAL' ? type.scale : 0)
  invariant(same && scale(given) === scale(declared), `${node.description} takes ${given.kind} for ${declared.kind}`)
  invariant(declared.nullable || !given.nullable, `${node.description} takes a nullable column for NOT NULL`)
}
