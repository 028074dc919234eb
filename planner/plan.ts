/**
 * The planner's entry: statements → operator graphs. Everything that is wrong with a statement is thrown from here as
 * a MillraceError with its position, before anything runs.
 */
import type { PlannerContext } from '../catalog/reader.ts'
import { MillraceError } from '../core/errors.ts'
import type { Schema } from '../core/types.ts'
import type { Insert, Query, Statement, StatementSet } from '../parser/ast.ts'
import { type BinderContext, createBinderContext, unsupported } from './bind/binder-context.ts'
import { bindInsert } from './bind/insert.ts'
import { renameFields, uniqueNames } from './bind/names.ts'
import { bindQuery } from './bind/query.ts'
import { explainPlan, type Plan } from './explain/explain.ts'
import { createCollect } from './logical/collect.ts'
import type { LogicalNode } from './logical/node.ts'
import { optimize } from './optimize.ts'
import { buildGraph } from './physical/build.ts'
import { inferChangelogs } from './physical/changelog.ts'
import type { OperatorGraph } from './physical/graph.ts'
import { assignMiniBatches } from './physical/mini-batch.ts'
import type { Draft } from './physical/draft.ts'
import { type Concern, findNonDeterminism } from './physical/determinism.ts'
import { describe } from './physical/describe.ts'
import { Translator } from './physical/translate.ts'
import { createRuleContext } from './rules/rule-context.ts'

export { qualifyQuery } from './bind/qualify.ts'

/** What becomes a job. */
export type PlannableStatement = Insert | StatementSet | Query

/**
 * Plans one INSERT, a statement set (one graph with shared sources) or a query (whose root is `collect`).
 *
 * @param sql the text that the statement was parsed from
 */
export function planStatement(statement: PlannableStatement, sql: string, context: PlannerContext): OperatorGraph {
  return planLogical(bindStatement(statement, sql, context), context).graph
}

/**
 * The text of EXPLAIN.
 *
 * @param statement EXPLAIN itself, or what it would explain
 */
export function explainStatement(statement: Statement, sql: string, context: PlannerContext): string {
  const target = statement.kind === 'explain' ? statement.statement : statement
  const details = statement.kind === 'explain' ? statement.details : []
  switch (target.kind) {
    case 'insert':
    case 'statement-set':
    case 'query': {
      const roots = bindStatement(target, sql, context)
      return explainPlan(roots, planLogical(roots, context), details, context)
    }
    case 'create-table':
      if (target.query !== undefined) {
        return explainStatement({ kind: 'explain', details, statement: target.query, span: target.span }, sql, context)
      }
      throw unsupported({ sql }, target.span, 'EXPLAIN of CREATE TABLE without a query')
    default:
      throw unsupported({ sql }, target.span, `EXPLAIN ${target.kind.toUpperCase().replaceAll('-', ' ')}`)
  }
}

/** Names and types only: for `millrace check`. */
export function checkStatement(statement: Statement, sql: string, context: PlannerContext): void {
  const plannable = explained(statement)
  switch (plannable.kind) {
    case 'insert':
    case 'statement-set':
    case 'query':
      planStatement(plannable, sql, context)
      return
    case 'create-view':
    case 'create-table':
      if (plannable.query !== undefined) outputSchema(plannable.query, sql, context)
      return
    case 'update':
    case 'delete':
      throw unsupported({ sql }, plannable.span, plannable.kind.toUpperCase())
    default:
  }
}

/** What EXPLAIN and COMPILE PLAN are about. */
function explained(statement: Statement): Statement {
  switch (statement.kind) {
    case 'explain':
    case 'compile-plan':
    case 'compile-and-execute-plan':
      return statement.statement
    default:
      return statement
  }
}

/** Columns of a query, for views, DESCRIBE and CREATE TABLE AS. Names are made unique. */
export function outputSchema(query: Query, sql: string, context: PlannerContext): Schema {
  return withUniqueNames(bindQuery(createBinderContext(sql, context, bindQuery), query)).schema
}

/** The logical plans of a statement, one for each sink, before any rewrite. */
function bindStatement(statement: PlannableStatement, sql: string, context: PlannerContext): readonly LogicalNode[] {
  const binder = createBinderContext(sql, context, bindQuery)
  switch (statement.kind) {
    case 'insert':
      return [bindInsert(binder, statement)]
    case 'statement-set':
      return statement.inserts.map((insert) => bindInsert(binder, insert))
    default:
      return [bindCollect(binder, statement)]
  }
}

function bindCollect(binder: BinderContext, query: Query): LogicalNode {
  return createCollect(withUniqueNames(bindQuery(binder, query)))
}

function withUniqueNames(plan: LogicalNode): LogicalNode {
  return renameFields(plan, uniqueNames(plan.schema.fields))
}

/** Optimized, with changelog modes and ids. */
function planLogical(roots: readonly LogicalNode[], context: PlannerContext): Plan {
  const rules = createRuleContext(context)
  const translator = new Translator(rules)
  const drafts = optimize(roots, rules).map((root) => translator.translate(root))
  assignMiniBatches(drafts, rules)
  const changelogs = inferChangelogs(drafts, rules)
  const concerns = findNonDeterminism(changelogs, rules)
  requireDeterminism(concerns, drafts, context)
  const warnings = concerns.map(({ draft, text }) => ({
    nodes: [changelogs.order.indexOf(draft)],
    text: `[WARNING] ${text}`,
  }))
  return { graph: buildGraph(drafts, changelogs), warnings }
}

/** @throws MillraceError UNSUPPORTED_CHANGELOG with `table.optimizer.non-deterministic-update.strategy` = TRY_RESOLVE */
function requireDeterminism(concerns: readonly Concern[], roots: readonly Draft[], context: PlannerContext): void {
  const [concern] = concerns
  const strategy = context.configuration.get('table.optimizer.non-deterministic-update.strategy')?.toUpperCase()
  if (concern === undefined || strategy !== 'TRY_RESOLVE') return
  throw new MillraceError('UNSUPPORTED_CHANGELOG', concern.text, {
    position: concern.draft.position ?? roots.find((root) => root.position !== undefined)?.position,
    detail: `It is about ${describe(concern.draft)}.`,
    hint: "RESET 'table.optimizer.non-deterministic-update.strategy' runs it all the same.",
  })
}
