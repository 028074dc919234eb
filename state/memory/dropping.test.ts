import { describe, expect, it } from 'vitest'
import { Dropping } from './dropping.ts'
import { MappingTable } from './mapping-table.ts'

const PAGE = 4096
const PIECE = 64 * PAGE

/** Mappings of which single pages are used, in a memory of a certain size. */
class Machine {
  readonly table = new MappingTable()
  readonly #present = new Set<number>()
  readonly #capacity: number
  readonly dropping: Dropping
  /** Pages that were dropped, and that came back, by mapping. */
  readonly dropped = new Map<number, number>()
  readonly faults = new Map<number, number>()
  #random = 1

  constructor(pages: number) {
    this.#capacity = pages
    this.dropping = new Dropping(
      this.table,
      {
        pageSize: PAGE,
        present: (address, length) => this.#pages(address, length).length,
        drop: (address, length) => {
          for (const page of this.#pages(address, length)) {
            this.#present.delete(page)
            count(this.dropped, page >> 20)
          }
        },
      },
      PIECE,
    )
  }

  get present(): number {
    return this.#present.size
  }

  #pages(address: number, length: number): number[] {
    const first = address / PAGE
    return Array.from({ length: length / PAGE }, (_, n) => first + n).filter((page) => this.#present.has(page))
  }

  /** Mapping `n` is at address `n << 20` pages. */
  map(n: number, pages: number): number | undefined {
    return this.table.enter({ address: n * PAGE * 2 ** 20, bytes: pages * PAGE, reserved: pages * PAGE }, 0)
  }

  use(n: number, page: number): void {
    const at = n * 2 ** 20 + page
    if (!this.#present.has(at)) count(this.faults, n)
    this.#present.add(at)
    if (this.#present.size <= this.#capacity) return
    this.dropping.keep((this.#capacity / 2) * PAGE)
    while (this.#present.size > this.#capacity * 0.9) {
      const { rounds } = this.dropping
      this.dropping.drop(1)
      if (this.dropping.rounds > rounds) this.dropping.keepNothing()
    }
  }

  any(pages: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0
    return this.#random % pages
  }

  /** Faults of a mapping while something is done. */
  during(n: number, step: () => void): number {
    const before = this.faults.get(n) ?? 0
    step()
    return (this.faults.get(n) ?? 0) - before
  }
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function times(count: number, step: (n: number) => void): void {
  for (let n = 0; n < count; n++) step(n)
}

describe('what is dropped', () => {
  it('is seldom what every row needs: an index stays while columns come and go', () => {
    const machine = new Machine(1024)
    machine.map(1, 256)
    machine.map(2, 4096)
    const row = (): void => {
      machine.use(1, machine.any(256))
      machine.use(2, machine.any(4096))
    }
    times(20_000, row)
    const index = machine.during(1, () => {
      times(20_000, row)
    })
    const columns = machine.during(2, () => {
      times(20_000, row)
    })
    expect(index).toBeLessThan(columns / 20)
    // A quarter of the pages has room, less what the index has of it.
    expect(columns).toBeLessThan(20_000)
    expect(columns).toBeGreaterThan(10_000)
  })

  it('follows the rows in use: those that were, go for those that are', () => {
    const machine = new Machine(1024)
    machine.map(1, 8192)
    const around = (first: number): void => {
      times(20_000, () => {
        machine.use(1, first + machine.any(512))
        machine.use(1, machine.any(8192))
      })
    }
    around(0)
    around(4096)
    const used = machine.during(1, () => {
      times(5000, () => {
        machine.use(1, 4096 + machine.any(512))
      })
    })
    expect(used).toBeLessThan(512)
  })

  it('is everything, where nothing else is left, and nothing, where nothing is there', () => {
    const machine = new Machine(10_000)
    const first = machine.map(1, 1000)
    machine.map(2, 100)
    times(5, () => {
      times(1000, (page) => {
        machine.use(1, page)
      })
      machine.use(2, 99)
      machine.dropping.keepNothing()
      times(3, () => machine.dropping.drop(100))
    })
    expect(machine.present).toBe(1)
    const { rounds } = machine.dropping
    expect(machine.dropping.drop(100)).toBe(0)
    expect(machine.dropping.rounds).toBe(rounds + 1)
    // Another mapping has the number, and is shorter.
    machine.table.leave(first ?? -1, () => undefined)
    machine.map(3, 10)
    times(10, (page) => {
      machine.use(3, page)
    })
    expect(machine.dropping.drop(100) + machine.dropping.drop(100)).toBe(10 * PAGE)
  })
})
