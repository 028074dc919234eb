/** What is used of the WebAssembly JavaScript interface: TypeScript declares it only beside the browser's. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number; readonly shared: true })
    readonly buffer: SharedArrayBuffer
    grow(pages: number): number
  }
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>)
  }
  type ImportValue = Memory | ((...args: never[]) => unknown)
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, ImportValue>>>>)
    readonly exports: Readonly<Record<string, unknown>>
  }
}
