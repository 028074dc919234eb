/** Helpers of the parser's tests. */
import { expect } from 'vitest'
import type { Statement } from '../ast.ts'
import { formatStatement } from '../format.ts'
import { parseStatement } from '../parse.ts'

/** The tree without its spans, for comparison. */
export function withoutSpans(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutSpans)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, value]) => (key === 'span' ? [] : [[key, withoutSpans(value)]])),
  )
}

interface Spanned {
  readonly kind: string
  readonly span: { readonly start: number; readonly end: number }
}

function isSpanned(node: unknown): node is Spanned {
  return typeof node === 'object' && node !== null && 'span' in node && 'kind' in node
}

/** Every node has a span, not empty, that lies within its parent's and begins and ends on a token. */
export function expectSpans(sql: string, node: unknown, parent = { start: 0, end: sql.length }): void {
  if (Array.isArray(node)) {
    for (const item of node) expectSpans(sql, item, parent)
    return
  }
  if (typeof node !== 'object' || node === null) return
  if (!isSpanned(node)) {
    expect.soft(Object.keys(node), 'a plain object that is no node').toEqual(['start', 'end'])
    return
  }
  const { start, end } = node.span
  const text = sql.slice(start, end)
  const fits = start >= parent.start && end <= parent.end && text.length > 0 && text.trim() === text
  if (!fits) expect.fail(`span of ${node.kind} is ${JSON.stringify(text)} in ${JSON.stringify(sql)}`)
  for (const [key, value] of Object.entries(node)) if (key !== 'span') expectSpans(sql, value, node.span)
}

/** Parses, checks the canonical text, and that the text means the same tree. Line breaks count as spaces. */
export function expectCanonical(sql: string, canonical: string): Statement {
  const statement = parseStatement(sql)
  expectSpans(sql, statement)
  const text = formatStatement(statement)
  expect(text.replace(/\s+/g, ' ')).toBe(canonical)
  const again = parseStatement(text)
  expect(withoutSpans(again)).toEqual(withoutSpans(statement))
  expect(formatStatement(again)).toBe(text)
  return statement
}

/** `expectCanonical` of a text that is canonical already. */
export const expectUnchanged = (sql: string): Statement => expectCanonical(sql, sql.replace(/\s+/g, ' '))
