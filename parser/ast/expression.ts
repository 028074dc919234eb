/** Expressions. There is no node for parentheses: the tree's shape says it, the formatter puts them back. */
import type { Identifier, ObjectName, Span, StringLiteral } from './node.ts'
import type { OrderItem, Query } from './query.ts'
import type { IntervalQualifier, TimeUnit, TypeNode } from './type.ts'

interface NodeBase {
  readonly span: Span
}

// ---- literals

export interface NumberLiteral extends NodeBase {
  readonly kind: 'number'
  /** Exactly as written, unsigned: `1`, `1.50`, `.5`, `1E-3`. With an exponent it is DOUBLE, with a point DECIMAL. */
  readonly text: string
}

/** X'45F0AB'. */
export interface BinaryLiteral extends NodeBase {
  readonly kind: 'binary-string'
  /** Upper-case hexadecimal digits, an even number of them. */
  readonly hex: string
}

export interface BooleanLiteral extends NodeBase {
  readonly kind: 'boolean'
  readonly value: boolean
}

export interface NullLiteral extends NodeBase {
  readonly kind: 'null'
}

/** The BOOLEAN literal UNKNOWN. */
export interface UnknownLiteral extends NodeBase {
  readonly kind: 'unknown'
}

/** DATE '…', TIME '…', TIMESTAMP '…'. The text is not checked here. */
export interface DatetimeLiteral extends NodeBase {
  readonly kind: 'datetime'
  readonly type: 'DATE' | 'TIME' | 'TIMESTAMP'
  readonly value: StringLiteral
}

/** INTERVAL [-]'1:30' MINUTE TO SECOND. The text is not checked here. */
export interface IntervalLiteral extends NodeBase {
  readonly kind: 'interval'
  /** A minus sign before the string (one inside it stays in the text). */
  readonly negative: boolean
  readonly value: StringLiteral
  readonly qualifier: IntervalQualifier
}

// ---- names

/** `a`, `t.a`, `db.t.a`, `t.row.field`: which part is the table is for the binder to find out. */
export interface ColumnReference extends NodeBase {
  readonly kind: 'column'
  readonly path: readonly Identifier[]
}

/** `*` or `t.*` (`t.row.*`); stands in a select list and in COUNT(*). */
export interface Star extends NodeBase {
  readonly kind: 'star'
  readonly qualifier: readonly Identifier[]
}

/** CURRENT_TIMESTAMP and its like, which are called without parentheses. */
export interface NiladicCall extends NodeBase {
  readonly kind: 'niladic'
  readonly name: NiladicName
  /** CURRENT_TIMESTAMP(3). */
  readonly precision?: number
}

export type NiladicName =
  | 'CURRENT_DATE'
  | 'CURRENT_TIME'
  | 'CURRENT_TIMESTAMP'
  | 'LOCALTIME'
  | 'LOCALTIMESTAMP'
  | 'CURRENT_USER'
  | 'SESSION_USER'
  | 'SYSTEM_USER'
  | 'USER'
  | 'CURRENT_ROLE'
  | 'CURRENT_PATH'
  | 'CURRENT_CATALOG'
  | 'CURRENT_SCHEMA'

// ---- operators and predicates

export interface UnaryExpression extends NodeBase {
  readonly kind: 'unary'
  readonly operator: '+' | '-' | 'NOT'
  readonly operand: Expression
}

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>='
export type BinaryOperator = ComparisonOperator | 'OR' | 'AND' | '+' | '-' | '*' | '/' | '%' | '||' | 'OVERLAPS'

/** Left-associative; `!=` is `<>`. */
export interface BinaryExpression extends NodeBase {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
}

export interface BetweenPredicate extends NodeBase {
  readonly kind: 'between'
  readonly operand: Expression
  readonly low: Expression
  readonly high: Expression
  readonly negated: boolean
  readonly symmetric: boolean
}

export interface InListPredicate extends NodeBase {
  readonly kind: 'in-list'
  readonly operand: Expression
  /** Never empty. */
  readonly items: readonly Expression[]
  readonly negated: boolean
}

export interface InSubqueryPredicate extends NodeBase {
  readonly kind: 'in-subquery'
  readonly operand: Expression
  readonly query: Query
  readonly negated: boolean
}

