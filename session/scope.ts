/** What a statement may use of its session. */
import type { Catalog } from '../catalog/catalog.ts'
import type { Configuration } from '../catalog/configuration.ts'
import type { PlannerContext } from '../catalog/reader.ts'
import type { ChangeBatch } from '../core/change-batch.ts'
import type { MillraceError } from '../core/errors.ts'
import type { Job } from '../executor/runtime/job.ts'
import type { Span } from '../parser/ast.ts'
import { positionOf } from '../parser/ast.ts'
import type { OperatorGraph } from '../planner/physical/graph.ts'
import type { FunctionRegistry } from './function-registry.ts'
import type { JobRegistry } from './job-registry.ts'

export interface StatementScope {
  /** The text that the statement's spans point into. */
  readonly sql: string
  readonly catalog: Catalog
  readonly configuration: Configuration
  readonly functions: FunctionRegistry
  readonly planner: PlannerContext
  readonly jobs: JobRegistry
  /** Where jobs keep their state and savepoints go by default. */
  readonly dataDirectory: string
  readonly startJob: (request: JobRequest) => Promise<Job>
}

export interface JobRequest {
  readonly graph: OperatorGraph
  readonly name: string
  /** Whether state and checkpoints are kept on disk; queries of a SELECT are not. */
  readonly durable: boolean
  readonly onCollect?: (batch: ChangeBatch) => Promise<void> | undefined
}

/** Puts the position of a node on an error that does not know its own. */
export function located<T>(scope: { readonly sql: string }, span: Span, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const candidate = error as MillraceError
    if (candidate.name === 'MillraceError' && candidate.position === undefined) {
      candidate.position = positionOf(scope.sql, span)
    }
    throw error
  }
}
