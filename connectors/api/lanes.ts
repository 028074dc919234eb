/**
 * Numbers 0, 1, 2 … dealt out in blocks over subtasks, as generators of rows need them: a lane is every n-th block. A
 * subtask has one, and several when the number of subtasks has changed on the way, as each lane is then divided anew.
 */
import type { JsonValue } from '../../core/json.ts'

interface Lane {
  /** The next number; behind the last one of a block it is the first of the lane's next block. */
  readonly next: number
  /** Blocks from one of the lane to its next. */
  readonly step: number
}

/** Lanes of all subtasks, each still to be divided. */
interface Merged {
  readonly merged: readonly (readonly [next: number, step: number])[]
}

interface Saved {
  readonly lanes: readonly (readonly [next: number, step: number])[]
}

export class Lanes {
  readonly #block: number
  readonly #subtask: number
  readonly #parallelism: number
  #lanes: Lane[]

  constructor(block: number, subtask: number, parallelism: number) {
    this.#block = block
    this.#subtask = subtask
    this.#parallelism = parallelism
    this.#lanes = [{ next: subtask * block, step: parallelism }]
  }

  /** The lowest number that has not been taken. */
  get next(): number {
    return this.#first.next
  }

  /** How many numbers follow on each other from `next` on. */
  get run(): number {
    return this.#block - (this.next % this.#block)
  }

  /** Blocks from the one of `next` to the next of its lane. */
  get step(): number {
    return this.#first.step
  }

  /** Takes so many numbers from `next` on, of its lane: within a block, or whole blocks of one number. */
  advance(count: number): void {
    const lane = this.#first
    const taken = this.#block === 1 ? lane.next + count * lane.step : lane.next + count
    const next = this.#block > 1 && taken % this.#block === 0 ? taken + (lane.step - 1) * this.#block : taken
    this.#lanes = this.#lanes.map((other) => (other === lane ? { ...lane, next } : other))
  }

  /** A single lane is its next number. */
  position(): JsonValue {
    const [lane] = this.#lanes
    if (this.#lanes.length === 1 && lane?.step === this.#parallelism) return lane.next
    return { lanes: this.#lanes.map(({ next, step }) => [next, step]) }
  }

  restore(position: JsonValue | undefined): void {
    if (typeof position === 'number') this.#lanes = [{ next: position, step: this.#parallelism }]
    if (typeof position !== 'object' || position === null) return
    const saved = position as unknown as Partial<Merged & Saved>
    if (saved.lanes !== undefined) this.#lanes = saved.lanes.map(([next, step]) => ({ next, step }))
    else if (saved.merged !== undefined) this.#lanes = saved.merged.map(([next, step]) => this.#part(next, step))
  }

  get #first(): Lane {
    return this.#lanes.reduce((first, lane) => (lane.next < first.next ? lane : first))
  }

  /** Every n-th block of a lane, beginning with the one at which it stands for the first subtask. */
  #part(next: number, step: number): Lane {
    const [block, subtask, parallelism] = [this.#block, this.#subtask, this.#parallelism]
    const start = next - (next % block)
    return { next: subtask === 0 ? next : start + subtask * step * block, step: step * parallelism }
  }
}

/** @param positions of all subtasks */
export function mergeLanes(positions: readonly JsonValue[]): JsonValue {
  const merged = positions.flatMap((position): [number, number][] => {
    if (typeof position === 'number') return [[position, positions.length]]
    const { lanes } = position as unknown as Saved
    return lanes.map(([next, step]) => [next, step])
  })
  return { merged }
}
