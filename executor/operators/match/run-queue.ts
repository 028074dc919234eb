/**
 * The runs of a key: partial or complete matches, the one that began first at the head. A binary heap with the
 * operations of java.util.PriorityQueue, because Flink goes through its array in order: what runs of the same start
 * do one after the other follows from it.
 */

/** Start of the run that waits for a first row: behind all others. */
export const NOT_STARTED = Number.POSITIVE_INFINITY

const FIRST_CAPACITY = 16

export class RunQueue {
  /** State of the automaton. Arrays are replaced when the queue grows. */
  states = new Int32Array(FIRST_CAPACITY)
  /** Last row of the run, a node; -1: none. */
  nodes = new Int32Array(FIRST_CAPACITY)
  /** Place of the first row in the order of all rows. */
  starts = new Float64Array(FIRST_CAPACITY)
  #size = 0

  get size(): number {
    return this.#size
  }

  clear(): void {
    this.#size = 0
  }

  add(state: number, node: number, start: number): void {
    if (this.#size === this.states.length) this.#grow()
    const { starts } = this
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (start >= (starts[parent] as number)) break
      this.#copy(parent, at)
      at = parent
    }
    this.#put(at, state, node, start)
  }

  /** Behind all others without looking: a queue as it was. */
  append(state: number, node: number, start: number): void {
    if (this.#size === this.states.length) this.#grow()
    this.#put(this.#size++, state, node, start)
  }

  /** Takes the head away. */
  shift(): void {
    const last = --this.#size
    if (last > 0) this.#sink(0, this.states[last] as number, this.nodes[last] as number, this.starts[last] as number)
  }

  /** Takes away what began before a place, as `PriorityQueue.removeAll`. */
  removeBefore(place: number, gone: (node: number) => void): void {
    const size = this.#size
    let kept = 0
    for (let index = 0; index < size; index++) {
      if ((this.starts[index] as number) < place) {
        gone(this.nodes[index] as number)
        continue
      }
      if (kept !== index) this.#copy(index, kept)
      kept++
    }
    if (kept === size) return
    this.#size = kept
    for (let index = (kept >>> 1) - 1; index >= 0; index--) {
      this.#sink(index, this.states[index] as number, this.nodes[index] as number, this.starts[index] as number)
    }
  }

  #sink(from: number, state: number, node: number, start: number): void {
    const { starts } = this
    const size = this.#size
    const half = size >>> 1
    let at = from
    while (at < half) {
      let child = 2 * at + 1
      const right = child + 1
      if (right < size && (starts[child] as number) > (starts[right] as number)) child = right
      if (start <= (starts[child] as number)) break
      this.#copy(child, at)
      at = child
    }
    this.#put(at, state, node, start)
  }

  #put(to: number, state: number, node: number, start: number): void {
    this.states[to] = state
    this.nodes[to] = node
    this.starts[to] = start
  }

  #copy(from: number, to: number): void {
    this.#put(to, this.states[from] as number, this.nodes[from] as number, this.starts[from] as number)
  }

  #grow(): void {
    const [states, nodes, starts] = [this.states, this.nodes, this.starts]
    this.states = new Int32Array(2 * states.length)
    this.nodes = new Int32Array(2 * states.length)
    this.starts = new Float64Array(2 * states.length)
    this.states.set(states)
    this.nodes.set(nodes)
    this.starts.set(starts)
  }
}
