/** Makes kernels when enough records have come, and makes them anew when the records turn out to be different. */
import { type LinearArray, linearMemory, type LinearMemory } from '../../../../core/wasm/memory.ts'
import type { TimestampStandard } from '../../scalar-text.ts'
import { allColumns, type FastColumn } from '../fast-path.ts'
import { createKernel, type Kernel } from './kernel.ts'
import { isKernelType, type KernelField, learnLayout } from './layout.ts'

/** Records behind which a kernel pays. */
const KERNEL_AFTER = 512
const LEARN_AFTER = 64
/** One record in so many may be another one than the kernel expects. */
const RARELY = 16
const MAX_LAYOUTS = 8
/** Rows that there is room for at first; with more rows a kernel must be made anew. */
const MIN_ROWS = 4096

export class KernelReader {
  readonly memory: LinearMemory
  readonly #columns: readonly FastColumn[]
  readonly #all: readonly FastColumn[]
  readonly #timestamps: TimestampStandard
  readonly #flags: Int32Array
  #bytes: Uint8Array = new Uint8Array(0)
  #layout: readonly KernelField[] = []
  #kernel: Kernel | undefined
  #layouts = 0
  #capacity = 0
  /** Records that the kernel has read and not read since it was made. */
  #fits = 0
  #misfits = 0

  private constructor(columns: readonly FastColumn[], timestamps: TimestampStandard) {
    this.memory = linearMemory()
    this.#columns = columns
    this.#all = allColumns(columns)
    this.#timestamps = timestamps
    this.#flags = this.makeArray<Int32Array>(Int32Array, this.#all.length).fill(0)
  }

  /** @param records how many there have been. @returns undefined where no kernel can be made or it does not pay yet */
  static create(
    columns: readonly FastColumn[],
    timestamps: TimestampStandard,
    records: number,
  ): KernelReader | undefined {
    if (records < KERNEL_AFTER || !columns.every(({ type }) => isKernelType(type))) return undefined
    return new KernelReader(columns, timestamps)
  }

  /** An array in the memory that lives as long as this. */
  readonly makeArray = <T>(type: LinearArray<T>, length: number): T => {
    const { address } = this.memory.allocate(length * type.BYTES_PER_ELEMENT, this)
    return this.memory.view(type, address, length)
  }

  /** Room for so many rows. Before the writers are reset. */
  reserve(rows: number): void {
    if (rows <= this.#capacity) return
    this.#capacity = Math.max(MIN_ROWS, 2 ** (32 - Math.clz32(rows - 1)))
    for (const { writer } of this.#columns) {
      writer.moveTo(this.makeArray)
      writer.reset(this.#capacity)
    }
    this.#make()
  }

  /** Tells of the next record, which is a valid one and no kernel has read. */
  misfit(data: Uint8Array, start: number, end: number): void {
    if (this.#layouts > 0 && (++this.#misfits <= LEARN_AFTER || this.#misfits * RARELY < this.#fits)) return
    if (this.#layouts === MAX_LAYOUTS) {
      if (this.#misfits > this.#fits) this.#kernel = undefined
      return
    }
    this.#layouts++
    this.#fits = 0
    this.#misfits = 0
    const text = Buffer.from(data.buffer, data.byteOffset + start, end - start).toString()
    const layout = learnLayout(text, this.#columns, this.#layout)
    if (layout === undefined || namesOf(layout) === namesOf(this.#layout)) return
    this.#layout = layout
    this.#make()
  }

  #make(): void {
    this.#kernel =
      this.#layout.length === 0
        ? undefined
        : createKernel({
            memory: this.memory,
            fields: this.#layout,
            timestamps: this.#timestamps,
            flags: this.#flags.byteOffset,
            bytes: () => this.#memoryBytes(),
          })
  }

  #memoryBytes(): Uint8Array {
    const { byteLength } = this.memory.memory.buffer
    if (this.#bytes.length !== byteLength) this.#bytes = this.memory.view(Uint8Array, 0, byteLength)
    return this.#bytes
  }

  /** Rows there are when `lines` or `slices` has read from row `before` on. */
  rowsAfter(before: number): number {
    if (this.#kernel === undefined) return before
    const rows = this.#kernel.rows()
    this.#fits += rows - before
    for (const { writer, target } of this.#all) {
      if (this.#flags[target] !== 1) continue
      this.#flags[target] = 0
      writer.takeMask()
    }
    return rows
  }

  /** @returns where in `data`, which is in the memory, the first line begins that was not read */
  lines(data: Uint8Array, start: number, end: number, row: number, limit: number): number {
    if (this.#kernel === undefined) return start
    const base = data.byteOffset
    return this.#kernel.lines(base + start, base + end, row, limit, base) - base
  }

  /** @returns the first record from `from` on that was not read */
  slices(data: Uint8Array, starts: Int32Array, lengths: Int32Array, from: number, to: number, row: number): number {
    if (this.#kernel === undefined) return from
    return this.#kernel.slices(starts.byteOffset, lengths.byteOffset, from, to, row, data.byteOffset)
  }
}

function namesOf(fields: readonly KernelField[]): string {
  return JSON.stringify(fields, (key, value: unknown) => (key === 'column' ? undefined : value))
}
