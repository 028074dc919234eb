/** Queries and everything that can stand in FROM. */
import type { CallExpression, Expression, WindowSpec } from './expression.ts'
import type { Identifier, ObjectName, Property, Span, StringLiteral } from './node.ts'

interface NodeBase {
  readonly span: Span
}

/** A whole query: WITH, a body, ORDER BY, LIMIT. Also a statement. */
export interface Query extends NodeBase {
  readonly kind: 'query'
  readonly recursive: boolean
  readonly with: readonly CommonTable[]
  readonly body: QueryBody
  readonly orderBy: readonly OrderItem[]
  readonly offset?: Expression
  /** LIMIT n and FETCH FIRST n ROWS ONLY; missing for LIMIT ALL. */
  readonly limit?: Expression
}

export interface CommonTable extends NodeBase {
  readonly kind: 'common-table'
  readonly name: Identifier
  readonly columns: readonly Identifier[]
  readonly query: Query
}

/** A nested Query stands here only where parentheses hold a WITH, ORDER BY, LIMIT or OFFSET of their own. */
export type QueryBody = Select | Values | TableQuery | SetOperation | Query

export interface SetOperation extends NodeBase {
  readonly kind: 'set-operation'
  /** MINUS is EXCEPT. */
  readonly operator: 'UNION' | 'INTERSECT' | 'EXCEPT'
  readonly all: boolean
  readonly left: QueryBody
  readonly right: QueryBody
}

/** `TABLE t` as a query. */
export interface TableQuery extends NodeBase {
  readonly kind: 'table-query'
  readonly name: ObjectName
}

export interface Values extends NodeBase {
  readonly kind: 'values'
  readonly rows: readonly ValuesRow[]
}

export interface ValuesRow extends NodeBase {
  readonly kind: 'values-row'
  readonly values: readonly Expression[]
}

export interface Select extends NodeBase {
  readonly kind: 'select'
  readonly hints: readonly Hint[]
  readonly distinct: boolean
  readonly items: readonly SelectItem[]
  readonly from?: TableReference
  readonly where?: Expression
  readonly groupBy?: GroupBy
  readonly having?: Expression
  readonly windows: readonly NamedWindow[]
  readonly qualify?: Expression
}

export interface SelectItem extends NodeBase {
  readonly kind: 'select-item'
  readonly expression: Expression
  readonly alias?: Identifier
}

export interface GroupBy extends NodeBase {
  readonly kind: 'group-by'
  readonly distinct: boolean
  readonly items: readonly GroupingElement[]
}

/** `a` and `(a)` have one expression, `(a, b)` two, `()` none. */
export interface GroupingExpressions extends NodeBase {
  readonly kind: 'grouping-expressions'
  readonly expressions: readonly Expression[]
}

export interface GroupingSets extends NodeBase {
  readonly kind: 'grouping-sets'
  readonly type: 'GROUPING SETS' | 'ROLLUP' | 'CUBE'
  readonly elements: readonly GroupingElement[]
}

export type GroupingElement = GroupingExpressions | GroupingSets

export interface NamedWindow extends NodeBase {
  readonly kind: 'named-window'
  readonly name: Identifier
  readonly spec: WindowSpec
}

export interface OrderItem extends NodeBase {
  readonly kind: 'order-item'
  readonly expression: Expression
  readonly direction?: 'ASC' | 'DESC'
  readonly nulls?: 'FIRST' | 'LAST'
}

/** OPTIONS('k' = 'v'), BROADCAST(a, b), LOOKUP('table' = 'c'), … inside a hint comment. */
export interface Hint extends NodeBase {
  readonly kind: 'hint'
  readonly name: Identifier
  readonly arguments: readonly HintArgument[]
}

export type HintArgument = Property | StringLiteral | Identifier | HintNumber

export interface HintNumber extends NodeBase {
  readonly kind: 'hint-number'
  readonly text: string
}

// ---- FROM

export type TableReference = NamedTable | DerivedTable | TableFunction | Unnest | Join | MatchRecognize

export interface TableAlias extends NodeBase {
  readonly kind: 'table-alias'
  readonly name: Identifier
  readonly columns: readonly Identifier[]
}

