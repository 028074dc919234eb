/** Functions by name: temporary system functions first, then built-in ones, then those of the catalog, as in Flink. */
import type { FunctionSpec } from '../catalog/function.ts'
import type { FunctionReader } from '../catalog/reader.ts'
import type { CatalogFunction } from '../catalog/state.ts'
import { functionSpecOf } from './user-functions.ts'

interface FunctionCatalog {
  findSystemFunction(name: string): CatalogFunction | undefined
  findFunction(path: readonly string[]): CatalogFunction | undefined
  functions(): readonly CatalogFunction[]
}

export class FunctionRegistry implements FunctionReader {
  readonly #byName = new Map<string, FunctionSpec>()
  readonly #catalog: FunctionCatalog

  constructor(functions: readonly FunctionSpec[], catalog: FunctionCatalog) {
    this.#catalog = catalog
    for (const definition of functions) {
      for (const name of [definition.name, ...(definition.aliases ?? [])])
        this.#byName.set(name.toUpperCase(), definition)
    }
  }

  find(name: string): FunctionSpec | undefined {
    const system = this.#catalog.findSystemFunction(name)
    return system === undefined ? (this.findBuiltIn(name) ?? this.#findOwn(name)) : functionSpecOf(system)
  }

  findBuiltIn(name: string): FunctionSpec | undefined {
    return this.#byName.get(name.toUpperCase())
  }

  #findOwn(name: string): FunctionSpec | undefined {
    const path = name.split('.')
    if (path.length > 3 || !path.every((part) => /^\w+$/.test(part))) return undefined
    const found = this.#catalog.findFunction(path)
    return found === undefined ? undefined : functionSpecOf(found)
  }

  /** Callable names, operators left out, sorted. */
  names(): readonly string[] {
    return [...this.builtInNames(), ...this.#catalog.functions().map((item) => item.path.name)].sort()
  }

  builtInNames(): readonly string[] {
    return [...this.#byName.keys()].filter((name) => /^[A-Z_][A-Z_0-9]*$/.test(name)).sort()
  }
}
