/**
 * Which pages are dropped when there is too much in memory. A hand goes round over all mappings in pieces. What is
 * back when it comes to a piece the next time tells how often the piece is in use: the pieces that are used most, as
 * many as fill most of the budget, are passed over, so that what every row needs (an index) stays while what few rows
 * need (their columns, or old rows) comes and goes. A piece that was passed over often enough is dropped all the same,
 * to learn whether it is still in use.
 */
import type { MappingTable } from './mapping-table.ts'

export interface Pages {
  readonly pageSize: number
  /** How many pages of a part of a mapping are in memory. */
  present(address: number, length: number): number
  drop(address: number, length: number): void
}

/** How often a piece is passed over at most. */
const PASSES = 16
/** A piece of which less is in memory, or is to be expected, is not worth the call: 1 in so many pages. */
const FEW = 8
/** Pages that came back count as this share at the most: when all are back nobody knows for how long. */
const ALL = 0.98

/** Rates are uses of a page for each page that is dropped anywhere: that clock stands still while nothing happens. */
interface Area {
  readonly address: number
  pieces: number
  /** Of each piece: when it was dropped; negative: never. */
  dropped: Float64Array
  /** Negative: not known. */
  rates: Float64Array
  isMeasured: Uint8Array
  passed: Uint8Array
}

export class Dropping {
  /** Times that the hand has been round. */
  rounds = 0
  readonly #table: MappingTable
  readonly #pages: Pages
  readonly #piece: number
  readonly #areas: (Area | undefined)[] = []
  /** Pages dropped. */
  #clock = 0
  #slot = 0
  #next = 0
  /** Pieces with higher rates are passed over. */
  #bar = Infinity
  #passes = PASSES

  /** @param piece bytes that are dropped at once */
  constructor(table: MappingTable, pages: Pages, piece: number) {
    this.#table = table
    this.#pages = pages
    this.#piece = piece
  }

  /** @param bytes that pieces which are passed over may have in memory */
  keep(bytes: number): void {
    const rates: number[] = []
    for (const area of this.#areas) {
      if (area === undefined) continue
      for (let piece = 0; piece < area.pieces; piece++) {
        const rate = area.rates[piece] as number
        if (rate > 0) rates.push(rate)
      }
    }
    const kept = Math.floor(bytes / this.#piece)
    this.#bar = kept === 0 ? Infinity : kept < rates.length ? highest(rates, kept) : 0
    this.#passes = PASSES
  }

  /** Nothing is passed over until `keep` is called. */
  keepNothing(): void {
    this.#passes = 0
  }

  /** Looks at pieces until so many are dropped, or the hand has been round. @returns bytes that were dropped */
  drop(pieces: number): number {
    let dropped = 0
    const { rounds } = this
    for (let count = 0; count < pieces && this.rounds === rounds; ) {
      const pages = this.#look()
      if (pages === 0) continue
      dropped += pages * this.#pages.pageSize
      count++
    }
    return dropped
  }

  /** At the piece under the hand, which moves on. @returns pages that were dropped */
  #look(): number {
    let [pages, isAtEnd] = [0, true]
    const there = this.#table.visit(this.#slot, ({ address, bytes }) => {
      const from = this.#next * this.#piece
      if (from >= bytes) return
      const area = this.#area(address, Math.ceil(bytes / this.#piece))
      pages = this.#consider(area, this.#next, address + from, Math.min(this.#piece, bytes - from))
      this.#next++
      isAtEnd = from + this.#piece >= bytes
    })
    if (!there) this.#areas[this.#slot] = undefined
    if (!isAtEnd) return pages
    this.#next = 0
    this.#slot++
    if (this.#slot < this.#table.high) return pages
    this.#slot = 0
    this.rounds++
    return pages
  }

  #area(address: number, pieces: number): Area {
    const known = this.#areas[this.#slot]
    const area = known?.address === address ? known : { address, pieces, ...emptyPieces(pieces) }
    if (area.dropped.length < pieces) {
      const longer = emptyPieces(2 * pieces)
      longer.dropped.set(area.dropped)
      longer.rates.set(area.rates)
      longer.isMeasured.set(area.isMeasured)
      longer.passed.set(area.passed)
      Object.assign(area, longer)
    }
    area.pieces = pieces
    this.#areas[this.#slot] = area
    return area
  }

  /** @returns pages that were dropped */
  #consider(area: Area, piece: number, address: number, length: number): number {
    const total = Math.ceil(length / this.#pages.pageSize)
    const age = this.#clock - (area.dropped[piece] as number)
    const passed = area.passed[piece] as number
    const rate = area.rates[piece] as number
    const isMeasured = area.isMeasured[piece] === 1
    const mayPass = passed < this.#passes
    if (isMeasured && mayPass && (rate > this.#bar || expected(rate, age) < 1 / FEW)) {
      area.passed[piece] = passed + 1
      return 0
    }
    const present = this.#pages.present(address, length)
    if (!isMeasured && (area.dropped[piece] as number) >= 0) {
      const now = -Math.log1p(-Math.min(present / total, ALL)) / Math.max(age, 1)
      const measured = rate < 0 ? now : (rate + now) / 2
      area.rates[piece] = measured
      area.isMeasured[piece] = 1
      if (measured > this.#bar && mayPass) return 0
    }
    if (present * FEW < total) return 0
    this.#pages.drop(address, length)
    this.#clock += present
    area.dropped[piece] = this.#clock
    area.isMeasured[piece] = 0
    area.passed[piece] = 0
    return present
  }
}

/** Share of a piece's pages that are to be expected back. */
function expected(rate: number, age: number): number {
  return -Math.expm1(-rate * age)
}

function emptyPieces(pieces: number): Pick<Area, 'dropped' | 'rates' | 'isMeasured' | 'passed'> {
  return {
    dropped: new Float64Array(pieces).fill(-1),
    rates: new Float64Array(pieces).fill(-1),
    isMeasured: new Uint8Array(pieces),
    passed: new Uint8Array(pieces),
  }
}

/** The highest of the rates that come after the first so many, from above. */
function highest(rates: number[], after: number): number {
  return Float64Array.from(rates).sort()[rates.length - 1 - after] ?? 0
}
