/**
 * Runs of a pattern over the rows of a key: what a row does to them, which of them are matches, which of these are
 * given out and which runs a match ends. As Flink's NFA (flink-cep, `nfa/NFA.java`): all runs are followed at once; a
 * match is given out when no run is left that began before it, and takes those along that AFTER MATCH SKIP passes over.
 */
import { MillraceError } from '../../../core/errors.ts'
import type { AfterMatch, MatchVariable } from '../../../planner/physical/match-spec.ts'
import { type Automaton, compilePattern, type Edge, FINAL_STATE } from './nfa.ts'
import type { RowChains } from './row-chains.ts'
import { NOT_STARTED, RunQueue } from './run-queue.ts'

/** The runs of a key. */
export interface KeyRuns {
  /** One of them, without a node, waits for a first row. */
  partial: RunQueue
  /** Matches that wait for runs that began before them. */
  readonly complete: RunQueue
}

export interface MatcherOptions {
  readonly variables: readonly MatchVariable[]
  readonly after: AfterMatch
  /** Milliseconds; undefined: any time. */
  readonly within: number | undefined
  readonly chains: RowChains
  /** Whether a row fits a variable whatever rows are before it; undefined: that depends. */
  readonly testRow: (variable: number, row: number) => boolean | undefined
  /** Whether a row fits a variable of the pattern, behind each of some nodes (-1: no rows before it): 1 or 0. */
  readonly test: (variable: number, nodes: Int32Array, row: number) => Uint8Array
  /** A match by its last node, which is released when this returns. */
  readonly emit: (node: number) => void
}

const UNKNOWN = 0
const YES = 1
const NO = 2
const DEPENDS = 3

export class PatternMatcher {
  readonly #options: MatcherOptions
  readonly #automaton: Automaton
  /** By state: the variables whose conditions may have to be looked at from there. */
  readonly #asked: readonly ReadonlySet<number>[]
  /** By variable: what is known of its condition for the row at hand, whatever the run. */
  readonly #ofRow: Uint8Array
  /** Where that depends: of each run for each variable. */
  #known = new Uint8Array(0)
  #before = new RunQueue()
  #run = 0
  #row = -1

  constructor(options: MatcherOptions) {
    this.#options = options
    this.#automaton = compilePattern(options.variables)
    this.#ofRow = new Uint8Array(options.variables.length)
    this.#asked = this.#automaton.states.map((_, state) => askedFrom(this.#automaton, state))
  }

  createRuns(): KeyRuns {
    const partial = new RunQueue()
    partial.add(this.#automaton.start, -1, NOT_STARTED)
    return { partial, complete: new RunQueue() }
  }

  /** Whether a key has nothing but the run that waits for a first row. */
  isIdle({ partial, complete }: KeyRuns): boolean {
    return partial.size === 1 && complete.size === 0
  }

  /**
   * The next row of a key.
   *
   * @returns whether a run began with it
   */
  process(runs: KeyRuns, row: number): boolean {
    const { chains } = this.#options
    const before = runs.partial
    const partial = new RunQueue()
    const found = new RunQueue()
    let began = false
    this.#row = row
    this.#before = before
    this.#ofRow.fill(UNKNOWN)
    for (let index = 0; index < before.size; index++) {
      const node = before.nodes[index] as number
      this.#run = index
      const started = node >= 0
      const start = started ? (before.starts[index] as number) : chains.orderOf(row)
      for (const edge of this.#takes(before.states[index] as number)) {
        began ||= !started
        const next = chains.addNode(row, edge.variable, node)
        this.#add(edge.target === FINAL_STATE ? found : partial, edge.target, next, start)
        if (this.#proceedsToFinal(edge.target)) this.#add(found, FINAL_STATE, next, start)
      }
      if (started) chains.release(node)
      else partial.add(this.#automaton.start, -1, NOT_STARTED)
    }
    runs.partial = partial
    this.#settle(runs, found)
    return began
  }

  /** Time has passed: runs that have taken too long end, and matches that waited for them go out. */
  advance(runs: KeyRuns, time: number): void {
    const { within, chains } = this.#options
    if (within !== undefined) {
      const isOver = (node: number): boolean => node >= 0 && time - chains.timeOf(chains.firstRow(node)) >= within
      if (runs.partial.nodes.some(isOver)) {
        const partial = new RunQueue()
        const before = runs.partial
        for (let index = 0; index < before.size; index++) {
          const node = before.nodes[index] as number
          if (isOver(node)) chains.release(node)
          else partial.add(before.states[index] as number, node, before.starts[index] as number)
        }
        runs.partial = partial
      }
    }
    if (runs.complete.size > 0) this.#settle(runs, new RunQueue())
  }

  #add(queue: RunQueue, state: number, node: number, start: number): void {
    queue.add(state, node, start)
    this.#options.chains.retain(node)
  }

  /** Edges by which the row is taken, also behind states that need no row. */
  #takes(state: number): Edge[] {
    const edges: Edge[] = []
    const stack = [state]
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const edge of this.#automaton.states[at] ?? []) {
        if (!this.#holds(edge)) continue
        if (edge.take) edges.push(edge)
        else stack.push(edge.target)
      }
    }
    return edges
  }

