/** In how many workers a job runs. */
import type { ConfigurationReader } from '../../catalog/reader.ts'
import { MillraceError } from '../../core/errors.ts'
import { callsProgram, type Deployment, planDeployment } from '../../planner/physical/exchange.ts'
import type { OperatorGraph } from '../../planner/physical/graph.ts'
import { allowsTwoPhases } from '../../planner/physical/two-phase.ts'
import { runsParallel } from './connect.ts'

/** Flink's default for small parallelisms. */
const KEY_GROUPS = 128

/**
 * @returns undefined where the job runs in one thread: because that is wanted, because no operator could be divided,
 *   or because it calls a function of the program around it, which other threads cannot
 * @throws MillraceError CONFIGURATION_ERROR
 */
export function deploymentOf(graph: OperatorGraph, configuration: ConfigurationReader): Deployment | undefined {
  const parallelism = configuration.int('parallelism.default')
  if (parallelism <= 1) return undefined
  const groups = configuration.int('pipeline.max-parallelism')
  const maxParallelism = groups > 0 ? groups : KEY_GROUPS
  if (parallelism > maxParallelism) {
    throw new MillraceError(
      'CONFIGURATION_ERROR',
      `parallelism.default is ${parallelism}, above the ${maxParallelism} key groups there are`,
      { hint: "SET 'pipeline.max-parallelism' to more, before the job is started for the first time." },
    )
  }
  if (callsProgram(graph)) return undefined
  const deployment = planDeployment(graph, parallelism, maxParallelism, runsParallel, allowsTwoPhases(configuration))
  return deployment.subtasks.every((subtasks) => subtasks === 1) ? undefined : deployment
}