export interface NamedTable extends NodeBase {
  readonly kind: 'table'
  readonly name: ObjectName
  readonly hints: readonly Hint[]
  /** FOR SYSTEM_TIME AS OF. */
  readonly systemTime?: Expression
  readonly alias?: TableAlias
}

export interface DerivedTable extends NodeBase {
  readonly kind: 'derived-table'
  readonly query: Query
  readonly lateral: boolean
  readonly alias?: TableAlias
}

/** TABLE(f(…)), LATERAL TABLE(f(…)), f(…), LATERAL f(…): window TVFs, UDTFs and process table functions. */
export interface TableFunction extends NodeBase {
  readonly kind: 'table-function'
  readonly call: CallExpression
  readonly lateral: boolean
  readonly alias?: TableAlias
}

export interface Unnest extends NodeBase {
  readonly kind: 'unnest'
  readonly operands: readonly Expression[]
  readonly withOrdinality: boolean
  readonly alias?: TableAlias
}

export interface Join extends NodeBase {
  readonly kind: 'join'
  /** COMMA is CROSS with the lowest precedence. */
  readonly type: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS' | 'COMMA'
  readonly natural: boolean
  readonly left: TableReference
  readonly right: TableReference
  readonly condition?: JoinOn | JoinUsing
}

export interface JoinOn extends NodeBase {
  readonly kind: 'join-on'
  readonly condition: Expression
}

export interface JoinUsing extends NodeBase {
  readonly kind: 'join-using'
  readonly columns: readonly Identifier[]
}

export interface MatchRecognize extends NodeBase {
  readonly kind: 'match-recognize'
  readonly input: NamedTable | DerivedTable | TableFunction | Unnest
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly OrderItem[]
  readonly measures: readonly Measure[]
  readonly rowsPerMatch?: 'ONE ROW' | 'ALL ROWS'
  readonly skip?: AfterMatchSkip
  readonly pattern: Pattern
  /** `^` before and `$` after the pattern. */
  readonly anchoredStart: boolean
  readonly anchoredEnd: boolean
  readonly within?: Expression
  readonly subsets: readonly PatternSubset[]
  readonly define: readonly PatternDefinition[]
  readonly alias?: TableAlias
}

export interface Measure extends NodeBase {
  readonly kind: 'measure'
  readonly expression: Expression
  readonly alias: Identifier
}

export interface AfterMatchSkip extends NodeBase {
  readonly kind: 'after-match-skip'
  readonly target: 'NEXT ROW' | 'PAST LAST ROW' | 'FIRST' | 'LAST'
  /** Present with FIRST and LAST; `SKIP TO v` is LAST. */
  readonly variable?: Identifier
}

export interface PatternSubset extends NodeBase {
  readonly kind: 'pattern-subset'
  readonly name: Identifier
  readonly variables: readonly Identifier[]
}

export interface PatternDefinition extends NodeBase {
  readonly kind: 'pattern-definition'
  readonly variable: Identifier
  readonly condition: Expression
}

export type Pattern =
  | PatternVariable
  | PatternSequence
  | PatternAlternation
  | PatternRepeat
  | PatternPermute
  | PatternExclusion

export interface PatternVariable extends NodeBase {
  readonly kind: 'pattern-variable'
  readonly name: Identifier
}

/** `A B C`; at least two. */
export interface PatternSequence extends NodeBase {
  readonly kind: 'pattern-sequence'
  readonly items: readonly Pattern[]
}

/** `A | B`; at least two. */
export interface PatternAlternation extends NodeBase {
  readonly kind: 'pattern-alternation'
  readonly items: readonly Pattern[]
}

/** `A*` {0,}, `A+` {1,}, `A?` {0,1}, `A{n,m}`. */
export interface PatternRepeat extends NodeBase {
  readonly kind: 'pattern-repeat'
  readonly operand: Pattern
  readonly min: number
  /** Missing: without bound. */
  readonly max?: number
  readonly reluctant: boolean
}

export interface PatternPermute extends NodeBase {
  readonly kind: 'pattern-permute'
  readonly items: readonly Pattern[]
}

/** `{- A -}`. */
export interface PatternExclusion extends NodeBase {
  readonly kind: 'pattern-exclusion'
  readonly operand: Pattern
}
