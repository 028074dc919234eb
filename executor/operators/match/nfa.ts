/**
 * The automaton of a pattern: states with edges that TAKE a row for a variable, or PROCEED without one. Built from the
 * end to the start, in the form and the order in which Flink's NFACompiler builds it for patterns without gaps
 * (flink-cep, `nfa/compiler/NFACompiler.java`): which matches are found, and in which order, follows from it.
 */
import { invariant } from '../../../core/errors.ts'
import type { MatchVariable } from '../../../planner/physical/match-spec.ts'

/** Whether the condition of a variable has to be TRUE, or must not be. */
export interface Test {
  readonly variable: number
  readonly wanted: boolean
}

interface Edge {
  readonly take: boolean
  /** State. */
  readonly target: number
  /** The variable that a row is taken for; of the state that the edge leaves. */
  readonly variable: number
  /** All have to hold. */
  readonly tests: readonly Test[]
}

/** A way from a state by edges that take no row, and then, where there is one, by one that does. */
export interface Path {
  /** Of all its edges: all have to hold. */
  readonly tests: readonly Test[]
  /** The state where it ends. */
  readonly target: number
  /** The variable that the row is taken for. */
  readonly variable: number
}

export interface Automaton {
  readonly start: number
  /** By state: the ways by which a row is taken, in the order in which Flink finds them. */
  readonly takes: readonly (readonly Path[])[]
  /** By state: the ways to the final state by which no row is taken. */
  readonly ends: readonly (readonly Path[])[]
  /** By state: the variables whose conditions may have to be looked at from there. */
  readonly asked: readonly ReadonlySet<number>[]
}

/** State at which a match is complete. */
export const FINAL_STATE = 0

export function compilePattern(variables: readonly MatchVariable[]): Automaton {
  const compiler = new Compiler()
  let sink = FINAL_STATE
  for (let variable = variables.length - 1; variable >= 0; variable--) {
    const definition = variables[variable]
    invariant(definition !== undefined, 'a variable has a definition')
    sink = compiler.variable(variable, definition, sink)
  }
  const { states } = compiler
  const paths = states.map((_, state) => pathsFrom(states, state))
  return {
    start: sink,
    takes: paths.map((some) => some.filter((path) => path.take)),
    ends: paths.map((some) => some.filter((path) => !path.take && path.target === FINAL_STATE)),
    asked: paths.map((some) => new Set(some.flatMap(({ tests }) => tests.map(({ variable }) => variable)))),
  }
}

/** No state has two edges that take no row, so that the ways from it follow each other. */
function pathsFrom(states: readonly (readonly Edge[])[], from: number): (Path & { readonly take: boolean })[] {
  const paths: (Path & { readonly take: boolean })[] = []
  let before: readonly Test[] = []
  for (let state: number | undefined = from; state !== undefined; ) {
    const tests = before
    const edges: readonly Edge[] = states[state] ?? []
    for (const edge of edges) {
      const { take, target, variable } = edge
      paths.push({ take, target, variable, tests: withoutRepeats([...tests, ...edge.tests]) })
    }
    const [onward] = edges.filter(({ take }) => !take)
    before = onward === undefined ? [] : [...tests, ...onward.tests]
    state = onward?.target
  }
  return paths
}

function withoutRepeats(tests: readonly Test[]): Test[] {
  return tests.filter(
    ({ variable, wanted }, index) =>
      tests.findIndex((other) => other.variable === variable && other.wanted === wanted) === index,
  )
}

class Compiler {
  readonly states: Edge[][] = [[]]

  /** @returns the state at which the variable begins */
  variable(variable: number, { min, max, greedy }: MatchVariable, sink: number): number {
    const least = Math.max(1, min)
    if (max === null) return this.#times(variable, this.#loop(variable, sink, greedy), sink, least, least, min === 0)
    if (greedy) this.#prefer(variable, sink)
    return this.#times(variable, sink, sink, least, max, min === 0)
  }

  /** Any number of rows, and on to the sink. */
  #loop(variable: number, sink: number, greedy: boolean): number {
    const state = this.#state()
    this.#edge(state, { take: false, target: sink, variable, tests: [] })
    if (greedy) this.#prefer(variable, sink)
    this.#take(state, variable, state)
    return state
  }

  /** A state for each repetition; those that need not be also proceed to where the variable ends. */
  #times(variable: number, first: number, end: number, from: number, to: number, optional: boolean): number {
    let sink = first
    for (let i = from; i < to; i++) sink = this.#single(variable, sink, end, true)
    for (let i = 0; i < from - 1; i++) sink = this.#single(variable, sink, end, false)
    return this.#single(variable, sink, end, optional)
  }

  #single(variable: number, sink: number, end: number, optional: boolean): number {
    const state = this.#state()
    this.#take(state, variable, sink)
    if (optional) this.#edge(state, { take: false, target: end, variable, tests: [] })
    return state
  }

  /** A greedy variable: the state behind it is only entered by rows that the variable does not want. */
  #prefer(variable: number, behind: number): void {
    const edges = this.states[behind]
    invariant(edges !== undefined, 'a state has edges')
    for (const [index, edge] of edges.entries()) {
      edges[index] = { ...edge, tests: [...edge.tests, { variable, wanted: false }] }
    }
  }

  #state(): number {
    return this.states.push([]) - 1
  }

  #take(state: number, variable: number, target: number): void {
    this.#edge(state, { take: true, target, variable, tests: [{ variable, wanted: true }] })
  }

  #edge(state: number, edge: Edge): void {
    this.states[state]?.push(edge)
  }
}