/** `x > ALL (SELECT …)`, `x = ANY (1, 2)`; SOME is ANY. */
export interface QuantifiedComparison extends NodeBase {
  readonly kind: 'quantified'
  readonly operator: ComparisonOperator
  readonly quantifier: 'ALL' | 'ANY'
  readonly operand: Expression
  readonly target: Query | ExpressionList
}

export interface ExpressionList extends NodeBase {
  readonly kind: 'expression-list'
  readonly items: readonly Expression[]
}

export interface LikePredicate extends NodeBase {
  readonly kind: 'like'
  readonly operator: 'LIKE' | 'ILIKE' | 'RLIKE' | 'SIMILAR TO'
  readonly operand: Expression
  readonly pattern: Expression
  readonly escape?: Expression
  readonly negated: boolean
}

export interface IsPredicate extends NodeBase {
  readonly kind: 'is'
  readonly operand: Expression
  readonly test: 'NULL' | 'TRUE' | 'FALSE' | 'UNKNOWN'
  readonly negated: boolean
}

export interface IsDistinctPredicate extends NodeBase {
  readonly kind: 'is-distinct'
  readonly left: Expression
  readonly right: Expression
  /** IS NOT DISTINCT FROM. */
  readonly negated: boolean
}

export interface IsJsonPredicate extends NodeBase {
  readonly kind: 'is-json'
  readonly operand: Expression
  /** Plain IS JSON is VALUE. */
  readonly type: 'VALUE' | 'OBJECT' | 'ARRAY' | 'SCALAR'
  readonly negated: boolean
}

export interface ExistsPredicate extends NodeBase {
  readonly kind: 'exists'
  readonly query: Query
}

export interface CaseExpression extends NodeBase {
  readonly kind: 'case'
  /** Present in the simple form, `CASE x WHEN 1, 2 THEN …`. */
  readonly operand?: Expression
  readonly branches: readonly CaseBranch[]
  readonly otherwise?: Expression
}

export interface CaseBranch extends NodeBase {
  readonly kind: 'case-branch'
  /** One condition in the searched form; one or more values in the simple form. */
  readonly conditions: readonly Expression[]
  readonly result: Expression
}

export interface CastExpression extends NodeBase {
  readonly kind: 'cast'
  readonly operand: Expression
  readonly type: TypeNode
  /** TRY_CAST: NULL instead of an error. */
  readonly safe: boolean
}

// ---- calls with a syntax of their own

export interface ExtractExpression extends NodeBase {
  readonly kind: 'extract'
  readonly unit: TimeUnit
  readonly operand: Expression
}

/** (a - b) DAY, of two datetimes. */
export interface DatetimeDifference extends NodeBase {
  readonly kind: 'datetime-difference'
  readonly left: Expression
  readonly right: Expression
  readonly qualifier: IntervalQualifier
}

/** FLOOR(ts TO HOUR), CEIL(ts TO DAY). FLOOR(x) of a number is a plain call. */
export interface RoundToExpression extends NodeBase {
  readonly kind: 'round-to'
  readonly direction: 'FLOOR' | 'CEIL'
  readonly operand: Expression
  readonly unit: TimeUnit
}

/** POSITION(needle IN haystack [FROM start]). */
export interface PositionExpression extends NodeBase {
  readonly kind: 'position'
  readonly needle: Expression
  readonly haystack: Expression
  readonly start?: Expression
}

/** TRIM(s) is TRIM(BOTH FROM s). */
export interface TrimExpression extends NodeBase {
  readonly kind: 'trim'
  readonly side: 'BOTH' | 'LEADING' | 'TRAILING'
  readonly characters?: Expression
  readonly operand: Expression
}

/** SUBSTRING(s FROM 2 FOR 3) and SUBSTRING(s, 2, 3). SUBSTR is a plain call. */
export interface SubstringExpression extends NodeBase {
  readonly kind: 'substring'
  readonly operand: Expression
  readonly start: Expression
  readonly length?: Expression
}

/** OVERLAY(s PLACING x FROM 1 [FOR 2]). */
export interface OverlayExpression extends NodeBase {
  readonly kind: 'overlay'
  readonly operand: Expression
  readonly replacement: Expression
  readonly start: Expression
  readonly length?: Expression
}

export interface JsonExistsExpression extends NodeBase {
  readonly kind: 'json-exists'
  readonly input: Expression
  readonly path: Expression
  readonly onError?: 'TRUE' | 'FALSE' | 'UNKNOWN' | 'ERROR'
}

