/**
 * Name resolution. Column names are case-sensitive, as in Flink; a qualifier may be an alias, a table name or a path
 * that ends in it, and what follows the column reaches into ROW values.
 */
import type { Field, SqlType } from '../../core/types.ts'
import { withNullability } from '../../core/types.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { Identifier, Span } from '../../parser/ast.ts'
import type { Expression, InputRef } from '../expression.ts'
import { mapInputs } from '../expression-rewrite.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { OUTER_BASE } from './outer-column.ts'

/** One item of FROM. */
export interface Relation {
  /** The alias, or catalog, database and name of a table without one; empty: it cannot be named. */
  readonly names: readonly string[]
  /** Position of its first column among all columns of the scope. */
  readonly offset: number
  readonly fields: readonly Field[]
  /** Its columns are only found with its name before them. */
  readonly qualifiedOnly?: boolean
}

/** A column that USING or NATURAL has made out of several: without a qualifier it is the one meant. */
export interface CommonColumn {
  readonly name: string
  readonly expression: Expression
  /** Positions of those that it was made of. */
  readonly columns: readonly number[]
}

export interface Scope {
  readonly relations: readonly Relation[]
  readonly common?: readonly CommonColumn[]
  /** The scope around a subquery. */
  readonly outer?: Scope
  /** Whether columns of `outer` may be used: in WHERE. */
  readonly correlates?: boolean
}

export const EMPTY_SCOPE: Scope = { relations: [] }

export function scopeOf(names: readonly string[], fields: readonly Field[]): Scope {
  return { relations: [{ names, offset: 0, fields }] }
}

export function scopeFields(scope: Scope): readonly Field[] {
  return scope.relations.flatMap((relation) => relation.fields)
}

/** The columns of a name that stands alone. */
export function findUnqualified(scope: Scope, name: string): readonly CommonColumn[] {
  const common = (scope.common ?? []).filter((column) => column.name === name)
  return [...common, ...plainColumns(scope).filter((column) => column.name === name)]
}

/** What `*` stands for: first what USING has merged, then the columns of the relations that are no part of that. */
export function allColumns(scope: Scope): readonly CommonColumn[] {
  return [...(scope.common ?? []), ...plainColumns(scope)]
}

function plainColumns(scope: Scope): readonly CommonColumn[] {
  const merged = new Set((scope.common ?? []).flatMap(({ columns }) => columns))
  const plain = scope.relations.filter((relation) => relation.qualifiedOnly !== true)
  return plain.flatMap(({ offset, fields }) =>
    fields.flatMap(({ name, type }, column): CommonColumn[] => {
      const index = offset + column
      return merged.has(index) ? [] : [{ name, expression: { kind: 'input', index, type }, columns: [index] }]
    }),
  )
}

interface ColumnMatch {
  readonly reference: Expression
  /** The item of FROM that it is a column of, where that is one. */
  readonly relation: Relation | undefined
  /** How many identifiers named table and column. */
  readonly used: number
}

/** @throws MillraceError UNKNOWN_COLUMN, AMBIGUOUS_COLUMN */
export function resolveColumn(
  context: BinderContext,
  scope: Scope,
  path: readonly Identifier[],
  span: Span,
): Expression {
  const matches = findColumns(scope, path)
  if (matches.length > 1) throw ambiguous(context, scope, path, span, matches)
  const [match] = matches
  if (match === undefined && scope.correlates === true && scope.outer !== undefined) {
    const found = findColumns(scope.outer, path)
    if (found.length > 0) return mapInputs(resolveColumn(context, scope.outer, path, span), toOuter)
  }
  if (match === undefined) throw unknownColumn(context, scope, path, span)
  const { reference, used } = match
  return path.slice(used).reduce<Expression>((input, name) => accessField(context, input, name), reference)
}

function toOuter(input: InputRef): InputRef {
  return { ...input, index: input.index + OUTER_BASE }
}

/** Qualified by the longest table name first, as Calcite does; only then as a column with fields behind it. */
function findColumns(scope: Scope, path: readonly Identifier[]): readonly ColumnMatch[] {
  const names = path.map((part) => part.name)
  for (let qualifier = Math.min(names.length - 1, 3); qualifier >= 0; qualifier--) {
    const relations = scope.relations.filter((relation) => isNamed(relation, names.slice(0, qualifier)))
    const column = names[qualifier] ?? ''
    const used = qualifier + 1
    const matches =
      qualifier === 0
        ? findUnqualified(scope, column).map(({ expression, columns }) => ({
            reference: expression,
            relation: ownerOf(scope, columns),
            used,
          }))
        : relations.flatMap((relation) =>
            relation.fields.flatMap(({ name, type }, index): ColumnMatch[] =>
              name === column
                ? [{ reference: { kind: 'input', index: relation.offset + index, type }, relation, used }]
                : [],
            ),
          )
    if (matches.length > 0) return matches
  }
  return []
}

