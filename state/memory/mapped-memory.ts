/**
 * MappedMemory: state arrays as shared mappings of files that have no name. The operating system is the cache: pages that
 * were dropped (`watcher.ts`) are taken in again when somebody touches them, from the page cache or from the disk, and
 * under pressure it writes them out by itself. The files are worth nothing after the process: truth is the checkpoint.
 *
 * Each array has a file of its own and much address space behind it, so that it grows in place; blocks of the disk are
 * set aside before they are used, so that a full disk is an error and no signal. What nobody refers to is unmapped when
 * the garbage collector says so, and its blocks are free then.
 */
import { statfsSync, writeSync } from 'node:fs'
import { MillraceError } from '../../core/errors.ts'
import type { MemoryBeyond, MemorySection } from '../table/memory.ts'
import { ENOSPC, type Libc, loadLibc } from './libc.ts'
import { MappingTable } from './mapping-table.ts'
import { MemoryFile } from './memory-file.ts'
import { ScratchFile } from './scratch-file.ts'

/** Bytes of the shortest array that has a file. */
const SHORTEST = 1 << 20
/** Of one in a section: there are many sections. */
const SHORTEST_OF_SECTION = 1 << 16
/** Address space of an array. */
const RESERVED = 2 ** 34
const RESERVED_OF_SECTION = 2 ** 30
/** What is written at a time, of a section. */
const ZEROS = new Uint8Array(1 << 21)
/** How much of the budget may be mapped before state is divided. */
const SHORT = 0.75
/** How often that is looked at. */
const LOOK_MILLISECONDS = 20
const FEWEST_SECTIONS = 8
const MOST_SECTIONS = 128
/** Of the budget for each section: below that what is not counted of it, its short arrays, is too much. */
const BUDGET_OF_SECTION = 4 << 20
/** Share of the budget from which on an operator is divided. */
const DIVIDED = 1 / 16
/** Left free on the disk, so that what cannot be had is known before it is full. */
const SPACE_RESERVE = 1 << 20

/** What a thread needs to map memory; plain data. */
export interface MemoryShare {
  readonly table: SharedArrayBuffer
  /** Where the files are. */
  readonly directory: string
  /** Who unmaps what is left when the thread has ended; 0: this thread stays. */
  readonly owner: number
  /** Among how many threads the budget is divided; absent: it is this one's. */
  readonly threads?: number
  readonly shortest?: number
}

interface Area {
  readonly table: MappingTable
  readonly libc: Libc
  readonly number: number
  readonly file: MemoryFile
  readonly offset: number
  readonly address: number
  readonly reserved: number
  bytes: number
  /** Buffers that are alive. */
  views: number
  /** Those of the same memory. */
  readonly among: Set<Area>
}

/** Of the whole thread, because it has to outlive the memories. */
const gone = new FinalizationRegistry<Area>((area) => {
  if (--area.views === 0) release(area)
})

export class MappedMemory implements MemorySection {
  readonly shortest: number
  readonly #libc: Libc
  readonly #table: MappingTable
  readonly #share: MemoryShare
  readonly #areas = new WeakMap<ArrayBufferLike, Area>()
  readonly #live = new Set<Area>()
  /** Of a section. */
  readonly #isWhole: boolean
  #common: MemoryFile | undefined
  readonly beyond: MemoryBeyond | undefined

