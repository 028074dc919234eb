/**
 * Numbers 0, 1, 2 … of which every subtask of a source takes the next ones when it gets to it, as generators of rows need
 * them (a split enumerator, in Flink's terms, whose splits are batches). So a worker that has more to do with the rows of
 * others takes fewer, none runs ahead of the others in time, and all of them end together.
 */
import { invariant, MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'

interface Saved {
  readonly next: number
}

/** What a source that has one subtask shares with nobody. */
export function soleEnumerator(): BigInt64Array {
  return new BigInt64Array(new SharedArrayBuffer(8))
}

/** Numbers from `first` on. */
export interface Taken {
  readonly first: number
  readonly count: number
}

export class Enumerator {
  readonly #shared: BigInt64Array
  readonly #end: number

  /**
   * @param shared of all subtasks: the next number, 0 before the first one has opened
   * @param end one above the last number; Infinity: there is none
   */
  constructor(shared: BigInt64Array, end: number) {
    invariant(shared.length === 1, 'subtasks share one number')
    this.#shared = shared
    this.#end = end
  }

  /** The lowest number that nobody has taken. */
  get next(): number {
    return Math.min(Number(Atomics.load(this.#shared, 0)), this.#end)
  }

  /** How many nobody has taken. */
  get left(): number {
    return this.#end - this.next
  }

  get hasEnded(): boolean {
    return this.left === 0
  }

  /** @param wanted how many at the most. @returns none at the end */
  take(wanted: number): Taken {
    const first = Math.min(Number(Atomics.add(this.#shared, 0, BigInt(wanted))), this.#end)
    return { first, count: Math.min(wanted, this.#end - first) }
  }

  /** Of all subtasks: what they have taken is behind them when all of them stand still. */
  position(): JsonValue {
    return { next: this.next }
  }

  /** Before any subtask takes a number. Errors: INVALID_CHECKPOINT. */
  restore(position: JsonValue | undefined): void {
    if (position === undefined) return
    const next = (position as unknown as Partial<Saved> | null)?.next
    if (typeof next !== 'number')
      throw new MillraceError('INVALID_CHECKPOINT', `${JSON.stringify(position)} is no position of a generator`)
    Atomics.store(this.#shared, 0, BigInt(next))
  }
}

/** @param positions of all subtasks, which have the same */
export function mergePositions(positions: readonly JsonValue[]): JsonValue {
  return positions[0] ?? null
}