export interface JsonValueExpression extends NodeBase {
  readonly kind: 'json-value'
  readonly input: Expression
  readonly path: Expression
  readonly returning?: TypeNode
  readonly onEmpty?: JsonValueBehavior
  readonly onError?: JsonValueBehavior
}

export interface JsonValueBehavior extends NodeBase {
  readonly kind: 'json-behavior'
  readonly action: 'NULL' | 'ERROR' | 'DEFAULT'
  /** Present with DEFAULT. */
  readonly value?: Expression
}

export interface JsonQueryExpression extends NodeBase {
  readonly kind: 'json-query'
  readonly input: Expression
  readonly path: Expression
  readonly returning?: TypeNode
  readonly wrapper?: 'WITHOUT' | 'CONDITIONAL' | 'UNCONDITIONAL'
  readonly onEmpty?: JsonQueryBehavior
  readonly onError?: JsonQueryBehavior
}

export type JsonQueryBehavior = 'NULL' | 'ERROR' | 'EMPTY ARRAY' | 'EMPTY OBJECT'

export interface JsonEntry extends NodeBase {
  readonly kind: 'json-entry'
  readonly key: Expression
  readonly value: Expression
  /** FORMAT JSON: the value is JSON text already. */
  readonly formatJson: boolean
}

export interface JsonItem extends NodeBase {
  readonly kind: 'json-item'
  readonly value: Expression
  readonly formatJson: boolean
}

export type JsonNullBehavior = 'NULL' | 'ABSENT'

export interface JsonObjectExpression extends NodeBase {
  readonly kind: 'json-object'
  readonly entries: readonly JsonEntry[]
  /** Default: NULL. */
  readonly onNull?: JsonNullBehavior
}

export interface JsonArrayExpression extends NodeBase {
  readonly kind: 'json-array'
  readonly items: readonly JsonItem[]
  /** Default: ABSENT. */
  readonly onNull?: JsonNullBehavior
}

export interface JsonObjectAggExpression extends NodeBase {
  readonly kind: 'json-objectagg'
  readonly entry: JsonEntry
  readonly onNull?: JsonNullBehavior
  readonly filter?: Expression
}

export interface JsonArrayAggExpression extends NodeBase {
  readonly kind: 'json-arrayagg'
  readonly item: JsonItem
  readonly orderBy: readonly OrderItem[]
  readonly onNull?: JsonNullBehavior
  readonly filter?: Expression
}

// ---- calls

/** `f(…)`, aggregates and window functions too. */
export interface CallExpression extends NodeBase {
  readonly kind: 'call'
  readonly name: ObjectName
  readonly quantifier?: 'ALL' | 'DISTINCT'
  readonly arguments: readonly CallArgument[]
  /** ORDER BY inside the parentheses: ARRAY_AGG(z ORDER BY w). */
  readonly orderBy: readonly OrderItem[]
  readonly withinGroup: readonly OrderItem[]
  readonly filter?: Expression
  readonly nulls?: 'IGNORE' | 'RESPECT'
  readonly over?: WindowSpec | WindowName
  /** RUNNING or FINAL before a call in MATCH_RECOGNIZE. */
  readonly semantics?: 'RUNNING' | 'FINAL'
}

export type CallArgument = PositionalArgument | NamedArgument
export type PositionalArgument =
  | Expression
  | TableArgument
  | ModelArgument
  | Descriptor
  | TimeUnitArgument
  | DefaultArgument

/** `SIZE => INTERVAL '10' MINUTES`. */
export interface NamedArgument extends NodeBase {
  readonly kind: 'named-argument'
  readonly name: Identifier
  readonly value: PositionalArgument
}

/** `TABLE t PARTITION BY k ORDER BY ts`, or a query in parentheses in its place. */
export interface TableArgument extends NodeBase {
  readonly kind: 'table-argument'
  readonly source: ObjectName | Query
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly OrderItem[]
}

/** `MODEL m` in ML_PREDICT. */
export interface ModelArgument extends NodeBase {
  readonly kind: 'model-argument'
  readonly name: ObjectName
}

/** `DESCRIPTOR(ts)`. */
export interface Descriptor extends NodeBase {
  readonly kind: 'descriptor'
  readonly columns: readonly Identifier[]
}

