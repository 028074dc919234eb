/** The operator graph as text, one tree for each root; a node read twice is drawn once and then referred to. */
import type { ChangelogMode } from '../../catalog/connector.ts'
import type { Advice } from './advice.ts'
import type { Exchange } from '../physical/exchange.ts'
import type { OperatorGraph, OperatorNode } from '../physical/graph.ts'
import { globalWindowAggregateText, localWindowAggregateText } from './two-phase-text.ts'
import { type Cost, estimateCosts } from './cost.ts'
import type { TextTree } from './tree.ts'

export interface PhysicalDetails {
  readonly changelogMode: boolean
  readonly estimatedCost: boolean
  /** Mark shared nodes, as in the execution plan. */
  readonly reuse: boolean
  /** Between which operators rows go to other workers; empty where the job has one. */
  readonly exchanges: readonly Exchange[]
  /** Numbers of advice stand at the nodes that it is about. */
  readonly advice: readonly Advice[]
}

export function physicalTrees(graph: OperatorGraph, details: PhysicalDetails): readonly TextTree[] {
  const readers = new Map<number, number>()
  for (const node of graph.nodes) for (const input of node.inputs) readers.set(input, (readers.get(input) ?? 0) + 1)
  const reuseIds = new Map<number, number>()
  for (const [id, count] of [...readers].sort(([a], [b]) => a - b)) if (count > 1) reuseIds.set(id, reuseIds.size + 1)
  const drawn = new Set<number>()
  const costs = details.estimatedCost ? estimateCosts(graph) : undefined
  const treeOf = (id: number): TextTree => {
    const node = graph.nodes[id]
    const reuse = details.reuse ? reuseIds.get(id) : undefined
    if (node === undefined) return { text: '', inputs: [] }
    if (reuse !== undefined && drawn.has(id)) return { text: `Reused(reference_id=[${reuse}])`, inputs: [] }
    drawn.add(id)
    const mark = reuse === undefined ? '' : `(reuse_id=[${reuse}])`
    const inputs = node.inputs.map((from, input) => {
      const tree = treeOf(from)
      const exchange = details.exchanges.find((candidate) => candidate.to === id && candidate.input === input)
      return exchange === undefined ? tree : exchangeTree(exchange, graph, details, tree)
    })
    return {
      text: `${lineOf(node, descriptionOf(node, graph, details), details)}${costText(costs?.get(id))}${mark}`,
      inputs,
    }
  }
  // A query's root only hands the rows to the session: Flink does not print it.
  return graph.nodes
    .filter((node) => !readers.has(node.id))
    .map((node) => treeOf(node.kind === 'collect' ? (node.inputs[0] ?? node.id) : node.id))
}

/** The part behind the exchange, where there are two. */
function descriptionOf(node: OperatorNode, graph: OperatorGraph, { exchanges }: PhysicalDetails): string {
  if (node.kind !== 'window-aggregate' || !exchanges.some(({ to, twoPhase }) => to === node.id && twoPhase))
    return node.description
  return globalWindowAggregateText(node, namesOf(graph.nodes[node.inputs[0] ?? -1]))
}

/** What is before the exchange is part of the operator behind it. */
function exchangeTree(exchange: Exchange, graph: OperatorGraph, details: PhysicalDetails, input: TextTree): TextTree {
  const [from, to] = [graph.nodes[exchange.from], graph.nodes[exchange.to]]
  const text = exchangeText(exchange, from)
  if (!exchange.twoPhase || to?.kind !== 'window-aggregate') return { text, inputs: [input] }
  const local = withMode(localWindowAggregateText(to, namesOf(from)), to, details)
  return { text, inputs: [{ text: local, inputs: [input] }] }
}

function namesOf(node: OperatorNode | undefined): readonly string[] {
  return node?.schema.fields.map((field) => field.name) ?? []
}

/** As Flink prints it. */
function exchangeText({ distribution }: Exchange, from: OperatorNode | undefined): string {
  if (distribution.kind !== 'hash') return `Exchange(distribution=[${distribution.kind}])`
  const names = distribution.columns.map((column) => from?.schema.fields[column]?.name ?? `$${column}`)
  return `Exchange(distribution=[hash[${names.join(', ')}]])`
}

function lineOf(node: OperatorNode, description: string, details: PhysicalDetails): string {
  const numbers = details.advice.flatMap(({ nodes }, index) => (nodes.includes(node.id) ? [index + 1] : []))
  return withMode(numbers.length === 0 ? description : withAdvice(description, numbers), node, details)
}

function withMode(text: string, node: OperatorNode, details: PhysicalDetails): string {
  if (!details.changelogMode) return text
  const mode = `changelogMode=[${modeText(node.changelog)}]`
  if (!text.endsWith(')')) return `${text}(${mode})`
  const open = text.endsWith('()') ? '' : ', '
  return `${text.slice(0, -1)}${open}${mode})`
}

function withAdvice(description: string, numbers: readonly number[]): string {
  const advice = `advice=[${numbers.join(', ')}]`
  const open = description.indexOf('(')
  if (open < 0) return `${description}(${advice})`
  return `${description.slice(0, open + 1)}${advice}, ${description.slice(open + 1)}`
}

function modeText(mode: ChangelogMode): string {
  const kinds = [
    [mode.insert, 'I'],
    [mode.updateBefore, 'UB'],
    [mode.updateAfter, 'UA'],
    [mode.delete, 'D'],
  ] as const
  return kinds.flatMap(([has, name]) => (has ? [name] : [])).join(',')
}

function costText(cost: Cost | undefined): string {
  if (cost === undefined) return ''
  const { rows, cpu, io, memory } = cost.cumulative
  const parts = [
    `${exponent(rows)} rows`,
    `${exponent(cpu)} cpu`,
    `${exponent(io)} io`,
    '0.0 network',
    `${exponent(memory)} memory`,
  ]
  return `: rowcount = ${exponent(cost.rows)}, cumulative cost = {${parts.join(', ')}}`
}

/** As Java prints doubles: `1.0E8`, `250.0`. */
function exponent(value: number): string {
  if (value < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value)
  const [mantissa = '', power = ''] = value.toExponential().split('e+')
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${power}`
}
