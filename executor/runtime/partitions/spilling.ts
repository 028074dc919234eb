/** Divides operators when their state nears what there may be of it in memory, those with the most state first. */
import type { OperatorGraph, OperatorNode } from '../../../planner/physical/graph.ts'
import { keysOfInputs } from '../../../planner/physical/exchange.ts'
import type { MemoryBeyond } from '../../../state/table/memory.ts'
import type { Operator, Output } from '../../operators/operator.ts'
import type { GatheredInput } from './gathered-rows.ts'
import { PartitionedOperator } from './partitioned-operator.ts'

/** What says which partition rows of the graph are in; undefined where the operator needs all rows in one place. */
export function graphInputs(node: OperatorNode, graph: OperatorGraph): readonly GatheredInput[] | undefined {
  return keysOfInputs(node, graph)?.map((keys, input) => ({
    schema: graph.nodes[node.inputs[input] ?? -1]?.schema ?? { fields: [] },
    keys,
  }))
}

/**
 * @param inputs what the operator gets
 * @param memory absent: there is no limit
 * @returns undefined where the operator needs all rows in one place
 */
export function createPartitioned(
  node: OperatorNode,
  inputs: readonly GatheredInput[] | undefined,
  memory: MemoryBeyond | undefined,
  output: Output,
  create: (output: Output) => Operator,
): PartitionedOperator | undefined {
  // What reaches a window aggregate may be rows or groups of them, as the number of workers is.
  const mustBeEmpty = node.kind === 'window-aggregate'
  return inputs && new PartitionedOperator({ node, inputs, output, memory, mustBeEmpty, create })
}

export class Spilling {
  readonly #memory: MemoryBeyond
  #isDividing = false

  constructor(memory: MemoryBeyond) {
    this.#memory = memory
  }

  /**
   * Between two steps of the job.
   *
   * @param run runs a step of one of the stages
   */
  afterStep<S extends { readonly operator: Operator | undefined }>(
    stages: readonly S[],
    run: (stage: S, step: () => void) => void,
  ): void {
    if (this.#isDividing || !this.#memory.isShort()) return
    this.#isDividing = true
    let largest: { readonly bytes: number; readonly divide: () => void } | undefined
    for (const stage of stages) {
      const { operator } = stage
      const partitions = operator instanceof PartitionedOperator ? operator.divisible : undefined
      const bytes = operator?.metrics?.().stateBytes ?? 0
      if (partitions === undefined || bytes <= (largest?.bytes ?? 0)) continue
      const divide = (): void => {
        run(stage, () => {
          if (operator instanceof PartitionedOperator) operator.divide(partitions)
        })
      }
      largest = { bytes, divide }
    }
    largest?.divide()
    this.#isDividing = false
  }
}