/** First argument of TIMESTAMPADD and TIMESTAMPDIFF; SQL_TSI_ prefixes are dropped. */
export interface TimeUnitArgument extends NodeBase {
  readonly kind: 'time-unit'
  readonly unit: TimeUnit
}

/** DEFAULT in place of an optional argument. */
export interface DefaultArgument extends NodeBase {
  readonly kind: 'default'
}

/** `OVER w`. */
export interface WindowName extends NodeBase {
  readonly kind: 'window-name'
  readonly name: Identifier
}

/** `(w PARTITION BY … ORDER BY … ROWS BETWEEN … AND …)`. */
export interface WindowSpec extends NodeBase {
  readonly kind: 'window-spec'
  /** Name of the window that this one refines. */
  readonly base?: Identifier
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly OrderItem[]
  readonly frame?: WindowFrame
}

export interface WindowFrame extends NodeBase {
  readonly kind: 'window-frame'
  readonly unit: 'ROWS' | 'RANGE'
  readonly start: FrameBound
  /** Missing without BETWEEN, when CURRENT ROW is meant. */
  readonly end?: FrameBound
}

export interface FrameBound extends NodeBase {
  readonly kind: 'frame-bound'
  readonly bound: 'UNBOUNDED PRECEDING' | 'PRECEDING' | 'CURRENT ROW' | 'FOLLOWING' | 'UNBOUNDED FOLLOWING'
  /** Present with plain PRECEDING and FOLLOWING. */
  readonly offset?: Expression
}

// ---- values of several parts

/** ROW(1, 'x'), ROW(a AS x), or (1, 'x'). */
export interface RowConstructor extends NodeBase {
  readonly kind: 'row'
  readonly fields: readonly RowField[]
  /** Written with the word ROW; without it there are at least two fields. */
  readonly explicit: boolean
}

export interface RowField extends NodeBase {
  readonly kind: 'row-field'
  readonly value: Expression
  readonly name?: Identifier
}

/** ARRAY[…]. */
export interface ArrayConstructor extends NodeBase {
  readonly kind: 'array'
  readonly items: readonly Expression[]
}

/** MULTISET[…]. */
export interface MultisetConstructor extends NodeBase {
  readonly kind: 'multiset'
  readonly items: readonly Expression[]
}

/** MAP['k', v, …]. */
export interface MapConstructor extends NodeBase {
  readonly kind: 'map'
  readonly entries: readonly MapEntry[]
}

export interface MapEntry extends NodeBase {
  readonly kind: 'map-entry'
  readonly key: Expression
  readonly value: Expression
}

/** `a[i]`: array element (from 1), map value, variant member. */
export interface ElementAccess extends NodeBase {
  readonly kind: 'element'
  readonly operand: Expression
  readonly index: Expression
}

/** `.field` on something that is not a plain name: `a[1].x`, `f(y).x`, `(r).x`. */
export interface FieldAccess extends NodeBase {
  readonly kind: 'field'
  readonly operand: Expression
  readonly field: Identifier
}

export interface SubqueryExpression extends NodeBase {
  readonly kind: 'subquery'
  readonly query: Query
}

export type Expression =
  | NumberLiteral
  | StringLiteral
  | BinaryLiteral
  | BooleanLiteral
  | NullLiteral
  | UnknownLiteral
  | DatetimeLiteral
  | IntervalLiteral
  | ColumnReference
  | Star
  | NiladicCall
  | UnaryExpression
  | BinaryExpression
  | BetweenPredicate
  | InListPredicate
  | InSubqueryPredicate
  | QuantifiedComparison
  | LikePredicate
  | IsPredicate
  | IsDistinctPredicate
  | IsJsonPredicate
  | ExistsPredicate
  | CaseExpression
  | CastExpression
  | ExtractExpression
  | DatetimeDifference
  | RoundToExpression
  | PositionExpression
  | TrimExpression
  | SubstringExpression
  | OverlayExpression
  | JsonExistsExpression
  | JsonValueExpression
  | JsonQueryExpression
  | JsonObjectExpression
  | JsonArrayExpression
  | JsonObjectAggExpression
  | JsonArrayAggExpression
  | CallExpression
  | RowConstructor
  | ArrayConstructor
  | MultisetConstructor
  | MapConstructor
  | ElementAccess
  | FieldAccess
  | SubqueryExpression
