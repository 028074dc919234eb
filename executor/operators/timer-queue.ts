/** Timers in the order of their time; of the same time in the order of their id. Kept in memory: operators make it anew from their state. */
import { longerArray } from '../../state/table/memory.ts'

const FIRST = 16

export class TimerQueue {
  #times = new Float64Array(FIRST)
  #ids = new Int32Array(FIRST)
  #size = 0

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return 12 * this.#times.length
  }

  /** Time of the first timer; Infinity where there is none. */
  get next(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number)
  }

  push(time: number, id: number): void {
    if (this.#size === this.#times.length) this.#grow()
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(time, id, this.#times[parent] as number, this.#ids[parent] as number)) break
      this.#move(parent, at)
      at = parent
    }
    this.#times[at] = time
    this.#ids[at] = id
  }

  /** Takes the first timer out. @returns its id; -1 where there is none */
  pop(): number {
    if (this.#size === 0) return -1
    const first = this.#ids[0] as number
    const last = --this.#size
    const [time, id] = [this.#times[last] as number, this.#ids[last] as number]
    let at = 0
    for (let child = 1; child < last; child = 2 * at + 1) {
      const right = child + 1
      const smaller = right < last && this.#isBefore(right, child) ? right : child
      if (!isBefore(this.#times[smaller] as number, this.#ids[smaller] as number, time, id)) break
      this.#move(smaller, at)
      at = smaller
    }
    this.#times[at] = time
    this.#ids[at] = id
    return first
  }

  #isBefore(a: number, b: number): boolean {
    return isBefore(this.#times[a] as number, this.#ids[a] as number, this.#times[b] as number, this.#ids[b] as number)
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number
    this.#ids[to] = this.#ids[from] as number
  }

  #grow(): void {
    this.#times = longerArray(this.#times, 2 * this.#times.length)
    this.#ids = longerArray(this.#ids, 2 * this.#ids.length)
  }
}

function isBefore(time: number, id: number, otherTime: number, otherId: number): boolean {
  return time < otherTime || (time === otherTime && id < otherId)
}
