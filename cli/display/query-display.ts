/**
 * Shows a running query in one of Flink's result modes: `table` (the current result, redrawn in place on a terminal,
 * printed once at the end elsewhere), `changelog` (the last changes, redrawn in place) and `tableau` (every change
 * printed as it comes).
 */
import { type ChangeBatch, kindAt, ROW_KIND_NAMES } from '../../core/change-batch.ts'
import { readValue } from '../../core/column-ops.ts'
import type { Schema } from '../../core/types.ts'
import { valueToText } from '../../core/value-text.ts'
import type { QueryResult } from '../../session/query-result.ts'
import { MaterializedRows, type TextRow } from './materialized-rows.ts'
import { borderLine, contentColumns, headerLines, rowLine, streamingColumns, tableLines } from './tableau.ts'
import type { Terminal } from './terminal.ts'

export type ResultMode = 'table' | 'changelog' | 'tableau'

export interface DisplayOptions {
  readonly mode: ResultMode
  readonly maxColumnWidth: number
  readonly maxRows: number
}

const REDRAW_MILLISECONDS = 100

/** Settles when the query has ended; cancelling it is the caller's. @returns the line that sums the result up */
export function displayQuery(result: QueryResult, terminal: Terminal, options: DisplayOptions): Promise<string> {
  // Rows without a kind, as a table; as in Flink's client whatever the mode.
  if (result.isBatch) return displayLive(result, terminal, { ...options, mode: 'table' })
  if (options.mode === 'tableau' || (options.mode === 'changelog' && !terminal.isInteractive)) {
    return displayTableau(result, terminal, options)
  }
  return displayLive(result, terminal, options)
}

function cellsOf(schema: Schema): (batch: ChangeBatch, row: number) => TextRow {
  return (batch, row) =>
    schema.fields.map((field, index) => {
      const column = batch.columns[index]
      const value = column === undefined ? null : readValue(column, field.type, row)
      return value === null ? '<NULL>' : valueToText(value, field.type)
    })
}

async function displayTableau(result: QueryResult, terminal: Terminal, options: DisplayOptions): Promise<string> {
  const cells = cellsOf(result.schema)
  const columns = [{ name: 'op', width: 2 }, ...streamingColumns(result.schema.fields, options.maxColumnWidth)]
  let rows = 0
  for await (const batch of result.changes()) {
    if (rows === 0) terminal.writeLines(headerLines(columns))
    const lines: string[] = []
    for (let row = 0; row < batch.rows; row++) {
      lines.push(rowLine(columns, [ROW_KIND_NAMES[kindAt(batch, row)], ...cells(batch, row)]))
    }
    rows += batch.rows
    terminal.writeLines(lines)
    await terminal.drained()
  }
  if (rows === 0) return 'Empty set'
  terminal.writeLines([borderLine(columns)])
  return `Received a total of ${rows} ${rows === 1 ? 'row' : 'rows'}`
}

async function displayLive(result: QueryResult, terminal: Terminal, options: DisplayOptions): Promise<string> {
  const view = new LiveView(result.schema, options, terminal)
  let lastDraw = 0
  try {
    for await (const batch of result.changes()) {
      view.apply(batch)
      const now = performance.now()
      if (terminal.isInteractive && now - lastDraw >= REDRAW_MILLISECONDS) {
        view.draw()
        lastDraw = now
      }
    }
  } finally {
    view.finish()
  }
  return view.summary()
}

class LiveView {
  readonly #names: readonly string[]
  readonly #cells: (batch: ChangeBatch, row: number) => TextRow
  readonly #options: DisplayOptions
  readonly #terminal: Terminal
  readonly #rows: MaterializedRows
  readonly #changes: TextRow[] = []
  #changeCount = 0

  constructor(schema: Schema, options: DisplayOptions, terminal: Terminal) {
    const names = schema.fields.map((field) => field.name)
    this.#names = options.mode === 'changelog' ? ['op', ...names] : names
    this.#cells = cellsOf(schema)
    this.#options = options
    this.#terminal = terminal
    this.#rows = new MaterializedRows(options.maxRows)
  }

  apply(batch: ChangeBatch): void {
    this.#changeCount += batch.rows
    if (this.#options.mode === 'table') {
      this.#rows.apply(batch, this.#cells)
      return
    }
    for (let row = Math.max(0, batch.rows - this.#space()); row < batch.rows; row++) {
      this.#changes.push([ROW_KIND_NAMES[kindAt(batch, row)], ...this.#cells(batch, row)])
    }
    this.#changes.splice(0, Math.max(0, this.#changes.length - this.#space()))
  }

  draw(): void {
    const rows = this.#options.mode === 'table' ? this.#rows.lastRows(this.#space()) : this.#changes
    const hidden = this.#options.mode === 'table' ? this.#rows.size - rows.length : 0
    const more = hidden > 0 ? [`… ${hidden} more rows above`] : []
    this.#terminal.drawLive([
      ...this.#table(rows),
      ...more,
      `${this.#changeCount} changes so far; Ctrl-C ends the query`,
    ])
  }

  /** Leaves the whole result behind. */
  finish(): void {
    this.#terminal.clearLive()
    const rows = this.#options.mode === 'table' ? this.#rows.rows() : this.#changes
    if (rows.length > 0) this.#terminal.writeLines(this.#table(rows))
  }

  summary(): string {
    if (this.#options.mode === 'changelog') return `Received a total of ${this.#changeCount} changes`
    const dropped = this.#rows.dropped > 0 ? `, ${this.#rows.dropped} more not kept` : ''
    return this.#rows.size === 0
      ? 'Empty set'
      : `${this.#rows.size} ${this.#rows.size === 1 ? 'row' : 'rows'} in set${dropped}`
  }

  #space(): number {
    return Math.max(5, this.#terminal.rows - 8)
  }

  #table(rows: readonly TextRow[]): string[] {
    const columns = contentColumns(this.#names, rows, this.#options.maxColumnWidth)
    return rows.length === 0 ? headerLines(columns) : tableLines(this.#names, rows, this.#options.maxColumnWidth)
  }
}
