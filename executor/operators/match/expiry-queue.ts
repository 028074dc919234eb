/** When runs began, in the order of that time: the first ones take too long first. */
import { stateArray } from '../../../state/table/memory.ts'

export class ExpiryQueue {
  #times = new Float64Array(64)
  #groups = new Int32Array(64)
  #from = 0
  #to = 0

  /** When the first of them began; infinity: there is none. */
  get first(): number {
    return this.#from < this.#to ? (this.#times[this.#from] as number) : Number.POSITIVE_INFINITY
  }

  /** Behind all that began before or at the same time. */
  add(time: number, group: number): void {
    if (this.#to === this.#times.length) this.#makeRoom()
    let at = this.#to++
    for (; at > this.#from && (this.#times[at - 1] as number) > time; at--) {
      this.#times[at] = this.#times[at - 1] as number
      this.#groups[at] = this.#groups[at - 1] as number
    }
    this.#times[at] = time
    this.#groups[at] = group
  }

  /** Takes the first one away. @returns its group */
  shift(): number {
    return this.#groups[this.#from++] as number
  }

  #makeRoom(): void {
    const [times, groups] = [this.#times, this.#groups]
    const size = this.#to - this.#from
    if (2 * size > times.length) {
      this.#times = stateArray(Float64Array, 2 * times.length)
      this.#groups = stateArray(Int32Array, 2 * times.length)
    }
    this.#times.set(times.subarray(this.#from, this.#to))
    this.#groups.set(groups.subarray(this.#from, this.#to))
    this.#from = 0
    this.#to = size
  }
}
