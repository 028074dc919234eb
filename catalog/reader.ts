/** What the planner may ask the catalog, the functions and the configuration. */
import type { ConnectorDescriptor, FormatDescriptor } from './connector.ts'
import type { FunctionSpec } from './function.ts'
import type { CatalogEntry } from './table.ts'

export interface CatalogReader {
  readonly currentCatalog: string
  readonly currentDatabase: string
  /** One to three names, resolved against the current catalog and database; temporary objects win. */
  findTable(path: readonly string[]): CatalogEntry | undefined
  /** Names for "did you mean" and completion, as they can be written from here. */
  tableNames(): readonly string[]
}

export interface FunctionReader {
  /** Case-insensitive, aliases included. */
  find(name: string): FunctionSpec | undefined
  names(): readonly string[]
}

export interface ConfigurationReader {
  /** The value as text: set by the user, or the key's default, or undefined. */
  get(key: string): string | undefined
  boolean(key: string): boolean
  int(key: string): number
  /** Milliseconds. */
  duration(key: string): number
}

export interface PlannerContext {
  readonly catalog: CatalogReader
  readonly functions: FunctionReader
  readonly connectors: ReadonlyMap<string, ConnectorDescriptor>
  readonly formats: ReadonlyMap<string, FormatDescriptor>
  readonly configuration: ConfigurationReader
  /**
   * Evaluates an expression without inputs (`Expression` of `planner/expression.ts`, which may not be imported here)
   * for constant folding; the executor supplies it. Undefined: it cannot be evaluated now (it fails, or it depends on
   * the moment).
   */
  evaluateConstant?(expression: object): string | number | boolean | null | undefined
}
