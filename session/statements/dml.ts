/** INSERT, statement sets and queries: planned, then run as a job. */
import { pathToString } from '../../catalog/table.ts'
import type { Insert, Query, StatementSet } from '../../parser/ast.ts'
import { isBatch } from '../../planner/physical/batch.ts'
import { planStatement } from '../../planner/plan.ts'
import { ChangeQueue } from '../change-queue.ts'
import { QueryResult } from '../query-result.ts'
import type { StatementResult } from '../result.ts'
import type { StatementScope } from '../scope.ts'
import { namesOf } from './names.ts'

export async function executeInsert(statement: Insert | StatementSet, scope: StatementScope): Promise<StatementResult> {
  const inserts = statement.kind === 'insert' ? [statement] : statement.inserts
  const graph = planStatement(statement, scope.sql, scope.planner)
  const sinks = inserts.map((insert) => pathToString(scope.catalog.resolvePath(namesOf(insert.table))))
  const name = scope.configuration.get('pipeline.name') ?? `insert-into_${[...new Set(sinks)].join(',')}`
  const job = await scope.startJob({ graph, name, durable: true })
  scope.jobs.add(job)
  if (scope.configuration.boolean('table.dml-sync')) await job.finished
  return { kind: 'job', job }
}

export async function executeQuery(statement: Query, scope: StatementScope): Promise<QueryResult> {
  const graph = planStatement(statement, scope.sql, scope.planner)
  const root = graph.nodes.at(-1)
  const queue = new ChangeQueue()
  const job = await scope.startJob({
    graph,
    name: 'collect',
    durable: false,
    onCollect: (batch) => queue.push(batch),
  })
  job.finished.then(
    () => {
      queue.end()
    },
    (error: unknown) => {
      queue.end(error)
    },
  )
  return new QueryResult(root?.schema ?? { fields: [] }, job, queue, isBatch(scope.planner))
}
