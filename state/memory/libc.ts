/** Calls of the operating system that Node.js does not have: what mapped memory needs, and checkpoints of large state. */
import { createRequire } from 'node:module'
import { MillraceError } from '../../core/errors.ts'

export interface Libc {
  /**
   * @param offset in the file
   * @param isWhole whether all of it comes and goes at once, and not a page here and there
   * @returns the address; shared, for reading and writing. Errors: undefined
   */
  map(length: number, descriptor: number, offset: number, isWhole: boolean): number | undefined
  /** An ArrayBuffer of the memory; nothing keeps the memory mapped. */
  view(address: number, length: number): ArrayBuffer
  unmap(address: number, length: number): void
  /** The pages are no longer part of the process's memory; their contents stay in the file. */
  drop(address: number, length: number): void
  /** The pages are part of the process's memory, as if each had been written; where the system cannot, each is with its first touch. */
  bringIn(address: number, length: number): void
  /** Blocks of the disk for this part of a file. @returns the error's number, 0: none */
  reserve(descriptor: number, offset: number, length: number): number
  /** The blocks are free again; what is there is zeros. */
  giveBack(descriptor: number, offset: number, length: number): void
  /** The system no longer holds the file in memory, as far as it is on the disk. */
  forget(descriptor: number): void
  readonly pageSize: number
}

export const ENOSPC = 28
const EINTR = 4
const READ_WRITE = 3
const MAP_SHARED = 1
const MADV_RANDOM = 1
const MADV_DONTNEED = 4
/** Linux 5.14. */
const MADV_POPULATE_WRITE = 23
/** The size of the file stays. */
const PUNCH_HOLE = 3
const POSIX_FADV_DONTNEED = 4
const HIGHEST_ADDRESS = 2 ** 47

interface Koffi {
  load(path: null): { func(signature: string): (...args: (number | null)[]) => number | bigint }
  view(pointer: bigint, length: number): ArrayBuffer
}

let loaded: Libc | undefined
let hasNone = false

/** @throws MillraceError UNSUPPORTED_FEATURE where the platform has none, or the package is not there */
export function loadLibc(): Libc {
  loaded ??= bind()
  return loaded
}

/** Where there is a way to do without it. */
export function libcIfAny(): Libc | undefined {
  if (hasNone) return undefined
  try {
    return loadLibc()
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    hasNone = true
    return undefined
  }
}

function bind(): Libc {
  if (process.platform !== 'linux') {
    throw new MillraceError(
      'UNSUPPORTED_FEATURE',
      `state.memory.budget can be set on Linux only, and this is ${process.platform}`,
      { hint: "RESET 'state.memory.budget': state is then kept in memory as a whole." },
    )
  }
  const koffi = loadKoffi()
  const library = koffi.load(null)
  const map = library.func(
    'uintptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int descriptor, int64_t offset)',
  )
  const unmap = library.func('int munmap(uintptr_t address, size_t length)')
  const advise = library.func('int madvise(uintptr_t address, size_t length, int advice)')
  const reserve = library.func('int posix_fallocate(int descriptor, int64_t offset, int64_t length)')
  const punch = library.func('int fallocate(int descriptor, int mode, int64_t offset, int64_t length)')
  const forget = library.func('int posix_fadvise(int descriptor, int64_t offset, int64_t length, int advice)')
  const pageSize = Number(library.func('int getpagesize()')())
  return {
    map(length, descriptor, offset, isWhole) {
      const address = Number(map(0, length, READ_WRITE, MAP_SHARED, descriptor, offset))
      if (address >= HIGHEST_ADDRESS) return undefined
      // Otherwise the page cache holds it in large pieces, and to touch a row means to take in megabytes.
      if (!isWhole) advise(address, length, MADV_RANDOM)
      return address
    },
    view: (address, length) => koffi.view(BigInt(address), length),
    unmap(address, length) {
      unmap(address, length)
    },
    drop(address, length) {
      advise(address, length, MADV_DONTNEED)
    },
    bringIn(address, length) {
      advise(address, length, MADV_POPULATE_WRITE)
    },
    reserve(descriptor, offset, length) {
      for (;;) {
        const error = Number(reserve(descriptor, offset, length))
        if (error !== EINTR) return error
      }
    },
    giveBack(descriptor, offset, length) {
      punch(descriptor, PUNCH_HOLE, offset, length)
    },
    forget(descriptor) {
      forget(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    },
    pageSize,
  }
}

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (cause) {
    throw new MillraceError(
      'UNSUPPORTED_FEATURE',
      'state.memory.budget needs the package "koffi", which cannot be loaded',
      {
        detail: cause instanceof Error ? cause.message.split('\n')[0] : undefined,
        hint: "npm install koffi, or RESET 'state.memory.budget'.",
        cause,
      },
    )
  }
}
