/** What every part of the binder is handed: the text for positions, the catalog, and how errors are raised. */
import type { PlannerContext } from '../../catalog/reader.ts'
import type { ErrorCode } from '../../core/error-codes.ts'
import { type ErrorOptions, MillraceError, type SourcePosition } from '../../core/errors.ts'
import { positionOf, type Query, type Span } from '../../parser/ast.ts'
import type { LogicalNode } from '../logical/node.ts'
import type { LookupHint } from '../logical/temporal-join.ts'
import type { Scope } from './scope.ts'

/** Tables of WITH by name: bound once, where they are defined. */
type CommonTables = ReadonlyMap<string, LogicalNode>

export interface BinderContext {
  /** The text that the spans point into. */
  readonly sql: string
  readonly planner: PlannerContext
  readonly commonTables: CommonTables
  /** STATE_TTL hints of the SELECT that is being bound: milliseconds by table. */
  readonly stateTtl: ReadonlyMap<string, number>
  /** LOOKUP hints of the SELECT that is being bound, by table. */
  readonly lookupHints: ReadonlyMap<string, LookupHint>
  /** Views being expanded, to find a view that reads itself. */
  readonly views: readonly string[]
  /** Inside of a view: where the statement names it. */
  readonly viewPosition?: SourcePosition
  /** The scope around a subquery. */
  readonly outer?: Scope
  /** Subqueries in FROM are reached through here, so that no file of the binder needs all others. */
  readonly bindQuery: QueryBinder
}

export type QueryBinder = (context: BinderContext, query: Query) => LogicalNode

export function createBinderContext(sql: string, planner: PlannerContext, bindQuery?: QueryBinder): BinderContext {
  const refuse: QueryBinder = (context, query) => {
    throw unsupported(context, query.span, 'a subquery here')
  }
  return {
    sql,
    planner,
    commonTables: new Map(),
    stateTtl: new Map(),
    lookupHints: new Map(),
    views: [],
    bindQuery: bindQuery ?? refuse,
  }
}

/** A user error at a node of the statement. */
export function errorAt(
  context: { readonly sql: string },
  span: Span,
  code: ErrorCode,
  message: string,
  options: Omit<ErrorOptions, 'position'> = {},
): MillraceError {
  return new MillraceError(code, message, { ...options, position: positionOf(context.sql, span) })
}

/** Where the statement is to blame for what is wrong at the span: inside of a view that is the view's name. */
export function statementPosition(context: BinderContext, span: Span): SourcePosition {
  return context.viewPosition ?? positionOf(context.sql, span)
}

/** What is parsed and has no plan: named as the user knows it. */
export function unsupported(
  context: { readonly sql: string },
  span: Span,
  feature: string,
  hint?: string,
): MillraceError {
  return errorAt(context, span, 'UNSUPPORTED_FEATURE', `${feature} is not supported yet`, { hint })
}

/** Runs a step and gives an error without position that of the span: for functions that know no SQL text. */
export function withPosition<T>(context: { readonly sql: string }, span: Span, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (error instanceof MillraceError && error.position === undefined) {
      error.position = positionOf(context.sql, span)
    }
    throw error
  }
}