  #proceedsToFinal(state: number): boolean {
    const stack = [state]
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const edge of this.#automaton.states[at] ?? []) {
        if (edge.take || !this.#holds(edge)) continue
        if (edge.target === FINAL_STATE) return true
        stack.push(edge.target)
      }
    }
    return false
  }

  #holds(edge: Edge): boolean {
    for (const { variable, wanted } of edge.tests) if (this.#fits(variable) !== wanted) return false
    return true
  }

  #fits(variable: number): boolean {
    const known = this.#ofRow[variable] as number
    if (known !== UNKNOWN && known !== DEPENDS) return known === YES
    if (known === UNKNOWN) {
      const fits = this.#options.testRow(variable, this.#row)
      if (fits !== undefined) {
        this.#ofRow[variable] = fits ? YES : NO
        return fits
      }
      // The first variable that depends on more than the row.
      if (!this.#ofRow.includes(DEPENDS)) this.#forget(this.#before.size * this.#options.variables.length)
      this.#ofRow[variable] = DEPENDS
    }
    const at = this.#run * this.#options.variables.length + variable
    if (this.#known[at] === UNKNOWN) this.#ask(variable)
    return this.#known[at] === YES
  }

  /**
   * The condition for all runs that may want to know it, at once; where that fails for the run at hand alone: another
   * one may never get there.
   */
  #ask(variable: number): void {
    const runs: number[] = []
    const { states, nodes, size } = this.#before
    for (let run = this.#run; run < size; run++) {
      if (run === this.#run || this.#asked[states[run] as number]?.has(variable) === true) runs.push(run)
    }
    const of = (some: readonly number[]): void => {
      const fits = this.#options.test(
        variable,
        Int32Array.from(some, (run) => nodes[run] as number),
        this.#row,
      )
      const width = this.#options.variables.length
      for (const [index, run] of some.entries()) this.#known[run * width + variable] = fits[index] === 1 ? YES : NO
    }
    try {
      of(runs)
    } catch (error) {
      if (!(error instanceof MillraceError) || runs.length === 1) throw error
      of([this.#run])
    }
  }

  #forget(size: number): void {
    if (this.#known.length < size) this.#known = new Uint8Array(2 * size)
    else this.#known.fill(UNKNOWN, 0, size)
  }

  /** Gives out the matches that no run is before, the earliest first. */
  #settle(runs: KeyRuns, found: RunQueue): void {
    const { partial, complete } = runs
    for (let index = 0; index < found.size; index++) {
      complete.add(FINAL_STATE, found.nodes[index] as number, found.starts[index] as number)
    }
    while (complete.size > 0) {
      const start = complete.starts[0] as number
      if (partial.size > 0 && start > (partial.starts[0] as number)) return
      const node = complete.nodes[0] as number
      complete.shift()
      const passed = this.#passedOver(node, start)
      this.#prune(partial, passed)
      this.#prune(complete, passed)
      this.#options.emit(node)
      this.#options.chains.release(node)
    }
  }

  /** Runs that began before this place end. Errors: INVALID_MATCH. */
  #passedOver(node: number, start: number): number {
    const { after, chains } = this.#options
    switch (after.skip) {
      case 'past-last-row':
        return chains.orderOf(chains.row(node)) + 1
      case 'to-next-row':
        return start + 1
      default: {
        const last = chains.lastOf(node, after.variable)
        const name = this.#options.variables[after.variable]?.name ?? ''
        if (last < 0) throw cannotSkip(after, name, 'no row of the match belongs to the variable')
        const to = after.skip === 'to-first' ? chains.first(last, false) : last
        const place = chains.orderOf(chains.row(to))
        if (place === start)
          throw cannotSkip(after, name, 'it is the first row of the match, which would be found again')
        return place
      }
    }
  }

  #prune(queue: RunQueue, before: number): void {
    queue.remove((index) => {
      const gone = (queue.starts[index] as number) < before
      if (gone) this.#options.chains.release(queue.nodes[index] as number)
      return gone
    })
  }
}

function cannotSkip(after: AfterMatch, name: string, reason: string): MillraceError {
  const where = after.skip === 'to-first' ? 'FIRST' : 'LAST'
  return new MillraceError('INVALID_MATCH', `cannot skip to ${where} ${name}: ${reason}`, {
    hint: 'AFTER MATCH SKIP PAST LAST ROW and SKIP TO NEXT ROW can always go on.',
  })
}

/** Variables that are tested on edges from a state, also behind states that need no row. */
function askedFrom({ states }: Automaton, from: number): ReadonlySet<number> {
  const asked = new Set<number>()
  const seen = new Set<number>()
  const stack = [from]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    for (const { take, target, tests } of states[at] ?? []) {
      for (const { variable } of tests) asked.add(variable)
      if (!take) stack.push(target)
    }
  }
  return asked
}
