import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Column } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { BIGINT, STRING } from '../../core/types.ts'
import { KeyedTable } from '../table/keyed-table.ts'
import { SECOND_PART } from '../table/page.ts'
import { readPage } from '../table/page-bytes.ts'
import { arrayFor, longerArray, type StateMemory, stateArray, takeInToRead, withStateMemory } from '../table/memory.ts'
import { budgetOf, MemoryBudget, memoryStatistics } from './budget.ts'
import { loadLibc } from './libc.ts'
import { MappedMemory } from './mapped-memory.ts'
import { MappingTable } from './mapping-table.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let directory = ''
let table: MappingTable
let memory: MappedMemory

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-memory-'))
  table = new MappingTable()
  memory = new MappedMemory({ table: table.memory, directory, owner: 0, shortest: 1 })
})

afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

function dropAll(): void {
  for (let number = 0; number < table.high; number++)
    table.visit(number, ({ address, bytes }) => {
      loadLibc().drop(address, bytes)
    })
}

/** Kilobytes of the process's mappings of state that are in memory. */
function residentState(): number {
  const areas = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  return areas
    .filter((area) => area.includes(directory))
    .reduce((sum, area) => sum + Number(/^Rss:\s+(\d+)/m.exec(area)?.[1] ?? 0), 0)
}

