/** Finished results as lines of text. */
import type { StatementResult } from '../../session/result.ts'
import { tableLines } from './tableau.ts'

export interface ResultPlace {
  readonly isInteractive: boolean
}

/** Results of queries are shown by `displayQuery`. */
export function resultLines(result: StatementResult, place: ResultPlace): string[] {
  switch (result.kind) {
    case 'done':
      return [
        ...result.warnings.map((warning) => `[WARN] ${warning}`),
        ...(place.isInteractive ? ['[INFO] Execute statement succeeded.'] : []),
      ]
    case 'table': {
      if (result.rows.length === 0) return ['Empty set']
      const rows = result.rows.map((row) =>
        row.map((cell) =>
          cell === null
            ? '<NULL>'
            : String(cell).replace(/^(true|false)$/, (text) => (typeof cell === 'boolean' ? text.toUpperCase() : text)),
        ),
      )
      const names = result.schema.fields.map((field) => field.name)
      return [...tableLines(names, rows), `${rows.length} ${rows.length === 1 ? 'row' : 'rows'} in set`]
    }
    case 'text':
      return result.text.replace(/\n$/, '').split('\n')
    case 'job':
      return [`[INFO] Job "${result.job.name}" was started.`, `Job ID: ${result.job.id}`]
    case 'query':
    case 'command':
      return []
  }
}
