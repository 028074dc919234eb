/** Drops -U rows that the consumer does not want. */
import { gatherRows, UPDATE_BEFORE } from '../../core/change-batch.ts'
import type { DropUpdateBeforeNode } from '../../planner/physical/graph.ts'
import type { Operator, OperatorContext } from './operator.ts'

export function createDropUpdateBefore(_node: DropUpdateBeforeNode, { output }: OperatorContext): Operator {
  return {
    onBatch: (batch) => {
      const { kinds, rows } = batch
      if (kinds === null) {
        output.batch(batch)
        return
      }
      const kept = new Int32Array(rows)
      let count = 0
      for (let row = 0; row < rows; row++) if (kinds[row] !== UPDATE_BEFORE) kept[count++] = row
      if (count > 0) output.batch(count === rows ? batch : gatherRows(batch, kept, count))
    },
    onWatermark: (time) => {
      output.watermark(time)
    },
  }
}
