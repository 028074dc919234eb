/** For tests of operators that are divided. */
import { tmpdir } from 'node:os'
import { MappedMemory } from '../../../state/memory/mapped-memory.ts'
import { MappingTable } from '../../../state/memory/mapping-table.ts'
import type { MemoryBeyond } from '../../../state/table/memory.ts'

const table = new MappingTable()
table.addBudget(1 << 20)

/** Memory that is always short, for four partitions. */
export function shortMemory(): MemoryBeyond {
  const { beyond } = new MappedMemory({ table: table.memory, directory: tmpdir(), owner: 0, shortest: 256 })
  if (beyond === undefined) throw new Error('memory has a limit')
  return { ...beyond, budget: 1 << 16, sections: 4, smallest: 1, isShort: () => true }
}
