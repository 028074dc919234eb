/**
 * `state.memory.budget`: what the state of a job may have in memory. The budgets of the jobs of a process add up, and
 * one watcher keeps them all, because the system counts memory by process.
 */
import { Worker } from 'node:worker_threads'
import { MillraceError } from '../../core/errors.ts'
import { parseMemorySize } from '../../core/quantities.ts'
import { loadLibc } from './libc.ts'
import { MappedMemory, type MemoryShare } from './mapped-memory.ts'
import { MappingTable } from './mapping-table.ts'

const KEY = 'state.memory.budget'
const SMALLEST = 16 << 20

/** @returns bytes. @throws MillraceError CONFIGURATION_ERROR, UNSUPPORTED_FEATURE */
export function budgetOf(text: string): number {
  const bytes = parseMemorySize(text)
  if (bytes === undefined || bytes < SMALLEST) {
    throw new MillraceError('CONFIGURATION_ERROR', `${KEY} is '${text}', and has to be 16 mb or more`, {
      hint: `SET '${KEY}' = '512 mb', or RESET '${KEY}' for no limit.`,
    })
  }
  loadLibc()
  return bytes
}

const table = new MappingTable()
let watcher: Worker | undefined
let open = 0
/** 0 is whoever lets the garbage collector unmap. */
let lastOwner = 0

export class MemoryBudget {
  readonly #bytes: number
  readonly #directory: string
  readonly #owners: number[] = []

  /** @param directory where the memory's files are; they have no names and end with the process */
  constructor(bytes: number, directory: string) {
    this.#bytes = bytes
    this.#directory = directory
    table.addBudget(bytes)
    if (open++ === 0) startWatcher()
  }

  /** Memory for this thread. What is left when nobody refers to it any more is unmapped with the garbage. */
  memory(): MappedMemory {
    return new MappedMemory({ table: table.memory, directory: this.#directory, owner: 0 })
  }

  /** For another thread, one of so many, which makes a MappedMemory of it. */
  share(threads: number): MemoryShare {
    const owner = ++lastOwner
    this.#owners.push(owner)
    return { table: table.memory, directory: this.#directory, owner, threads }
  }

  /** After the threads that it was shared with have ended: their memory is unmapped. */
  async close(): Promise<void> {
    const libc = loadLibc()
    for (const owner of this.#owners.splice(0)) {
      table.leaveAll(owner, ({ address, reserved }) => {
        libc.unmap(address, reserved)
      })
    }
    for (let number = 0; number < table.high; number++) {
      table.visit(number, ({ address, bytes }) => {
        libc.drop(address, bytes)
      })
    }
    table.addBudget(-this.#bytes)
    if (--open === 0) await stopWatcher()
  }
}

function startWatcher(): void {
  table.isEnding = false
  // The same ending as this module has: sources are run as they are, the package holds what they compile to.
  const entry = new URL(`./watcher.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
  watcher = new Worker(entry, { workerData: table.memory, name: 'millrace-memory' })
  watcher.unref()
}

async function stopWatcher(): Promise<void> {
  const ending = watcher
  watcher = undefined
  if (ending === undefined) return
  const ended = new Promise((resolve) => ending.once('exit', resolve))
  table.isEnding = true
  ending.ref()
  await ended
}

/** Of the whole process, in bytes. */
export function memoryStatistics(): { readonly mapped: number; readonly dropped: number } {
  return { mapped: table.bytes, dropped: table.dropped }
}
