/** The rows that FIRST and LAST mean, in the run up to a node. */
import { ALL_VARIABLES, type MatchReference } from '../../../planner/physical/match-spec.ts'
import type { RowChains } from './row-chains.ts'

type RowReference = Extract<MatchReference, { kind: 'row' }>

/** @returns -1 where the variable has not so many rows */
type FindRow = (node: number, row: number) => number

/**
 * Whether a row that is tried for a variable is one of those that a reference looks at.
 *
 * @param variable undefined: no row is tried, as in MEASURES
 */
export function isTried(reference: MatchReference, variable: number | undefined): boolean {
  if (variable === undefined || !('variable' in reference)) return false
  return reference.variable === ALL_VARIABLES || reference.variable === variable
}

/** @param tries whether `row` is one more row of the variable, behind those of the run */
export function rowFinder(chains: RowChains, { variable, from, offset }: RowReference, tries: boolean): FindRow {
  const all = variable === ALL_VARIABLES
  const more = tries ? 1 : 0
  if (from === 'last' && offset === more) {
    return (node) => {
      const last = all ? node : chains.lastOf(node, variable)
      return last < 0 ? -1 : chains.row(last)
    }
  }
  return (node, row) => {
    const last = all ? node : chains.lastOf(node, variable)
    const count = chains.count(last, all)
    if (offset >= count + more) return -1
    const index = from === 'first' ? offset : count + more - 1 - offset
    if (index === count) return row
    if (index === 0) return all ? chains.firstRow(last) : chains.firstRowOfVariable(last)
    return chains.row(chains.back(last, count - 1 - index))
  }
}
