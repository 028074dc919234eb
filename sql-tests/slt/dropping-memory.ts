/** Memory for state that is out of memory all the time: even the shortest arrays are in files, and dropped at each step. */
import { tmpdir } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { loadLibc } from '../../state/memory/libc.ts'
import { MappedMemory } from '../../state/memory/mapped-memory.ts'
import { MappingTable } from '../../state/memory/mapping-table.ts'
import type { StateMemory } from '../../state/table/memory.ts'

/** After so many mappings those that nobody refers to are given back: each has a file. */
const COLLECTED_EVERY = 500

const table = new MappingTable()
let dropped = 0
let collectGarbage: (() => void) | undefined

export class DroppingMemory implements StateMemory {
  readonly shortest = 1
  readonly #mapped = new MappedMemory({ table: table.memory, directory: tmpdir(), owner: 0, shortest: 1 })

  allocate(bytes: number, limit?: number): ArrayBuffer {
    this.drop()
    return this.#mapped.allocate(bytes, limit)
  }

  extend(buffer: ArrayBufferLike, bytes: number): ArrayBuffer | undefined {
    this.drop()
    return this.#mapped.extend(buffer, bytes)
  }

  commit(buffer: ArrayBufferLike, bytes: number): boolean {
    this.drop()
    return this.#mapped.commit(buffer, bytes)
  }

  drop(): void {
    const libc = loadLibc()
    for (let number = 0; number < table.high; number++) {
      table.visit(number, ({ address, bytes }) => {
        libc.drop(address, bytes)
        dropped += bytes
      })
    }
  }
}

/** Bytes over which pages were dropped so far. */
export function droppedBytes(): number {
  return dropped
}

/** Between jobs. */
export async function giveBack(): Promise<void> {
  if (table.high < COLLECTED_EVERY) return
  if (collectGarbage === undefined) {
    setFlagsFromString('--expose-gc')
    collectGarbage = runInNewContext('gc') as () => void
  }
  collectGarbage()
  await new Promise((resolve) => setImmediate(resolve))
}
