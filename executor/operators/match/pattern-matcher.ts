/**
 * Runs of a pattern over the rows of a key: what a row does to them, which of them are matches, which of these are
 * given out and which runs a match ends. As Flink's NFA (flink-cep, `nfa/NFA.java`): all runs are followed at once; a
 * match is given out when no run is left that began before it, and takes those along that AFTER MATCH SKIP passes over.
 */
import { MillraceError } from '../../../core/errors.ts'
import type { AfterMatch, MatchVariable } from '../../../planner/physical/match-spec.ts'
import { type Automaton, compilePattern, FINAL_STATE, type Path, type Test } from './nfa.ts'
import type { RowChains } from './row-chains.ts'
import { NOT_STARTED, RunQueue } from './run-queue.ts'
import type { RowTest } from './row-test.ts'
import type { RunTable } from './run-table.ts'

export interface MatcherOptions {
  readonly variables: readonly MatchVariable[]
  readonly after: AfterMatch
  /** Milliseconds; undefined: any time. */
  readonly within: number | undefined
  readonly chains: RowChains
  /** The runs of keys that are not at work. */
  readonly table: RunTable
  /** Whether a row fits a variable whatever rows are before it; undefined: that depends. */
  readonly testRow: (variable: number, row: number) => boolean | undefined
  /** Of variables that can be tested for a single run. */
  readonly rowTests: readonly ((() => RowTest) | undefined)[]
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
  /** By variable: what is known of its condition for the row at hand, whatever the run. */
  readonly #ofRow: Uint8Array
  #rowTests: readonly (RowTest | undefined)[] = []
  /** Where that depends: of each run for each variable. */
  #known = new Uint8Array(0)
  /** Runs of the key at work; one of them, without a node, waits for a first row. */
  #partial = new RunQueue()
  /** Matches that wait for runs that began before them. */
  readonly #complete = new RunQueue()
  /** What becomes of the partial runs. */
  #next = new RunQueue()
  readonly #found = new RunQueue()
  readonly #startOf: (node: number) => number
  readonly #release: (node: number) => void
  #run = 0
  #row = -1

