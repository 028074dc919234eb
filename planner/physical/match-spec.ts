/** What a MATCH_RECOGNIZE looks for and what it gives, as plain data. */
import type { SqlType } from '../../core/types.ts'
import type { Expression } from '../expression.ts'

/** All variables of the pattern at once: a column without a variable. */
export const ALL_VARIABLES = -1

/** A value that an expression of DEFINE or MEASURES takes from the rows of a match. */
export type MatchReference =
  /** A column of the n-th row of a variable, counted from its first or last one; NULL where there is none. */
  | {
      readonly kind: 'row'
      readonly variable: number
      readonly from: 'first' | 'last'
      readonly offset: number
      readonly column: number
      readonly type: SqlType
    }
  /** An aggregate over the rows of a variable; its arguments are expressions over the input's columns. */
  | {
      readonly kind: 'aggregate'
      readonly variable: number
      readonly function: string
      readonly args: readonly Expression[]
      readonly type: SqlType
    }
  /** MATCH_ROWTIME and MATCH_PROCTIME: when the match was found. */
  | { readonly kind: 'rowtime' | 'proctime'; readonly type: SqlType }

/** An expression whose inputs are the references, by position. */
export interface MatchExpression {
  readonly value: Expression
  readonly references: readonly MatchReference[]
}

/** One variable of the pattern; they follow each other without rows between them. */
export interface MatchVariable {
  readonly name: string
  readonly min: number
  /** null: without bound. */
  readonly max: number | null
  /** As many rows as possible, where `min` and `max` differ. */
  readonly greedy: boolean
  /** Absent: every row. */
  readonly condition?: MatchExpression
}

export type AfterMatch =
  | { readonly skip: 'past-last-row' | 'to-next-row' }
  | { readonly skip: 'to-first' | 'to-last'; readonly variable: number }

export interface MatchOrder {
  readonly column: number
  readonly descending: boolean
  readonly nullsLast: boolean
}

export interface MatchSpec {
  readonly partitionKeys: readonly number[]
  readonly time: 'rowtime' | 'proctime'
  /** Input column of the time attribute. */
  readonly timeColumn: number
  /** Order of rows of the same time. */
  readonly orderBy: readonly MatchOrder[]
  readonly variables: readonly MatchVariable[]
  readonly after: AfterMatch
  /** Milliseconds: the last row of a match comes less than that after the first; absent: any time. */
  readonly within?: number
  readonly measures: readonly { readonly name: string; readonly expression: MatchExpression }[]
}
