/**
 * Queries with every table and every function of the catalog under its full name: what a view stores, so that USE does
 * not change its meaning.
 */
import type { PlannerContext } from '../../catalog/reader.ts'
import type { ObjectPath } from '../../catalog/table.ts'
import type { CommonTable, Identifier, ObjectName, Query } from '../../parser/ast.ts'

type Names = ReadonlySet<string>

/** Tables of WITH keep their names. A table that does not exist keeps the name it has. */
export function qualifyQuery(query: Query, planner: PlannerContext): Query {
  return rewriteQuery(query, new Set(), planner)
}

function rewriteQuery(query: Query, common: Names, planner: PlannerContext): Query {
  const known = new Set(common)
  const tables = query.with.map((table): CommonTable => {
    const rewritten = { ...table, query: rewriteQuery(table.query, known, planner) }
    known.add(table.name.name)
    return rewritten
  })
  const { with: _, ...rest } = query
  return { ...(rewriteParts(rest, known, planner) as Omit<Query, 'with'>), with: tables }
}

/** Every part of a tree, whatever its kind: only names of tables and functions and queries inside are of interest. */
function rewrite(value: unknown, common: Names, planner: PlannerContext): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, common, planner))
  if (typeof value !== 'object' || value === null) return value
  const { kind } = value as { readonly kind?: string }
  if (kind === 'query') return rewriteQuery(value as Query, common, planner)
  if (kind === 'table' || kind === 'table-query') {
    const node = value as { readonly name: ObjectName }
    return { ...(rewriteParts(node, common, planner) as object), name: qualified(node.name, common, planner) }
  }
  if (kind === 'call') {
    const node = value as { readonly name: ObjectName }
    return { ...(rewriteParts(node, common, planner) as object), name: qualifiedFunction(node.name, planner) }
  }
  if (kind === 'table-argument') {
    const node = value as { readonly source: ObjectName | Query }
    if (node.source.kind === 'query') return rewriteParts(node, common, planner)
    return { ...(rewriteParts(node, common, planner) as object), source: qualified(node.source, common, planner) }
  }
  return rewriteParts(value, common, planner)
}

function rewriteParts(value: object, common: Names, planner: PlannerContext): unknown {
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, rewrite(part, common, planner)]))
}

function qualified(name: ObjectName, common: Names, planner: PlannerContext): ObjectName {
  const parts = name.parts.map((part) => part.name)
  if (parts.length === 1 && common.has(parts[0] ?? '')) return name
  const entry = planner.catalog.findTable(parts)
  if (entry === undefined) return name
  return fullName(name, entry.path)
}

/** Built-in functions keep their names. */
function qualifiedFunction(name: ObjectName, planner: PlannerContext): ObjectName {
  const user = planner.functions.find(name.parts.map((part) => part.name).join('.'))?.user
  // A system function has no path.
  return user === undefined || user.path.catalog === '' ? name : fullName(name, user.path)
}

function fullName(name: ObjectName, path: ObjectPath): ObjectName {
  const parts = [path.catalog, path.database, path.name].map(
    (part): Identifier => ({ kind: 'identifier', name: part, quoted: true, span: name.span }),
  )
  return { ...name, parts }
}
