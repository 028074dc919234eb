/**
 * The runs of a key: partial or complete matches, the one that began first at the head. A binary heap with the
 * operations of java.util.PriorityQueue, because Flink goes through its array in order: what runs of the same start
 * do one after the other follows from it.
 */

/** Start of the run that waits for a first row: behind all others. */
export const NOT_STARTED = Number.POSITIVE_INFINITY

export class RunQueue {
  /** State of the automaton. */
  readonly states: number[] = []
  /** Last row of the run, a node; -1: none. */
  readonly nodes: number[] = []
  /** Place of the first row in the order of all rows. */
  readonly starts: number[] = []

  get size(): number {
    return this.nodes.length
  }

  add(state: number, node: number, start: number): void {
    let at = this.nodes.length
    this.#move(at, state, node, start)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (start >= (this.starts[parent] as number)) break
      this.#copy(parent, at)
      at = parent
    }
    this.#move(at, state, node, start)
  }

  /** Behind all others without looking: a queue as it was. */
  append(state: number, node: number, start: number): void {
    this.#move(this.nodes.length, state, node, start)
  }

  /** Takes the head away. */
  shift(): void {
    const last = this.nodes.length - 1
    const [state, node, start] = this.#at(last)
    this.#truncate(last)
    if (last > 0) this.#sink(0, state, node, start)
  }

  /** Takes away what fits, as `PriorityQueue.removeAll`. */
  remove(fits: (index: number) => boolean): void {
    let kept = 0
    const { size } = this
    for (let index = 0; index < size; index++) {
      if (fits(index)) continue
      if (kept !== index) this.#copy(index, kept)
      kept++
    }
    if (kept === size) return
    this.#truncate(kept)
    for (let index = (kept >>> 1) - 1; index >= 0; index--) {
      const [state, node, start] = this.#at(index)
      this.#sink(index, state, node, start)
    }
  }

  #sink(from: number, state: number, node: number, start: number): void {
    const half = this.nodes.length >>> 1
    let at = from
    while (at < half) {
      let child = 2 * at + 1
      const right = child + 1
      if (right < this.nodes.length && (this.starts[child] as number) > (this.starts[right] as number)) child = right
      if (start <= (this.starts[child] as number)) break
      this.#copy(child, at)
      at = child
    }
    this.#move(at, state, node, start)
  }

  #at(index: number): readonly [state: number, node: number, start: number] {
    return [this.states[index] as number, this.nodes[index] as number, this.starts[index] as number]
  }

  #move(to: number, state: number, node: number, start: number): void {
    this.states[to] = state
    this.nodes[to] = node
    this.starts[to] = start
  }

  #copy(from: number, to: number): void {
    this.states[to] = this.states[from] as number
    this.nodes[to] = this.nodes[from] as number
    this.starts[to] = this.starts[from] as number
  }

  #truncate(length: number): void {
    this.states.length = length
    this.nodes.length = length
    this.starts.length = length
  }
}
