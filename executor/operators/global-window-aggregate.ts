/** The aggregate behind `LocalWindowAggregate`s: its input are groups (`window-groups.ts`), all else is as with rows. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import { sliceEndsOf } from './window-groups.ts'
import { WindowAggregate } from './window-aggregate.ts'
import { divideBySlice } from './window-assigner.ts'

export class GlobalWindowAggregate extends WindowAggregate {
  override onBatch(groups: ChangeBatch): void {
    if (groups.rows === 0) return
    const width = this.node.keys.length
    divideBySlice(groups, sliceEndsOf(groups, width), ({ rows, columns }, end) => {
      const [keys, state] = [columns.slice(0, width), columns.slice(width + 1)]
      this.addToSlice(end, rows, (table) => {
        table.addGroups(keys, state, rows)
      })
    })
  }
}
