/** Compares what a record of a suite gave in Flink and in Millrace. */
import type { SltRecord } from '../slt/format.ts'
import type { Answer } from './flink.ts'
import type { Found } from './in-turns.ts'

/**
 * Operators that emit for several keys at one time: Flink gives these in the order of hash tables and heaps. What is
 * compared then is which changes there are, not their order.
 */
const UNORDERED_OPERATORS = new Set(['window-aggregate'])

export interface Difference {
  readonly what: string
  readonly flink: string
  readonly millrace: string
}

/**
 * @param hasOrder false: the order of the input is not defined
 * @returns undefined where both are the same, or where there is nothing to compare
 */
export function compare(
  record: SltRecord,
  flink: Answer,
  millrace: Found,
  hasOrder: boolean,
): Difference | undefined {
  if (flink.kind === 'error' || millrace.kind === 'error') {
    if (flink.kind === 'error' && millrace.kind === 'error') return undefined
    return { what: 'only one of them takes it', flink: outcomeOf(flink), millrace: outcomeOfFound(millrace) }
  }
  if (millrace.kind !== 'query') return undefined
  const columns = { flink: columnsOf(flink.columns), millrace: columnsOf(millrace.columns) }
  if (columns.flink !== columns.millrace) return { what: 'columns', ...columns }
  const sorted = !hasOrder || isUnordered(record, millrace)
  const changes = { flink: linesOf(flink.lines, sorted), millrace: linesOf(millrace.lines, sorted) }
  return changes.flink === changes.millrace ? undefined : { what: 'changes', ...changes }
}

function isUnordered(record: SltRecord, found: Extract<Found, { readonly kind: 'query' }>): boolean {
  if (record.kind === 'query changelog') return false
  return [...found.operators].some((operator) => UNORDERED_OPERATORS.has(operator))
}

function outcomeOf(answer: Answer): string {
  return answer.kind === 'error' ? answer.lines.join('\n') : `takes it\n${answer.lines.join('\n')}`
}

function outcomeOfFound(found: Found): string {
  if (found.kind === 'error') return found.message
  return found.kind === 'query' ? `takes it\n${found.lines.join('\n')}` : 'takes it'
}

/** A time attribute is a plain timestamp to whom it is handed. */
function columnsOf(columns: readonly string[]): string {
  return columns.map((column) => column.replace(/ \*(ROWTIME|PROCTIME)\*/, '')).join(', ')
}

function linesOf(lines: readonly string[], sorted: boolean): string {
  const normal = lines.map((line) => line.replace(/\b(?:TRUE|FALSE)\b/g, (word) => word.toLowerCase()))
  return (sorted ? normal.toSorted() : normal).join('\n')
}
