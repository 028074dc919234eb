/** Compares what a record of a suite gave in Flink and in Millrace. */
import { unreachable } from '../../core/errors.ts'
import type { Answer } from './flink.ts'
import type { Found } from './in-turns.ts'

/**
 * Operators that emit several rows at one time: Flink gives these in the order of hash tables and heaps. What is
 * compared then is which changes there are, not their order.
 */
const UNORDERED_OPERATORS = new Set([
  'window-aggregate',
  'window-rank',
  'window-deduplicate',
  'window-join',
  'join',
  'interval-join',
  'temporal-join',
  'expand',
])

/** How much of two changelogs is compared. */
export type Scope = 'every change in order' | 'every change' | 'the table'

export interface Difference {
  readonly what: string
  readonly flink: string
  readonly millrace: string
}

/** @returns undefined where both are the same, or where there is nothing to compare */
export function compare(flink: Answer, millrace: Found, widest: Scope): Difference | undefined {
  if (flink.kind === 'error' || millrace.kind === 'error') {
    if (flink.kind === 'error' && millrace.kind === 'error') return undefined
    return { what: 'only one of them takes it', flink: outcomeOf(flink), millrace: outcomeOfFound(millrace) }
  }
  if (millrace.kind !== 'query') return undefined
  const columns = { flink: columnsOf(flink.columns), millrace: columnsOf(millrace.columns) }
  if (columns.flink !== columns.millrace) return { what: 'columns', ...columns }
  const scope = scopeOf(millrace, widest)
  const changes = { flink: linesOf(flink.lines, scope), millrace: linesOf(millrace.lines, scope) }
  return changes.flink === changes.millrace ? undefined : { what: 'changes', ...changes }
}

function scopeOf(found: Extract<Found, { readonly kind: 'query' }>, widest: Scope): Scope {
  if (found.isBatch) return found.isSorted ? widest : 'the table'
  const { operators } = found
  // In Flink each VALUES is a source of its own, and which of them is read first is open.
  if (operators.has('values') && (operators.has('union') || operators.has('join'))) return 'the table'
  const unordered = [...operators].some((operator) => UNORDERED_OPERATORS.has(operator))
  return unordered && widest === 'every change in order' ? 'every change' : widest
}

function outcomeOf(answer: Answer): string {
  // The last message is the cause; what a parser would have expected fills pages.
  return answer.kind === 'error'
    ? (answer.lines.at(-1) ?? '').split('\n').slice(0, 3).join('\n')
    : `takes it\n${answer.lines.join('\n')}`
}

function outcomeOfFound(found: Found): string {
  if (found.kind === 'error') return found.message
  return found.kind === 'query' ? `takes it\n${found.lines.join('\n')}` : 'takes it'
}

/** A time attribute is a plain timestamp to whom it is handed; Flink does not know that it is never NULL. */
function columnsOf(columns: readonly string[]): string {
  return columns
    .map((column) => column.replace(/ \*(ROWTIME|PROCTIME)\*/, '').replace(/(TIMESTAMP(_LTZ)?\(3\)) NOT NULL$/, '$1'))
    .join(', ')
}

function linesOf(lines: readonly string[], scope: Scope): string {
  const normal = lines.map((line) => line.replace(/\b(?:TRUE|FALSE)\b/g, (word) => word.toLowerCase()))
  switch (scope) {
    case 'every change in order':
      return normal.join('\n')
    case 'every change':
      return normal.toSorted().join('\n')
    case 'the table':
      return tableOf(normal).join('\n')
    default:
      return unreachable(scope)
  }
}

/** The rows that changes leave, sorted. */
function tableOf(lines: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const line of lines) {
    const [kind, row] = [line.slice(0, 2), line.slice(3)]
    counts.set(row, (counts.get(row) ?? 0) + (kind === '+I' || kind === '+U' ? 1 : -1))
  }
  return [...counts]
    .flatMap(([row, count]) => (count < 0 ? [`missing: ${row}`] : Array<string>(count).fill(row)))
    .sort()
}
