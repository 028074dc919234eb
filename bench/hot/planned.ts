/** Operators as the planner makes them from SQL, fed without a job around them. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { createOperator } from '../../executor/operators/index.ts'
import type { Operator } from '../../executor/operators/operator.ts'
import { parseStatement } from '../../parser/parse.ts'
import { planStatement } from '../../planner/plan.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import { Session } from '../../session/index.ts'
import type { Emit, Workload } from './case.ts'

type RunnableNode = Parameters<typeof createOperator>[0]

export interface PlannedNode {
  readonly node: RunnableNode
  readonly graph: OperatorGraph
}

/** The only node of a kind in the plan of a query. */
export async function planned(
  tables: readonly string[],
  query: string,
  kind: OperatorNode['kind'],
): Promise<PlannedNode> {
  const session = new Session()
  for (const table of tables) await session.execute(table)
  const statement = parseStatement(query)
  if (statement.kind !== 'query') throw new Error(`${query} is no query`)
  const graph = planStatement(statement, query, session.plannerContext())
  await session.close()
  const found = graph.nodes.filter((node) => node.kind === kind)
  const [node] = found
  if (node === undefined || found.length > 1) {
    throw new Error(
      `${found.length} nodes of kind ${kind}: ${graph.nodes.map(({ description }) => description).join(' ')}`,
    )
  }
  return { node: node as RunnableNode, graph }
}

/** The columns of a batch that the node reads, by name. */
export function inputOf({ node, graph }: PlannedNode, batch: ChangeBatch, input = 0): ChangeBatch {
  const schema = graph.nodes[node.inputs[input] ?? -1]?.schema
  if (schema === undefined) throw new Error(`${node.kind} has no input ${input}`)
  const columns = schema.fields.map(({ name }) => {
    const column = batch.columns[batch.schema.fields.findIndex((field) => field.name === name)]
    if (column === undefined) throw new Error(`no column "${name}"`)
    return column
  })
  return { schema, rows: batch.rows, columns, kinds: batch.kinds }
}

export interface Running {
  readonly operator: Operator
  /** Where its rows go from now on. */
  emit: Emit
}

export function start({ node, graph }: PlannedNode): Running {
  const output = {
    batch: (batch: ChangeBatch): void => {
      running.emit(batch)
    },
    watermark: (): void => undefined,
  }
  const running: Running = {
    operator: createOperator(node, graph, { output, clock: SYSTEM_CLOCK, timeZone: 'UTC' }),
    emit: () => undefined,
  }
  return running
}

/** Feeds all batches to one operator again and again. */
export function feeding(plan: PlannedNode, batches: readonly ChangeBatch[]): Workload {
  const input = batches.map((batch) => inputOf(plan, batch))
  const running = start(plan)
  return {
    rows: input.reduce((sum, { rows }) => sum + rows, 0),
    run: (emit) => {
      running.emit = emit
      for (const batch of input) running.operator.onBatch(batch, 0)
    },
  }
}
