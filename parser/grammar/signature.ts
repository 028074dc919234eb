/** Signatures of functions written in JavaScript: `(s STRING, n INT) -> BIGINT`, `(STRING) -> TABLE(word STRING)`. */
import type { Identifier } from '../ast/node.ts'
import type { TypeNode } from '../ast/type.ts'
import type { Cursor } from '../cursor.ts'
import { isTypeWord, parseType } from './type.ts'

export interface FunctionSignature {
  readonly parameters: readonly { readonly name?: string; readonly type: TypeNode }[]
  /** A type of a scalar function, the columns of a table function. */
  readonly result: TypeNode | readonly { readonly name: Identifier; readonly type: TypeNode }[]
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
  const { name } = c.identifier('the type of a parameter, or its name and type')
  return { name, type: parseType(c) }
}

function parseColumn(c: Cursor): { readonly name: Identifier; readonly type: TypeNode } {
  return { name: c.identifier('the name of a column'), type: parseType(c) }
}
