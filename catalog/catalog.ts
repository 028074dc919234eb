/**
 * Catalogs, databases, tables, views and functions of a session. Permanent objects are logged (when there is a data
 * directory), temporary ones belong to the session and hide permanent ones of the same name, as in Flink
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/create/).
 */
import { MillraceError } from '../core/errors.ts'
import { lockDirectory } from '../core/directory-lock.ts'
import { CatalogLog } from './log.ts'
import type { CatalogReader } from './reader.ts'
import {
  applyChange,
  type CatalogChange,
  type CatalogFunction,
  type CatalogState,
  type DatabaseState,
  type NamedCatalogState,
  requireCatalog,
  requireDatabase,
  unknownTable,
} from './state.ts'
import { type CatalogEntry, type ObjectPath, pathToString } from './table.ts'

const DEFAULT_CATALOG = 'default_catalog'
const DEFAULT_DATABASE = 'default_database'

export class Catalog implements CatalogReader {
  readonly #state: CatalogState = new Map()
  readonly #temporaryTables = new Map<string, CatalogEntry>()
  readonly #temporaryFunctions = new Map<string, CatalogFunction>()
  readonly #log: CatalogLog | undefined
  readonly #release: (() => void) | undefined
  #currentCatalog = DEFAULT_CATALOG
  #currentDatabase = DEFAULT_DATABASE

