/** Assembles a WebAssembly module. https://webassembly.github.io/spec/core/binary/modules.html */
import {
  type Code,
  flatten,
  Global,
  Local,
  type Statement,
  TYPE_CODES,
  unsigned,
  type WasmResult,
  type WasmType,
} from './code.ts'
import type { LinearMemory } from './memory.ts'

export class WasmFunction<R extends WasmResult> {
  readonly name: string
  readonly result: R
  readonly index: number
  readonly parameters: WasmType[] = []
  readonly #locals: WasmType[] = []
  #body: Statement | Code<R> | undefined

  constructor(name: string, result: R, index: number) {
    this.name = name
    this.result = result
    this.index = index
  }

  /** Before any `local`. */
  parameter<T extends WasmType>(type: T): Local<T> {
    return new Local(type, this.parameters.push(type) - 1)
  }

  /** Zero at first. */
  local<T extends WasmType>(type: T): Local<T> {
    return new Local(type, this.parameters.length + this.#locals.push(type) - 1)
  }

  /** The last piece of the body is the result. */
  define(...body: readonly [...Statement[], Statement | Code<R>]): this {
    this.#body = { type: 'void', piece: body.map((part) => part.piece) }
    return this
  }

  call(...args: readonly Code<WasmType>[]): Code<R> {
    if (args.length !== this.parameters.length) throw new Error(`"${this.name}" takes ${this.parameters.length} values`)
    return { type: this.result, piece: [...args.map((arg) => arg.piece), 0x10, ...unsigned(this.index)] }
  }

  bytes(): number[] {
    if (this.#body === undefined) throw new Error(`"${this.name}" has no body`)
    const locals = this.#locals.flatMap((type) => [1, TYPE_CODES[type]])
    const code = [...unsigned(this.#locals.length), ...locals, ...flatten(this.#body.piece), 0x0b]
    return [...unsigned(code.length), ...code]
  }
}

interface ImportedFunction {
  readonly name: string
  readonly parameters: readonly WasmType[]
  readonly result: WasmResult
}

export class WasmModule {
  readonly #imports: ImportedFunction[] = []
  readonly #functions: WasmFunction<WasmResult>[] = []
  readonly #globals: WasmType[] = []
  readonly #exports: { readonly name: string; readonly kind: number; readonly index: number }[] = []

  /** A JavaScript function, given to `instantiate` under its name; before any `function`. */
  imported<R extends WasmResult>(name: string, parameters: readonly WasmType[], result: R): WasmFunction<R> {
    const made = new WasmFunction(name, result, this.#imports.length)
    made.parameters.push(...parameters)
    this.#imports.push({ name, parameters, result })
    return made
  }

  function<R extends WasmResult>(name: string, result: R): WasmFunction<R> {
    const made = new WasmFunction(name, result, this.#imports.length + this.#functions.length)
    this.#functions.push(made)
    return made
  }

  /** The function is among the exports of the instance. */
  export(made: WasmFunction<WasmResult>): void {
    this.#exports.push({ name: made.name, kind: 0, index: made.index })
  }

  /** A variable of the module, zero at first. */
  global<T extends WasmType>(type: T): Global<T> {
    return new Global(type, this.#globals.push(type) - 1)
  }

  bytes(memory: LinearMemory): Uint8Array<ArrayBuffer> {
    const signatures = [
      ...this.#imports.map(({ parameters, result }) => signature(parameters, result)),
      ...this.#functions.map(({ parameters, result }) => signature(parameters, result)),
    ]
    const imports = this.#imports.map(({ name }, index) => [...text('env'), ...text(name), 0, ...unsigned(index)])
    const shared = [...text('env'), ...text('memory'), 2, 3, 0, ...unsigned(memory.maximumPages)]
    return Uint8Array.from([
      ...HEADER,
      ...section(1, signatures),
      ...section(2, [...imports, shared]),
      ...section(
        3,
        this.#functions.map(({ index }) => unsigned(index)),
      ),
      ...section(6, this.#globals.map(globalEntry)),
      ...section(
        7,
        this.#exports.map(({ name, kind, index }) => [...text(name), kind, ...unsigned(index)]),
      ),
      ...section(
        10,
        this.#functions.map((made) => made.bytes()),
      ),
    ])
  }

  /**
   * Compiles the module over a memory: well below a millisecond for some kilobytes.
   *
   * @param functions the imported ones by name
   */
  instantiate(
    memory: LinearMemory,
    functions: Readonly<Record<string, (...args: never[]) => unknown>> = {},
  ): Readonly<Record<string, unknown>> {
    const compiled = new WebAssembly.Module(this.bytes(memory))
    return new WebAssembly.Instance(compiled, { env: { memory: memory.memory, ...functions } }).exports
  }
}

/** `\0asm`, version 1. */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

function signature(parameters: readonly WasmType[], result: WasmResult): number[] {
  const results = result === 'void' ? [] : [TYPE_CODES[result]]
  return [0x60, ...vector(parameters.map((type) => [TYPE_CODES[type]])), ...vector(results.map((code) => [code]))]
}

function globalEntry(type: WasmType): number[] {
  const zeros = (count: number): number[] => Array.from({ length: count }, () => 0)
  const zero = { i32: [0x41, 0], i64: [0x42, 0], f64: [0x44, ...zeros(8)], v128: [0xfd, 0x0c, ...zeros(16)] }
  return [TYPE_CODES[type], 1, ...zero[type], 0x0b]
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  if (items.length === 0) return []
  const content = vector(items)
  return [id, ...unsigned(content.length), ...content]
}

function text(value: string): number[] {
  const bytes = [...Buffer.from(value)]
  return [...unsigned(bytes.length), ...bytes]
}
