/** Memory that is short from the first rows on: operators by key are divided after some steps, and once more later. */
import { tmpdir } from 'node:os'
import { MappedMemory } from '../../state/memory/mapped-memory.ts'
import { MappingTable } from '../../state/memory/mapping-table.ts'
import { ScratchFile } from '../../state/memory/scratch-file.ts'
import type { MemoryBeyond, MemorySection, StateMemory } from '../../state/table/memory.ts'

/** Steps of operators between two looks: so that there is state when it is divided. */
const LOOKED_EVERY = 7
/** So little that an operator with anything in it is divided further, and that no partition stays in memory. */
const BUDGET = 1 << 14

const table = new MappingTable()
const share = { table: table.memory, directory: tmpdir(), owner: 0, shortest: 1 << 12 }
let divided = 0

export class DividingMemory implements StateMemory {
  readonly shortest = Infinity
  readonly beyond: MemoryBeyond

  constructor() {
    let steps = 0
    this.beyond = {
      budget: BUDGET,
      sections: 2,
      smallestSection: 1,
      smallest: 1,
      isShort: () => ++steps % LOOKED_EVERY === 0,
      section: (): MemorySection => {
        divided++
        return new MappedMemory(share, true)
      },
      scratch: () => new ScratchFile(tmpdir()),
    }
  }

  allocate(bytes: number): ArrayBuffer {
    return new ArrayBuffer(bytes)
  }

  extend(): undefined {
    return undefined
  }

  commit(): boolean {
    return false
  }
}

/** Partitions that were made so far. */
export function partitionsMade(): number {
  return divided
}