  /** @throws MillraceError UNSUPPORTED_FEATURE */
  constructor(share: MemoryShare, isWhole = false) {
    this.#libc = loadLibc()
    this.#table = new MappingTable(share.table)
    this.#share = share
    this.#isWhole = isWhole
    this.shortest = share.shortest ?? (isWhole ? SHORTEST_OF_SECTION : SHORTEST)
    this.beyond = isWhole ? undefined : beyondBudget(share, this.#table)
  }

  get isLeft(): boolean {
    return this.#isWhole
  }

  get bytes(): number {
    let sum = 0
    for (const area of this.#live) sum += area.bytes
    return sum
  }

  bringIn(): void {
    for (const { address, bytes } of this.#live) this.#libc.bringIn(address, bytes)
  }

  leave(): void {
    for (const { address, bytes } of this.#live) this.#libc.drop(address, bytes)
  }

  allocate(bytes: number, limit = bytes): ArrayBuffer {
    const file = this.#file()
    const offset = file.take()
    const reserved = Math.max(this.#isWhole ? RESERVED_OF_SECTION : RESERVED, 2 * limit)
    let number: number | undefined
    try {
      this.#reserve(file, offset, bytes)
      const address = this.#libc.map(reserved, file.descriptor, offset, this.#isWhole)
      if (address === undefined) throw noAddresses()
      number = this.#table.enter({ address, bytes, reserved }, this.#share.owner)
      if (number === undefined) {
        this.#libc.unmap(address, reserved)
        throw noAddresses()
      }
      const [table, libc, among] = [this.#table, this.#libc, this.#live]
      const area = { table, libc, number, file, offset, address, reserved, bytes, views: 0, among }
      among.add(area)
      if (this.#isWhole) libc.bringIn(address, bytes)
      return this.#view(area, limit)
    } catch (error) {
      if (number === undefined) file.giveBack(offset, bytes)
      throw error
    }
  }

  extend(buffer: ArrayBufferLike, bytes: number): ArrayBuffer | undefined {
    const area = this.#areas.get(buffer)
    if (area === undefined || bytes > area.reserved) return undefined
    this.#lengthen(area, bytes)
    return this.#view(area, bytes)
  }

  commit(buffer: ArrayBufferLike, bytes: number): boolean {
    const area = this.#areas.get(buffer)
    if (area === undefined) return false
    this.#lengthen(area, bytes)
    return true
  }

  #lengthen(area: Area, bytes: number): void {
    if (bytes <= area.bytes) return
    this.#reserve(area.file, area.offset + area.bytes, bytes - area.bytes)
    if (this.#isWhole) this.#libc.bringIn(area.address + area.bytes, bytes - area.bytes)
    area.bytes = bytes
    this.#table.grow(area.number, bytes)
  }

  #view(area: Area, length: number): ArrayBuffer {
    const buffer = this.#libc.view(area.address, length)
    area.views++
    this.#areas.set(buffer, area)
    gone.register(buffer, area)
    return buffer
  }

  /** One for all arrays of a section: there are many of these. */
  #file(): MemoryFile {
    if (!this.#isWhole) return new MemoryFile(this.#share.directory, this.#libc)
    if (this.#common === undefined || this.#common.isClosed)
      this.#common = new MemoryFile(this.#share.directory, this.#libc)
    return this.#common
  }

  #reserve({ descriptor }: MemoryFile, offset: number, length: number): void {
    const { directory } = this.#share
    const { bavail, bsize } = statfsSync(directory)
    const error = bavail * bsize < length + SPACE_RESERVE ? ENOSPC : this.#libc.reserve(descriptor, offset, length)
    if (error === 0) {
      if (this.#isWhole) writeZeros(descriptor, offset, length)
      return
    }
    if (error !== ENOSPC)
      throw new MillraceError('IO_ERROR', `no memory for state can be had in "${directory}" (error ${error})`)
    throw new MillraceError('STORAGE_FULL', 'the disk is full: state beyond the memory budget has no room', {
      detail: `${Math.ceil(length / 1024)} KiB are wanted in "${directory}".`,
      hint: 'Make room; the job goes on from its last checkpoint.',
    })
  }
}

function beyondBudget(share: MemoryShare, table: MappingTable): MemoryBeyond {
  let looked = 0
  const budget = (): number => table.budget / (share.threads ?? 1)
  return {
    get budget() {
      return budget()
    },
    get sections() {
      const sections = 2 ** Math.floor(Math.log2(budget() / BUDGET_OF_SECTION))
      return Math.max(FEWEST_SECTIONS, Math.min(MOST_SECTIONS, sections))
    },
    smallestSection: BUDGET_OF_SECTION,
    get smallest() {
      return budget() * DIVIDED
    },
    isShort() {
      const now = performance.now()
      if (now - looked < LOOK_MILLISECONDS) return false
      looked = now
      return table.bytes > SHORT * table.budget
    },
    section: (): MemorySection => new MappedMemory(share, true),
    scratch: () => new ScratchFile(share.directory),
  }
}

/** In one piece: the page cache then holds it in large pieces, which come into memory at a fraction of what pages cost. */
function writeZeros(descriptor: number, offset: number, length: number): void {
  for (let at = 0; at < length; at += ZEROS.length)
    writeSync(descriptor, ZEROS, 0, Math.min(ZEROS.length, length - at), offset + at)
}

function release(area: Area): void {
  const { table, libc, number, file, offset, address, bytes } = area
  area.among.delete(area)
  table.leave(number, (mapping) => {
    // Whoever ends a thread has unmapped what it had.
    if (mapping.address === address) libc.unmap(mapping.address, mapping.reserved)
  })
  file.giveBack(offset, bytes)
}

function noAddresses(): MillraceError {
  return new MillraceError('IO_ERROR', 'the system has no address space left for state', {
    hint: 'Raise the limits of the process (ulimit -v, vm.max_map_count), or set a higher parallelism.',
  })
}
