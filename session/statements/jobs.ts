/** DESCRIBE JOB and STOP JOB (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/job/). */
import { join } from 'node:path'
import { MillraceError } from '../../core/errors.ts'
import type { DescribeJob, StopJob } from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import { DONE, type StatementResult, table } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'

export function executeDescribeJob(statement: DescribeJob, scope: StatementScope): StatementResult {
  const job = located(scope, statement.job.span, () => scope.jobs.require(statement.job.value))
  return table(
    ['job id', 'job name', 'status', 'start time'],
    [[job.id, job.name, job.status, new Date(job.startTime).toISOString().slice(0, 23)]],
  )
}

export async function executeStopJob(statement: StopJob, scope: StatementScope): Promise<StatementResult> {
  const job = located(scope, statement.job.span, () => scope.jobs.require(statement.job.value))
  if (!scope.jobs.running().includes(job)) {
    throw new MillraceError('INVALID_ARGUMENT', `job "${job.id}" is ${job.status.toLowerCase()} already`, {
      position: positionOf(scope.sql, statement.job.span),
    })
  }
  if (!statement.withSavepoint) {
    await job.cancel()
    return DONE
  }
  const directory =
    scope.configuration.get('execution.checkpointing.savepoint-dir') ?? join(scope.dataDirectory, 'savepoints')
  const path = await job.stopWithSavepoint(directory, { drain: statement.withDrain })
  return table(['savepoint path'], [[path]])
}
