/** What executing a statement gives. */
import { BOOLEAN, type Field, type Schema, STRING } from '../core/types.ts'
import type { Job } from '../executor/runtime/job.ts'
import type { QueryResult } from './query-result.ts'

/** The statement is done; `warnings` are for people. */
export interface DoneResult {
  readonly kind: 'done'
  readonly warnings: readonly string[]
}

/** A finished table: SHOW, DESCRIBE, EXPLAIN. Cells are text, TRUE/FALSE as boolean, NULL as null. */
export interface TableResult {
  readonly kind: 'table'
  readonly schema: Schema
  readonly rows: readonly (readonly Cell[])[]
}

export type Cell = string | boolean | null

/** Text that is printed as it is: EXPLAIN, SHOW CREATE TABLE. */
export interface TextResult {
  readonly kind: 'text'
  readonly column: string
  readonly text: string
}

/** An INSERT or statement set that runs. */
export interface JobResult {
  readonly kind: 'job'
  readonly job: Job
}

/** For the client to carry out: HELP, CLEAR, QUIT, SOURCE. */
export interface CommandResult {
  readonly kind: 'command'
  readonly command: 'HELP' | 'CLEAR' | 'QUIT' | 'SOURCE'
  readonly argument?: string
}

export type StatementResult = DoneResult | TableResult | TextResult | JobResult | QueryResult | CommandResult

export const DONE: DoneResult = { kind: 'done', warnings: [] }

/** @param columns names of text columns; a name that begins with `?` is a BOOLEAN column */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): TableResult {
  const fields = columns.map((column): Field => {
    return column.startsWith('?') ? { name: column.slice(1), type: BOOLEAN } : { name: column, type: STRING }
  })
  return { kind: 'table', schema: { fields }, rows }
}