  constructor(options: MatcherOptions) {
    const { chains } = options
    this.#options = options
    this.#automaton = compilePattern(options.variables)
    this.#ofRow = new Uint8Array(options.variables.length)
    this.#startOf = (node) => (node < 0 ? NOT_STARTED : chains.orderOf(chains.firstRow(node)))
    this.#release = (node) => {
      chains.release(node)
    }
  }

  /** To be called when rows have been added. */
  bind(): void {
    this.#rowTests = this.#options.rowTests.map((bind) => bind?.())
  }

  /** Takes a key to work, with its runs. */
  begin(group: number): void {
    const { table } = this.#options
    this.#partial.clear()
    this.#complete.clear()
    if (table.isEmpty(group)) this.#partial.add(this.#automaton.start, -1, NOT_STARTED)
    else table.load(group, { partial: this.#partial, complete: this.#complete }, this.#startOf)
  }

  /** The key's runs go back to the table. */
  end(group: number): void {
    const { table } = this.#options
    if (this.#isIdle()) table.clear(group)
    else table.store(group, { partial: this.#partial, complete: this.#complete })
  }

  /** Whether the key has nothing but the run that waits for a first row. */
  #isIdle(): boolean {
    return this.#partial.size === 1 && this.#complete.size === 0
  }

  /**
   * The next row of the key.
   *
   * @returns whether a run began with it
   */
  process(row: number): boolean {
    const { chains } = this.#options
    const before = this.#partial
    const partial = this.#next
    const found = this.#found
    partial.clear()
    found.clear()
    let began = false
    this.#row = row
    this.#ofRow.fill(UNKNOWN)
    for (let index = 0; index < before.size; index++) {
      const node = before.nodes[index] as number
      this.#run = index
      const started = node >= 0
      const start = started ? (before.starts[index] as number) : chains.orderOf(row)
      const takes = this.#automaton.takes[before.states[index] as number] as readonly Path[]
      for (let at = 0; at < takes.length; at++) {
        const { tests, target, variable } = takes[at] as Path
        if (!this.#hold(tests)) continue
        began ||= !started
        const next = chains.addNode(row, variable, node)
        this.#add(target === FINAL_STATE ? found : partial, target, next, start)
        if (this.#isComplete(target)) this.#add(found, FINAL_STATE, next, start)
      }
      if (started) chains.release(node)
      else partial.add(this.#automaton.start, -1, NOT_STARTED)
    }
    this.#partial = partial
    this.#next = before
    if (found.size > 0 || this.#complete.size > 0) this.#settle(found)
    return began
  }

  /** Time has passed: runs that have taken too long end, and matches that waited for them go out. */
  advance(time: number): void {
    if (this.#hasOver(time)) this.#endOver(time)
    if (this.#complete.size > 0) {
      this.#found.clear()
      this.#settle(this.#found)
    }
  }

  #hasOver(time: number): boolean {
    const { nodes, size } = this.#partial
    if (this.#options.within === undefined || size === 1) return false
    for (let index = 0; index < size; index++) if (this.#isOver(nodes[index] as number, time)) return true
    return false
  }

  #isOver(node: number, time: number): boolean {
    const { within, chains } = this.#options
    return within !== undefined && node >= 0 && time - chains.timeOf(chains.firstRow(node)) >= within
  }

  #endOver(time: number): void {
    const before = this.#partial
    const partial = this.#next
    partial.clear()
    for (let index = 0; index < before.size; index++) {
      const node = before.nodes[index] as number
      if (this.#isOver(node, time)) this.#options.chains.release(node)
      else partial.add(before.states[index] as number, node, before.starts[index] as number)
    }
    this.#partial = partial
    this.#next = before
  }

  #add(queue: RunQueue, state: number, node: number, start: number): void {
    queue.add(state, node, start)
    this.#options.chains.retain(node)
  }

  /** Whether the pattern can end at a state as well. */
  #isComplete(state: number): boolean {
    const ends = this.#automaton.ends[state] as readonly Path[]
    for (let at = 0; at < ends.length; at++) if (this.#hold((ends[at] as Path).tests)) return true
    return false
  }

  #hold(tests: readonly Test[]): boolean {
    for (let index = 0; index < tests.length; index++) {
      const { variable, wanted } = tests[index] as Test
      if (this.#fits(variable) !== wanted) return false
    }
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
      if (!this.#ofRow.includes(DEPENDS)) this.#forget(this.#partial.size * this.#options.variables.length)
      this.#ofRow[variable] = DEPENDS
    }
    const at = this.#run * this.#options.variables.length + variable
    if (this.#known[at] === UNKNOWN) {
      const rowTest = this.#rowTests[variable]
      if (rowTest === undefined) this.#ask(variable)
      else this.#known[at] = rowTest(this.#partial.nodes[this.#run] as number, this.#row) ? YES : NO
    }
    return this.#known[at] === YES
  }

  /**
   * The condition for all runs that may want to know it, at once; where that fails for the run at hand alone: another
   * one may never get there.
   */
  #ask(variable: number): void {
    const runs: number[] = []
    const { states, nodes, size } = this.#partial
    for (let run = this.#run; run < size; run++) {
      if (run === this.#run || this.#automaton.asked[states[run] as number]?.has(variable) === true) runs.push(run)
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
  #settle(found: RunQueue): void {
    const partial = this.#partial
    const complete = this.#complete
    for (let index = 0; index < found.size; index++) {
      complete.add(FINAL_STATE, found.nodes[index] as number, found.starts[index] as number)
    }
    while (complete.size > 0) {
      const start = complete.starts[0] as number
      if (partial.size > 0 && start > (partial.starts[0] as number)) return
      const node = complete.nodes[0] as number
      complete.shift()
      const passed = this.#passedOver(node, start)
      partial.removeBefore(passed, this.#release)
      complete.removeBefore(passed, this.#release)
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
        const to = after.skip === 'to-first' ? chains.firstRowOfVariable(last) : chains.row(last)
        const place = chains.orderOf(to)
        if (place === start)
          throw cannotSkip(after, name, 'it is the first row of the match, which would be found again')
        return place
      }
    }
  }
}

function cannotSkip(after: AfterMatch, name: string, reason: string): MillraceError {
  const where = after.skip === 'to-first' ? 'FIRST' : 'LAST'
  return new MillraceError('INVALID_MATCH', `cannot skip to ${where} ${name}: ${reason}`, {
    hint: 'AFTER MATCH SKIP PAST LAST ROW and SKIP TO NEXT ROW can always go on.',
  })
}