async function released(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('arrays in mapped memory', () => {
  it('keep what is in them when their pages are dropped, and grow where they are', () => {
    withStateMemory(memory, () => {
      const values = stateArray(Int32Array, 1 << 20)
      for (let i = 0; i < values.length; i++) values[i] = i
      const before = residentState()
      dropAll()
      expect(before).toBeGreaterThanOrEqual(4096)
      expect(residentState()).toBeLessThan(before / 10)
      const longer = longerArray(values, 1 << 21)
      values[7] = -1
      expect(longer[7]).toBe(-1)
      expect(longer.subarray(8, 1 << 20).every((value, i) => value === i + 8)).toBe(true)
      expect(longer.subarray(1 << 20).every((value) => value === 0)).toBe(true)
    })
  })

  it('are taken in page by page where few of their pages are read, and else left to the system', () => {
    withStateMemory(memory, () => {
      const values = stateArray(Int32Array, 16 << 20)
      for (let i = 0; i < values.length; i += 1024) values[i] = i
      const every = (step: number): Int32Array => Int32Array.from({ length: values.length / step }, (_, n) => step * n)
      for (const places of [every(1 << 16), every(1 << 10)]) {
        dropAll()
        const before = residentState()
        takeInToRead(values, Int32Array.from([-1, values.length, ...places]), places.length + 2, 1)
        const sparse = places.length < 4096
        expect(residentState() - before).toBe(sparse ? 4 * places.length : 0)
        expect(places.every((place) => values[place] === place)).toBe(true)
      }
    })
  })

  it('of a section come and go at once, and grow while they are there', () => {
    const section = new MappedMemory({ table: table.memory, directory, owner: 0 }, true)
    withStateMemory(section, () => {
      const before = residentState()
      let values = stateArray(Int32Array, 1 << 18)
      for (let i = 0; i < values.length; i++) values[i] = i
      const texts = new Uint8Array(section.allocate(1 << 16, 1 << 20), 0, 1 << 16)
      texts.fill(3)
      section.commit(texts.buffer, 1 << 18)
      values = longerArray(values, 1 << 20)
      expect(section.bytes).toBe((4 << 20) + (1 << 18))
      expect(residentState() - before).toBe(section.bytes / 1024)
      section.leave()
      expect(residentState()).toBe(before)
      section.bringIn()
      expect(residentState() - before).toBe(section.bytes / 1024)
      expect(values.subarray(0, 1 << 18).every((value, i) => value === i)).toBe(true)
      expect(values.subarray(1 << 18).every((value) => value === 0)).toBe(true)
      expect(texts.every((value) => value === 3)).toBe(true)
      section.leave()
      expect(values[99]).toBe(99)
    })
  })

  it('are copied into it when they are long enough, and are as they were without a memory', () => {
    const small = Float64Array.of(1, 2, 3)
    const mapped = withStateMemory(memory, () => arrayFor(small, 100))
    expect([mapped.length, ...mapped.subarray(0, 4)]).toEqual([100, 1, 2, 3, 0])
    small[0] = 9
    expect(mapped[0]).toBe(1)
    expect(arrayFor(small, 3)).toBe(small)
    expect(arrayFor(small, 4).length).toBe(6)
  })

  it('leave no name, no mapping and no block of the disk behind', async () => {
    await released()
    const before = table.bytes
    withStateMemory(memory, () => {
      let values = stateArray(BigInt64Array, 1 << 17)
      values = longerArray(values, 1 << 18)
      values[1] = 5n
      expect(table.bytes).toBe(before + (1 << 21))
    })
    expect(readdirSync(directory)).toEqual([])
    await released()
    expect(table.bytes).toBe(before)
    const descriptors = readdirSync('/proc/self/fd').length
    withStateMemory(memory, () => stateArray(Int8Array, 100))
    await released()
    expect(readdirSync('/proc/self/fd').length).toBe(descriptors)
  })

  it('are all in one file where they come and go together, and leave nothing of it', async () => {
    await released()
    const descriptors = (): number => readdirSync('/proc/self/fd').length
    const [before, section] = [descriptors(), new MappedMemory({ table: table.memory, directory, owner: 0 }, true)]
    withStateMemory(section, () => {
      const first = stateArray(Int32Array, 1 << 20).fill(1)
      let second = stateArray(Int32Array, 1 << 20).fill(2)
      second = longerArray(second, 1 << 21)
      second[1 << 20] = 3
      expect(descriptors()).toBe(before + 1)
      expect([first[5], first[(1 << 20) - 1], second[5], second[1 << 20], second[(1 << 20) + 1]]).toEqual([
        1, 1, 2, 3, 0,
      ])
    })
    await released()
    expect(descriptors()).toBe(before)
    const again = withStateMemory(section, () => stateArray(Int32Array, 1 << 20))
    expect([again[5], descriptors()]).toEqual([0, before + 1])
  })

  it('of a section give their blocks back one by one', async () => {
    const section = new MappedMemory({ table: table.memory, directory, owner: 0 }, true)
    const kept = withStateMemory(section, () => stateArray(Int32Array, 1 << 20).fill(7))
    withStateMemory(section, () => stateArray(Int32Array, 8 << 20).fill(8))
    const blocks = (): number =>
      Math.max(...readdirSync('/proc/self/fd').map((name) => statOf(`/proc/self/fd/${name}`)))
    const before = blocks()
    await released()
    expect(before - blocks()).toBe(8 << 13)
    expect(kept.every((value) => value === 7)).toBe(true)
  })

  it('are refused with an error where the disk has no room', () => {
    const error = failure(() => memory.allocate(2 ** 50))
    expect(error.code).toBe('STORAGE_FULL')
    const buffer = memory.allocate(4096)
    expect(failure(() => memory.commit(buffer, 2 ** 50)).code).toBe('STORAGE_FULL')
    expect(memory.commit(buffer, 8192)).toBe(true)
  })

  it('of another thread are unmapped when it has ended', () => {
    const other = new MappedMemory({ table: table.memory, directory, owner: 7 })
    const before = table.bytes
    other.allocate(1 << 20)
    expect(table.bytes).toBe(before + (1 << 20))
    table.leaveAll(7, ({ address, reserved }) => {
      loadLibc().unmap(address, reserved)
    })
    expect(table.bytes).toBe(before)
  })
})

function failure(step: () => unknown): MillraceError {
  try {
    step()
  } catch (error) {
    if (error instanceof MillraceError) return error
  }
  throw new Error('it did not fail')
}

/** Blocks of 512 bytes of a file without a name. */
function statOf(path: string): number {
  try {
    const { blocks, nlink } = statSync(path)
    return nlink === 0 ? blocks : 0
  } catch {
    return 0
  }
}

const ROWS = 4000

/** Keys with gaps, so that they are hashed, and texts, some of them overwritten. */
function fill(memoryInUse: StateMemory | undefined, afterBatch: () => void): KeyedTable {
  return withStateMemory(memoryInUse, () => {
    const keyed = new KeyedTable([BIGINT, STRING], [{ kind: 'i64' }, { kind: 'bytes', type: STRING }])
    for (let batch = 0; batch < 20; batch++) {
      const numbers = BigInt64Array.from({ length: ROWS }, (_, i) => BigInt((i * 7919 + batch * 1001) % 50_000) << 20n)
      const keys: Column[] = [{ kind: 'i64', values: numbers, nulls: null }, texts(numbers, 'key')]
      const { rowIds } = keyed.lookupOrInsert(keys, ROWS)
      keyed.values[0]?.put(
        rowIds,
        { kind: 'i64', values: numbers.map((n) => n + BigInt(batch)), nulls: null },
        null,
        ROWS,
      )
      keyed.values[1]?.put(rowIds, texts(numbers, `batch ${batch} `), null, ROWS)
      for (let i = 0; i < ROWS; i++) keyed.storage.mark(rowIds[i] as number)
      keyed.compact()
      afterBatch()
    }
    return keyed
  })
}

function texts(numbers: BigInt64Array, prefix: string): Column {
  const parts = Array.from(numbers, (n) => Buffer.from(`${prefix}${n}`))
  let at = 0
  const starts = Int32Array.from(parts, (part) => (at += part.length) - part.length)
  return {
    kind: 'bytes',
    starts,
    lengths: Int32Array.from(parts, (part) => part.length),
    data: Buffer.concat(parts),
    nulls: null,
  }
}

describe('a table in mapped memory', () => {
  it('has the same pages as one on the heap, with its memory dropped again and again', () => {
    const expected = fill(undefined, () => undefined).snapshotPages()
    const mapped = fill(memory, dropAll)
    expect(residentState()).toBeLessThan(2000)
    const pages = withStateMemory(memory, () => mapped.snapshotPages())
    dropAll()
    expect(pages.map(({ page }) => page)).toEqual(expected.map(({ page }) => page))
    for (const [n, { bytes }] of pages.entries())
      expect(Buffer.compare(readPage(bytes ?? Buffer.of()), readPage(expected[n]?.bytes ?? Buffer.of(1)))).toBe(0)
    const restored = withStateMemory(memory, () => {
      const again = new KeyedTable([BIGINT, STRING], [{ kind: 'i64' }, { kind: 'bytes', type: STRING }])
      again.restorePages(pages)
      dropAll()
      return again
    })
    expect(restored.size).toBe(mapped.size)
    const rows = restored.rows()
    const again = withStateMemory(memory, () => {
      for (const row of rows) restored.storage.mark(row)
      return restored.snapshotPages()
    })
    const values = expected.filter(({ page }) => page >= SECOND_PART)
    expect(again.map(({ page }) => page)).toEqual(values.map(({ page }) => page))
    for (const [n, { bytes }] of again.entries())
      expect(Buffer.compare(readPage(bytes ?? Buffer.of()), readPage(values[n]?.bytes ?? Buffer.of(1)))).toBe(0)
  })
})

/** How long the watcher may take to begin, or to get its turn on a busy machine; in milliseconds. */
const WATCHER = { interval: 1, timeout: 5000 }

describe('a budget', () => {
  it.each(['1 mb', '15mb', 'much'])('of %s is refused', (text) => {
    const error = failure(() => budgetOf(text))
    expect(error.code).toBe('CONFIGURATION_ERROR')
    expect(error.message).toBe(`state.memory.budget is '${text}', and has to be 16 mb or more`)
  })

  it('is kept while six times as much is written and read at random', async () => {
    const budget = new MemoryBudget(budgetOf('16 mb'), directory)
    const before = memoryStatistics()
    const own = budget.memory()
    const values = withStateMemory(own, () => stateArray(Int32Array, 24 << 20))
    let [at, sum] = [1, 0]
    for (let turn = 0; turn < 60; turn++) {
      for (let i = 0; i < 2000; i++) {
        at = (Math.imul(at, 1_664_525) + 1_013_904_223) >>> 0
        const place = at % values.length
        values[place] = (values[place] as number) + 1
        sum++
      }
      await vi.waitFor(() => {
        expect(residentState()).toBeLessThan(16 * 1024)
      }, WATCHER)
    }
    expect(memoryStatistics().dropped).toBeGreaterThan(before.dropped + (96 << 20))
    expect(values.reduce((total, value) => total + value, 0)).toBe(sum)
    await budget.close()
    expect(residentState()).toBeLessThan(1024)
  })
})
