/** The recursive formatters, handed down so that the files of this folder need not import each other in circles. */
import type { Expression } from '../ast/expression.ts'
import type { Query } from '../ast/query.ts'

export interface Printer {
  /** @param level the loosest operator level that may stand here without parentheses, see `LEVEL`; default: any */
  readonly expression: (expression: Expression, level?: number) => string
  readonly query: (query: Query) => string
}
