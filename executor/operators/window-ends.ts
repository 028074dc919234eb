/** The windows that hold rows, by their ends, with the groups of each: which of them are complete as of a watermark. */
import type { SqlType } from '../../core/types.ts'
import { WallClock } from './wall-clock.ts'

export class WindowEnds {
  readonly #clock: WallClock
  readonly #groups = new Map<number, number[]>()
  #nextFire = Number.POSITIVE_INFINITY

  /** @param timeType of the time attribute: ends are wall-clock readings in its zone */
  constructor(timeType: SqlType, timeZone: string) {
    this.#clock = new WallClock(timeType, timeZone)
  }

  add(end: number, group: number): void {
    const groups = this.#groups.get(end)
    if (groups !== undefined) {
      groups.push(group)
      return
    }
    this.#groups.set(end, [group])
    this.#nextFire = Math.min(this.#nextFire, this.#fireTime(end))
  }

  /** The watermark that says that all rows are there. */
  #fireTime(end: number): number {
    return this.#clock.toEpoch(end - 1)
  }

  isComplete(end: number, watermark: number): boolean {
    return watermark >= this.#fireTime(end)
  }

  /** Takes out the windows that are complete, in their order: the groups of each. */
  takeComplete(watermark: number): readonly { readonly end: number; readonly groups: readonly number[] }[] {
    if (watermark < this.#nextFire) return []
    const ends = [...this.#groups.keys()].filter((end) => this.isComplete(end, watermark)).sort((a, b) => a - b)
    const complete = ends.map((end) => ({ end, groups: this.#groups.get(end) ?? [] }))
    for (const end of ends) this.#groups.delete(end)
    this.#nextFire = Number.POSITIVE_INFINITY
    for (const end of this.#groups.keys()) this.#nextFire = Math.min(this.#nextFire, this.#fireTime(end))
    return complete
  }
}