  /**
   * @param directory where the DDL log is kept; undefined: in memory only
   * @throws MillraceError DATA_DIRECTORY_LOCKED, IO_ERROR
   */
  constructor(directory?: string) {
    applyChange(this.#state, { kind: 'put-catalog', name: DEFAULT_CATALOG, options: { type: 'generic_in_memory' } })
    applyChange(this.#state, { kind: 'put-database', catalog: DEFAULT_CATALOG, name: DEFAULT_DATABASE, options: {} })
    if (directory === undefined) return
    this.#release = lockDirectory(directory)
    const { log, changes } = CatalogLog.open(directory)
    this.#log = log
    for (const change of changes) applyChange(this.#state, change)
  }

  get currentCatalog(): string {
    return this.#currentCatalog
  }

  get currentDatabase(): string {
    return this.#currentDatabase
  }

  close(): void {
    this.#log?.close()
    this.#release?.()
  }

  // --- names

  /** One to three names, filled up with the current database and catalog. */
  resolvePath(path: readonly string[]): ObjectPath {
    const [first, second, third] = path
    if (path.length === 1 && first !== undefined) {
      return { catalog: this.#currentCatalog, database: this.#currentDatabase, name: first }
    }
    if (path.length === 2 && first !== undefined && second !== undefined) {
      return { catalog: this.#currentCatalog, database: first, name: second }
    }
    if (path.length === 3 && first !== undefined && second !== undefined && third !== undefined) {
      return { catalog: first, database: second, name: third }
    }
    throw new MillraceError('INVALID_ARGUMENT', `"${path.join('.')}" is not the name of an object`, {
      hint: 'Write [catalog.][database.]name.',
    })
  }

  useCatalog(name: string): void {
    const { databases } = requireCatalog(this.#state, name)
    this.#currentCatalog = name
    this.#currentDatabase =
      databases.has('default') || databases.size === 0 ? 'default' : ([...databases.keys()][0] ?? '')
  }

  useDatabase(catalog: string | undefined, name: string): void {
    const target = catalog ?? this.#currentCatalog
    requireDatabase(this.#state, { catalog: target, database: name })
    this.#currentCatalog = target
    this.#currentDatabase = name
  }

  // --- reading

  catalogNames(): readonly string[] {
    return [...this.#state.keys()].sort()
  }

  catalogInfo(name: string): NamedCatalogState {
    return requireCatalog(this.#state, name)
  }

  databaseNames(catalog = this.#currentCatalog): readonly string[] {
    return [...requireCatalog(this.#state, catalog).databases.keys()].sort()
  }

  databaseInfo(catalog: string, database: string): DatabaseState {
    return requireDatabase(this.#state, { catalog, database })
  }

  /** Tables and views of a database, temporary ones included, by name. */
  entries(catalog = this.#currentCatalog, database = this.#currentDatabase): readonly CatalogEntry[] {
    const found = new Map(requireDatabase(this.#state, { catalog, database }).tables)
    for (const entry of this.#temporaryTables.values()) {
      if (entry.path.catalog === catalog && entry.path.database === database) found.set(entry.path.name, entry)
    }
    return [...found.values()].sort((a, b) => (a.path.name < b.path.name ? -1 : 1))
  }

  tableNames(): readonly string[] {
    const known = this.#state.get(this.#currentCatalog)?.databases.has(this.#currentDatabase) === true
    return known ? this.entries().map((entry) => entry.path.name) : []
  }

  findTable(path: readonly string[]): CatalogEntry | undefined {
    const resolved = this.resolvePath(path)
    const permanent = this.#state.get(resolved.catalog)?.databases.get(resolved.database)?.tables.get(resolved.name)
    return this.#temporaryTables.get(pathToString(resolved)) ?? permanent
  }

  /** @throws MillraceError UNKNOWN_TABLE with the nearest name */
  requireTable(path: readonly string[]): CatalogEntry {
    const found = this.findTable(path)
    if (found !== undefined) return found
    const resolved = this.resolvePath(path)
    requireDatabase(this.#state, resolved)
    throw unknownTable(
      resolved,
      this.entries(resolved.catalog, resolved.database).map((entry) => entry.path.name),
    )
  }

  /** A temporary system function: it belongs to no database, and goes before built-in ones of its name. */
  findSystemFunction(name: string): CatalogFunction | undefined {
    return this.#temporaryFunctions.get(pathToString(systemPath(name)))
  }

  findFunction(path: readonly string[]): CatalogFunction | undefined {
    const system = path.length === 1 ? this.findSystemFunction(path[0] ?? '') : undefined
    if (system !== undefined) return system
    const resolved = this.resolvePath(path)
    const name = resolved.name.toLowerCase()
    const key = pathToString({ ...resolved, name })
    const permanent = this.#state.get(resolved.catalog)?.databases.get(resolved.database)?.functions.get(name)
    return this.#temporaryFunctions.get(key) ?? permanent
  }

  functions(catalog = this.#currentCatalog, database = this.#currentDatabase): readonly CatalogFunction[] {
    const found = new Map(requireDatabase(this.#state, { catalog, database }).functions)
    for (const item of this.#temporaryFunctions.values()) {
      const { path } = item
      if (isSystemPath(path) || (path.catalog === catalog && path.database === database)) found.set(path.name, item)
    }
    return [...found.values()]
  }

  // --- changing

  createCatalog(
    name: string,
    options: Readonly<Record<string, string>>,
    comment: string | undefined,
    ifNotExists: boolean,
  ): void {
    if (this.#state.has(name)) {
      if (ifNotExists) return
      throw new MillraceError('OBJECT_EXISTS', `catalog "${name}" exists already`)
    }
    if (options['type'] !== 'generic_in_memory') {
      throw new MillraceError('UNSUPPORTED_FEATURE', `catalogs of type "${options['type'] ?? ''}" are not supported`, {
        hint: "The catalog type that can be created is 'generic_in_memory'.",
      })
    }
    this.#change({ kind: 'put-catalog', name, options, comment })
    this.#change({ kind: 'put-database', catalog: name, name: 'default', options: {} })
  }

  alterCatalog(name: string, options: Readonly<Record<string, string>>, comment: string | undefined): void {
    requireCatalog(this.#state, name)
    this.#change({ kind: 'put-catalog', name, options, comment })
  }

  dropCatalog(name: string, ifExists: boolean): void {
    if (!this.#state.has(name) && ifExists) return
    requireCatalog(this.#state, name)
    if (name === this.#currentCatalog) {
      throw new MillraceError('OBJECT_IN_USE', `catalog "${name}" is the current catalog`, {
        hint: 'USE CATALOG another one first.',
      })
    }
    this.#change({ kind: 'drop-catalog', name })
  }

  createDatabase(
    path: { readonly catalog: string; readonly database: string },
    options: Readonly<Record<string, string>>,
    comment: string | undefined,
    ifNotExists: boolean,
  ): void {
    if (requireCatalog(this.#state, path.catalog).databases.has(path.database)) {
      if (ifNotExists) return
      throw new MillraceError('OBJECT_EXISTS', `database "${path.catalog}.${path.database}" exists already`)
    }
    this.#change({ kind: 'put-database', catalog: path.catalog, name: path.database, options, comment })
  }

  alterDatabase(
    path: { readonly catalog: string; readonly database: string },
    options: Readonly<Record<string, string>>,
  ): void {
    const old = requireDatabase(this.#state, path)
    const merged = { ...old.options, ...options }
    this.#change({
      kind: 'put-database',
      catalog: path.catalog,
      name: path.database,
      options: merged,
      comment: old.comment,
    })
  }

  dropDatabase(
    path: { readonly catalog: string; readonly database: string },
    ifExists: boolean,
    cascade: boolean,
  ): void {
    const { databases } = requireCatalog(this.#state, path.catalog)
    if (!databases.has(path.database) && ifExists) return
    const database = requireDatabase(this.#state, path)
    if (path.catalog === this.#currentCatalog && path.database === this.#currentDatabase) {
      throw new MillraceError('OBJECT_IN_USE', `database "${path.database}" is the current database`, {
        hint: 'USE another one first.',
      })
    }
    if (!cascade && database.tables.size + database.functions.size > 0) {
      throw new MillraceError('OBJECT_IN_USE', `database "${path.database}" is not empty`, {
        hint: 'DROP DATABASE … CASCADE drops what is in it too.',
      })
    }
    this.#change({ kind: 'drop-database', catalog: path.catalog, name: path.database })
  }

  createTable(entry: CatalogEntry, ifNotExists: boolean): void {
    requireDatabase(this.#state, entry.path)
    const holder = entry.temporary
      ? this.#temporaryTables.get(pathToString(entry.path))
      : requireDatabase(this.#state, entry.path).tables.get(entry.path.name)
    if (holder !== undefined) {
      if (ifNotExists) return
      throw new MillraceError('OBJECT_EXISTS', `${holder.kind} "${pathToString(entry.path)}" exists already`, {
        hint: `Drop it first, or write CREATE ${entry.kind.toUpperCase()} IF NOT EXISTS.`,
      })
    }
    this.replaceTable(entry)
  }

  replaceTable(entry: CatalogEntry): void {
    if (entry.temporary) this.#temporaryTables.set(pathToString(entry.path), entry)
    else this.#change({ kind: 'put-table', entry })
  }

  dropTable(path: ObjectPath, kind: 'table' | 'view', temporary: boolean, ifExists: boolean): void {
    const key = pathToString(path)
    const hiding = this.#temporaryTables.get(key)
    if (!temporary && hiding !== undefined) {
      throw new MillraceError('OBJECT_IN_USE', `a temporary ${hiding.kind} "${key}" hides the permanent one`, {
        hint: `Drop it with DROP TEMPORARY ${hiding.kind.toUpperCase()} first.`,
      })
    }
    const found = temporary
      ? hiding
      : this.#state.get(path.catalog)?.databases.get(path.database)?.tables.get(path.name)
    if (found === undefined || found.kind !== kind) {
      if (ifExists) return
      const known = this.entries(path.catalog, path.database).filter((entry) => entry.kind === kind)
      throw unknownTable(
        path,
        known.map((entry) => entry.path.name),
      )
    }
    if (temporary) this.#temporaryTables.delete(key)
    else this.#change({ kind: 'drop-table', path })
  }

  renameTable(entry: CatalogEntry, to: string): void {
    const target = { ...entry.path, name: to }
    if (this.findTable([target.catalog, target.database, target.name]) !== undefined) {
      throw new MillraceError('OBJECT_EXISTS', `table or view "${pathToString(target)}" exists already`)
    }
    if (entry.temporary) {
      this.#temporaryTables.delete(pathToString(entry.path))
      this.#temporaryTables.set(pathToString(target), { ...entry, path: target })
    } else this.#change({ kind: 'rename-table', path: entry.path, to })
  }

  createFunction(definition: CatalogFunction, ifNotExists: boolean): void {
    const path = { ...definition.path, name: definition.path.name.toLowerCase() }
    const key = pathToString(path)
    const permanent = isSystemPath(path) ? undefined : requireDatabase(this.#state, path).functions.get(path.name)
    if (definition.temporary ? this.#temporaryFunctions.has(key) : permanent !== undefined) {
      if (ifNotExists) return
      throw new MillraceError('OBJECT_EXISTS', `function "${key}" exists already`)
    }
    this.replaceFunction({ ...definition, path })
  }

  replaceFunction(definition: CatalogFunction): void {
    if (definition.temporary) this.#temporaryFunctions.set(pathToString(definition.path), definition)
    else this.#change({ kind: 'put-function', function: definition })
  }

  dropFunction(path: ObjectPath, temporary: boolean, ifExists: boolean): void {
    const lower = { ...path, name: path.name.toLowerCase() }
    const key = pathToString(lower)
    const permanent = this.#state.get(lower.catalog)?.databases.get(lower.database)?.functions.has(lower.name) === true
    if (temporary ? !this.#temporaryFunctions.has(key) : !permanent) {
      if (ifExists) return
      throw new MillraceError('UNKNOWN_FUNCTION', `function "${key}" does not exist`)
    }
    if (temporary) this.#temporaryFunctions.delete(key)
    else this.#change({ kind: 'drop-function', path: lower })
  }

  /** Logged first: what cannot be made durable is not done. */
  #change(change: CatalogChange): void {
    this.#log?.append(change)
    applyChange(this.#state, change)
    this.#log?.compact(() => changesFor(this.#state))
  }
}

/** Where temporary system functions are. */
export function systemPath(name: string): ObjectPath {
  return { catalog: '', database: '', name: name.toLowerCase() }
}

function isSystemPath(path: ObjectPath): boolean {
  return path.catalog === ''
}

function changesFor(state: CatalogState): CatalogChange[] {
  const changes: CatalogChange[] = []
  for (const [name, catalog] of state) {
    changes.push({ kind: 'put-catalog', name, options: catalog.options, comment: catalog.comment })
    for (const [database, content] of catalog.databases) {
      changes.push({
        kind: 'put-database',
        catalog: name,
        name: database,
        options: content.options,
        comment: content.comment,
      })
      for (const entry of content.tables.values()) changes.push({ kind: 'put-table', entry })
      for (const item of content.functions.values()) changes.push({ kind: 'put-function', function: item })
    }
  }
  return changes
}
