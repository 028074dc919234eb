/** Signatures of functions written in JavaScript: `(s STRING, n INT) -> BIGINT`, `(STRING) -> TABLE(word STRING)`. */
import type { Identifier } from '../ast/node.ts'
import type { TypeNode } from '../ast/type.ts'
import type { Cursor } from '../cursor.ts'
import { isTypeWord, parseType } from './type.ts'

export interface FunctionSignature {
  readonly parameters: readonly { readonly name?: string; readonly type: TypeNode | TableParameter }[]
  /** A type of a scalar function, the columns of a table function. */
  readonly result: TypeNode | readonly { readonly name: Identifier; readonly type: TypeNode }[]
}

/** `TABLE [WITH ROW SEMANTICS]`, one row at a time; `TABLE WITH SET SEMANTICS`, the rows of each key together. */
export interface TableParameter {
  readonly kind: 'table-parameter'
  readonly semantics: 'row' | 'set'
}

export function parseSignature(c: Cursor): FunctionSignature {
  c.expectSymbol('(')
  const parameters = c.isSymbol(')') ? [] : c.list(parseParameter)
  c.expectSymbol(')')
  if (!c.isSymbol('-') || !c.isSymbolAt(1, '>')) c.fail('"->" and the type of the result')
  c.advance()
  c.advance()
  if (!c.isWord('TABLE')) return { parameters, result: parseType(c) }
  c.advance()
  return { parameters, result: c.parenthesized(parseColumn) }
}

/** A name is a word in front of a type; it may be a type's word only in backticks. */
function parseParameter(c: Cursor): FunctionSignature['parameters'][number] {
  if (isTypeWord(c)) return { type: parseType(c) }
  if (c.isWord('TABLE')) return { type: parseTableParameter(c) }
  const { name } = c.identifier('the type of a parameter, or its name and type')
  return { name, type: c.isWord('TABLE') ? parseTableParameter(c) : parseType(c) }
}

function parseTableParameter(c: Cursor): TableParameter {
  c.advance()
  if (!c.isWord('WITH')) return { kind: 'table-parameter', semantics: 'row' }
  c.advance()
  const semantics = c.isWord('SET') ? 'set' : 'row'
  if (!c.isWord('SET') && !c.isWord('ROW')) c.fail('ROW SEMANTICS or SET SEMANTICS')
  c.advance()
  if (!c.isWord('SEMANTICS')) c.fail('SEMANTICS')
  c.advance()
  return { kind: 'table-parameter', semantics }
}

function parseColumn(c: Cursor): { readonly name: Identifier; readonly type: TypeNode } {
  return { name: c.identifier('the name of a column'), type: parseType(c) }
}
