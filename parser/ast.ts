/**
 * The syntax tree: plain data, every node with `kind` and a `span` into the text that was parsed. This file is the
 * only entry to the tree's types; the families live in `ast/`.
 */
import type { SourcePosition } from '../core/errors.ts'
import type { Span } from './ast/node.ts'

export type * from './ast/definition.ts'
export type * from './ast/expression.ts'
export type * from './ast/node.ts'
export type * from './ast/query.ts'
export type * from './ast/statement.ts'
export type * from './ast/type.ts'

/**
 * Where a span starts, in lines and columns, for errors.
 *
 * @param sql the text that the span points into
 */
export function positionOf(sql: string, span: Span): SourcePosition {
  let line = 1
  let lineStart = 0
  const newline = /\r\n|\r|\n/g
  for (let match = newline.exec(sql); match !== null && newline.lastIndex <= span.start; match = newline.exec(sql)) {
    line++
    lineStart = newline.lastIndex
  }
  return { line, column: span.start - lineStart + 1, offset: span.start, length: span.end - span.start }
}
