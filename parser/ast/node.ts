/** What every node of the tree shares. */

/** A half-open range of UTF-16 code units in the text that was parsed. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Case is kept as written; names are compared by whoever resolves them. */
export interface Identifier {
  readonly kind: 'identifier'
  /** Without quotes, doubled backticks undone. */
  readonly name: string
  /** Written in backticks. */
  readonly quoted: boolean
  readonly span: Span
}

/** A dotted name such as `catalog.database.table`; never empty. */
export interface ObjectName {
  readonly kind: 'object-name'
  readonly parts: readonly Identifier[]
  readonly span: Span
}

export interface StringLiteral {
  readonly kind: 'string'
  /** The characters meant: quotes, doubled quotes, `U&` escapes and charset prefixes are undone. */
  readonly value: string
  readonly span: Span
}

/** One `'key' = 'value'` of WITH, SET, PARTITION-WITH or a hint. */
export interface Property {
  readonly kind: 'property'
  readonly key: StringLiteral
  readonly value: StringLiteral
  readonly span: Span
}
