/** What a text format's records look like: what the encoding kernel has to know of it. */
import type { WasmFunction, WasmModule } from '../../../core/wasm/module.ts'

export interface RecordSyntax {
  /** By field: what stands before its value. */
  readonly before: readonly Buffer[]
  /** Behind the last value; the terminator is its end. */
  readonly end: Buffer
  readonly terminatorLength: number
  /** In place of a value that is NULL. */
  readonly nullText: Buffer
  /** Around a date; undefined: nothing. */
  readonly dateQuote: number | undefined
  readonly timestampQuote: number | undefined
  /** Between date and time. */
  readonly timeSeparator: number
  readonly plainDecimals: boolean
  /**
   * A function that puts text to an address, given the address of the text and its length, and gives the address behind
   * it. It may write up to six times the length, and 32 bytes more, and read 16 bytes beyond the text.
   */
  readonly defineText: (module: WasmModule) => WasmFunction<'i32'>
}
