/** What a catalog holds, and the changes that can be made to it, as plain data: the log is a list of changes. */
import { MillraceError, unreachable } from '../core/errors.ts'
import { didYouMean } from '../core/suggest.ts'
import type { CatalogEntry, ObjectPath } from './table.ts'
import { pathToString } from './table.ts'

export interface CatalogFunction {
  readonly path: ObjectPath
  readonly temporary: boolean
  /** Class name, module path or inline body, by language. */
  readonly identifier: string
  readonly language: string
  readonly resources: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

export interface DatabaseState {
  readonly comment: string | undefined
  readonly options: Readonly<Record<string, string>>
  readonly tables: Map<string, CatalogEntry>
  readonly functions: Map<string, CatalogFunction>
}

export interface NamedCatalogState {
  readonly comment: string | undefined
  readonly options: Readonly<Record<string, string>>
  readonly databases: Map<string, DatabaseState>
}

export type CatalogState = Map<string, NamedCatalogState>

type Options = Readonly<Record<string, string>>

export type CatalogChange =
  | {
      readonly kind: 'put-catalog'
      readonly name: string
      readonly options: Options
      readonly comment?: string | undefined
    }
  | { readonly kind: 'drop-catalog'; readonly name: string }
  | {
      readonly kind: 'put-database'
      readonly catalog: string
      readonly name: string
      readonly options: Options
      readonly comment?: string | undefined
    }
  | { readonly kind: 'drop-database'; readonly catalog: string; readonly name: string }
  | { readonly kind: 'put-table'; readonly entry: CatalogEntry }
  | { readonly kind: 'drop-table'; readonly path: ObjectPath }
  | { readonly kind: 'rename-table'; readonly path: ObjectPath; readonly to: string }
  | { readonly kind: 'put-function'; readonly function: CatalogFunction }
  | { readonly kind: 'drop-function'; readonly path: ObjectPath }

/** Carries out a change. Whether it is allowed (exists already, is in use) was checked before. */
export function applyChange(state: CatalogState, change: CatalogChange): void {
  switch (change.kind) {
    case 'put-catalog': {
      const databases = state.get(change.name)?.databases ?? new Map<string, DatabaseState>()
      state.set(change.name, { comment: change.comment, options: change.options, databases })
      return
    }
    case 'drop-catalog':
      state.delete(change.name)
      return
    case 'put-database': {
      const { databases } = requireCatalog(state, change.catalog)
      const old = databases.get(change.name)
      databases.set(change.name, {
        comment: change.comment,
        options: change.options,
        tables: old?.tables ?? new Map<string, CatalogEntry>(),
        functions: old?.functions ?? new Map<string, CatalogFunction>(),
      })
      return
    }
    case 'drop-database':
      requireCatalog(state, change.catalog).databases.delete(change.name)
      return
    case 'put-table':
      requireDatabase(state, change.entry.path).tables.set(change.entry.path.name, change.entry)
      return
    case 'drop-table':
      requireDatabase(state, change.path).tables.delete(change.path.name)
      return
    case 'rename-table': {
      const { tables } = requireDatabase(state, change.path)
      const entry = tables.get(change.path.name)
      if (entry === undefined) throw unknownTable(change.path, [...tables.keys()])
      tables.delete(change.path.name)
      tables.set(change.to, { ...entry, path: { ...change.path, name: change.to } })
      return
    }
    case 'put-function':
      requireDatabase(state, change.function.path).functions.set(change.function.path.name, change.function)
      return
    case 'drop-function':
      requireDatabase(state, change.path).functions.delete(change.path.name)
      return
    default:
      unreachable(change)
  }
}

export function requireCatalog(state: CatalogState, name: string): NamedCatalogState {
  const found = state.get(name)
  if (found !== undefined) return found
  throw new MillraceError('UNKNOWN_CATALOG', `catalog "${name}" does not exist`, {
    hint: didYouMean(name, [...state.keys()]) ?? 'SHOW CATALOGS lists the catalogs.',
  })
}

export function requireDatabase(
  state: CatalogState,
  path: { readonly catalog: string; readonly database: string },
): DatabaseState {
  const { databases } = requireCatalog(state, path.catalog)
  const found = databases.get(path.database)
  if (found !== undefined) return found
  throw new MillraceError('UNKNOWN_DATABASE', `database "${path.catalog}.${path.database}" does not exist`, {
    hint: didYouMean(path.database, [...databases.keys()]) ?? 'SHOW DATABASES lists the databases.',
  })
}

export function unknownTable(path: ObjectPath, known: readonly string[]): MillraceError {
  return new MillraceError('UNKNOWN_TABLE', `table or view "${pathToString(path)}" does not exist`, {
    hint: didYouMean(path.name, known) ?? 'SHOW TABLES lists the tables.',
  })
}
