/** Makes the encoding kernel when enough rows have come, and brings columns to where it reads them. */
import type { BytesColumn, Column } from '../../../core/column.ts'
import type { Field } from '../../../core/types.ts'
import { type Block, linearMemory, type LinearMemory } from '../../../core/wasm/memory.ts'
import type { EncodedRecords } from '../../api/format.ts'
import { COLUMN_WORDS, createEncodeKernel, type EncodeKernel, isEncodable, STOPPED } from './kernel.ts'
import type { RecordSyntax } from './syntax.ts'

/** Rows behind which a kernel pays. */
const KERNEL_AFTER = 2048
const FIRST_SIZE = 512 * 1024
/** Text that rows share or leave out may be this many times as much as what they hold; beyond that a copy does not pay. */
const MOST_UNUSED = 3
const WORD_MASK = 7

export class EncodeWriter {
  readonly #memory: LinearMemory
  readonly #kernel: EncodeKernel
  readonly #table: Int32Array
  /** Copies of what is not in the memory, by use. */
  readonly #copies = new Map<string, Block>()
  #bytes: Uint8Array = new Uint8Array(0)
  #out: Block
  /** Blocks for results that were taken over once. */
  readonly #spare: Block[] = []
  #places: Block | undefined
  #capacity = 0

  private constructor(fields: readonly Field[], syntax: RecordSyntax) {
    this.#memory = linearMemory()
    const table = this.#memory.allocate(4 * COLUMN_WORDS * fields.length, this)
    this.#table = this.#memory.view(Int32Array, table.address, COLUMN_WORDS * fields.length)
    this.#out = this.#memory.allocate(FIRST_SIZE, this)
    this.#kernel = createEncodeKernel({
      memory: this.#memory,
      fields,
      syntax,
      bytes: () => this.#memoryBytes(),
      owner: this,
    })
  }

  /** @param rows how many there have been. @returns undefined where no kernel can be made or it does not pay yet */
  static create(fields: readonly Field[], rows: number, syntax: () => RecordSyntax): EncodeWriter | undefined {
    if (rows < KERNEL_AFTER) return undefined
    const made = syntax()
    return fields.every(({ type }) => isEncodable(type, made.plainDecimals))
      ? new EncodeWriter(fields, made)
      : undefined
  }

  #memoryBytes(): Uint8Array {
    const { byteLength } = this.#memory.memory.buffer
    if (this.#bytes.length !== byteLength) this.#bytes = this.#memory.view(Uint8Array, 0, byteLength)
    return this.#bytes
  }

  /** @returns undefined: the general code must write this batch */
  encode(columns: readonly Column[], rows: number): EncodedRecords | undefined {
    for (const [index, column] of columns.entries()) if (!this.#place(index, column, rows)) return undefined
    this.#reserve(rows)
    const starts = (this.#places as Block).address
    const lengths = starts + 4 * this.#capacity
    let at = this.#out.address
    for (let row = 0; row < rows; ) {
      const { address, length } = this.#out
      const next = this.#kernel.encode(
        this.#table.byteOffset,
        row,
        rows,
        at,
        address + length,
        address,
        starts,
        lengths,
      )
      if (next === STOPPED) return undefined
      at = this.#kernel.position()
      if (next < rows) at += this.#grow(at - address)
      row = next
    }
    return {
      data: this.#memory.bytes(this.#out),
      starts: this.#memory.view(Int32Array, starts, rows),
      lengths: this.#memory.view(Int32Array, lengths, rows),
      count: rows,
      size: at - this.#out.address,
      takeOver: this.#takeOver,
    }
  }

  readonly #takeOver = (): (() => void) => {
    const taken = this.#out
    this.#out = this.#spare.pop() ?? this.#memory.allocate(taken.length, this)
    return () => {
      this.#spare.push(taken)
    }
  }

  /** Twice the room for the result. @returns how far it has moved */
  #grow(used: number): number {
    const old = this.#out
    this.#out = this.#memory.allocate(2 * old.length, this)
    this.#memory.bytes(this.#out).set(this.#memory.bytes(old).subarray(0, used))
    this.#memory.free(old)
    return this.#out.address - old.address
  }

  #reserve(rows: number): void {
    if (this.#capacity >= rows) return
    if (this.#places !== undefined) this.#memory.free(this.#places)
    this.#capacity = Math.max(4096, rows)
    this.#places = this.#memory.allocate(8 * this.#capacity, this)
  }

  /** Notes where the kernel finds a column; false: it cannot have it. */
  #place(index: number, column: Column, rows: number): boolean {
    const at = COLUMN_WORDS * index
    this.#table[at + 3] = column.nulls === null ? 0 : this.#addressOf(`${index} nulls`, column.nulls, rows)
    switch (column.kind) {
      case 'bytes':
        this.#table[at] = this.#addressOf(`${index} starts`, column.starts, rows)
        this.#table[at + 1] = this.#addressOf(`${index} lengths`, column.lengths, rows)
        if (this.#memory.holds(column.data)) this.#table[at + 2] = column.data.byteOffset
        else return this.#copyText(index, column, rows)
        return true
      case 'list':
      case 'map':
      case 'row':
      case 'null':
      case 'i128':
        return false
      default:
        this.#table[at] = this.#addressOf(`${index} values`, column.values, rows)
        return true
    }
  }

  /** Address of an array's first elements, in the memory or in a copy that is there. */
  #addressOf(
    use: string,
    array: ArrayBufferView & { readonly length: number; readonly BYTES_PER_ELEMENT: number },
    rows: number,
  ): number {
    if (this.#memory.holds(array)) return array.byteOffset
    const size = Math.min(rows, array.length) * array.BYTES_PER_ELEMENT
    return this.#copy(use, array, 0, size)
  }

  #copy(use: string, array: ArrayBufferView, from: number, size: number): number {
    let block = this.#copies.get(use)
    if (block === undefined || block.length < size + WORD_MASK) {
      if (block !== undefined) this.#memory.free(block)
      block = this.#memory.allocate(Math.max(4096, size + (size >> 1)), this)
      this.#copies.set(use, block)
    }
    const source = array.byteOffset + from
    // Into shared memory words are copied only between places that lie alike in their words, else single bytes.
    const address = block.address + (source & WORD_MASK)
    Buffer.from(array.buffer, source, size).copy(this.#memoryBytes(), address)
    return address
  }

  /** The part of the text that rows point at. */
  #copyText(index: number, { starts, lengths, nulls, data }: BytesColumn, rows: number): boolean {
    let [first, last, size] = [data.length, 0, 0]
    for (let row = 0; row < rows; row++) {
      const length = lengths[row] as number
      if (length === 0 || (nulls !== null && nulls[row] === 1)) continue
      const start = starts[row] as number
      if (start < first) first = start
      if (start + length > last) last = start + length
      size += length
    }
    if (last - first > MOST_UNUSED * size + 4096) return false
    const used = Math.max(0, last - first)
    const address = this.#copy(`${index} text`, data, used === 0 ? 0 : first, used)
    this.#table[COLUMN_WORDS * index + 2] = used === 0 ? address : address - first
    return true
  }
}
