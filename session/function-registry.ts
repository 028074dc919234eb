/** Built-in functions by name. */
import type { FunctionSpec } from '../catalog/function.ts'
import type { FunctionReader } from '../catalog/reader.ts'

export class FunctionRegistry implements FunctionReader {
  readonly #byName = new Map<string, FunctionSpec>()

  constructor(functions: readonly FunctionSpec[]) {
    for (const definition of functions) {
      for (const name of [definition.name, ...(definition.aliases ?? [])])
        this.#byName.set(name.toUpperCase(), definition)
    }
  }

  find(name: string): FunctionSpec | undefined {
    return this.#byName.get(name.toUpperCase())
  }

  /** Callable names, operators left out, sorted. */
  names(): readonly string[] {
    return [...this.#byName.keys()].filter((name) => /^[A-Z_][A-Z_0-9]*$/.test(name)).sort()
  }
}