function ownerOf(scope: Scope, [first, second]: readonly number[]): Relation | undefined {
  if (first === undefined || second !== undefined) return undefined
  return scope.relations.find(({ offset, fields }) => first >= offset && first < offset + fields.length)
}

export function isNamed(relation: Relation, qualifier: readonly string[]): boolean {
  if (qualifier.length === 0) return true
  const start = relation.names.length - qualifier.length
  return start >= 0 && qualifier.every((name, index) => relation.names[start + index] === name)
}

export function accessField(context: BinderContext, input: Expression, name: Identifier): Expression {
  const { type } = input
  if (type.kind !== 'ROW') {
    throw errorAt(
      context,
      name.span,
      'UNKNOWN_COLUMN',
      `there is no field "${name.name}" in a value of type ${type.kind}`,
      {
        detail: 'Only ROW values have fields.',
      },
    )
  }
  const index = type.fields.findIndex((field) => field.name === name.name)
  const field = type.fields[index]
  if (field === undefined) {
    const names = type.fields.map((candidate) => candidate.name)
    throw errorAt(context, name.span, 'UNKNOWN_COLUMN', `the row has no field "${name.name}"`, {
      hint: didYouMean(name.name, names) ?? `Its fields are: ${names.join(', ')}.`,
    })
  }
  return { kind: 'field', input, index, type: fieldType(type, field.type) }
}

function fieldType(row: SqlType, field: SqlType): SqlType {
  return withNullability(field, field.nullable || row.nullable)
}

function ambiguous(
  context: BinderContext,
  scope: Scope,
  path: readonly Identifier[],
  span: Span,
  matches: readonly ColumnMatch[],
): Error {
  const name = path.map((part) => part.name).join('.')
  const owners = matches.map((match) => match.relation?.names.at(-1)).filter((owner) => owner !== undefined)
  const distinct = new Set(owners).size === matches.length
  return errorAt(context, span, 'AMBIGUOUS_COLUMN', `column "${name}" is ambiguous`, {
    detail: distinct ? `It is a column of ${owners.map((owner) => `"${owner}"`).join(' and ')}.` : undefined,
    hint: 'Qualify it with the table, or give the columns different names with AS.',
  })
}

function isKnownFurtherOut({ outer }: Scope, path: readonly Identifier[]): boolean {
  return outer !== undefined && (findColumns(outer, path).length > 0 || isKnownFurtherOut(outer, path))
}

function unknownColumn(context: BinderContext, scope: Scope, path: readonly Identifier[], span: Span): Error {
  const name = path.map((part) => part.name).join('.')
  if (isKnownFurtherOut(scope, path)) {
    return errorAt(context, span, 'UNSUPPORTED_FEATURE', `column "${name}" of the outer query cannot be used here`, {
      hint: 'A subquery can use columns of the query that it is part of, in WHERE, and of none further out.',
    })
  }
  const last = path.at(-1)?.name ?? ''
  const qualified = path.length > 1
  const owner = qualified && scope.relations.find((relation) => isNamed(relation, [path[path.length - 2]?.name ?? '']))
  const fields = owner ? owner.fields : scopeFields(scope)
  const names = [...new Set(fields.map((field) => field.name))]
  if (qualified && !owner) {
    const tables = scope.relations.flatMap((relation) => relation.names.slice(-1))
    const hint = didYouMean(path[0]?.name ?? '', [...tables, ...names])
    return errorAt(context, span, 'UNKNOWN_COLUMN', `column "${name}" does not exist`, {
      hint: hint ?? (tables.length > 0 ? `In scope: ${tables.join(', ')}.` : undefined),
    })
  }
  const sameButCase = names.find((candidate) => candidate.toLowerCase() === last.toLowerCase())
  return errorAt(context, span, 'UNKNOWN_COLUMN', `column "${name}" does not exist`, {
    detail: sameButCase === undefined ? undefined : 'Names of columns are case-sensitive.',
    hint: didYouMean(last, names) ?? (names.length > 0 ? `Columns: ${listed(names)}.` : undefined),
  })
}

function listed(names: readonly string[]): string {
  return names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')
}
