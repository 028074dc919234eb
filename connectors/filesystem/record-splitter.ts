/** Where records of a file end. */
import type { OptionValues } from '../../core/options.ts'
import { readCsvOptions } from '../formats/csv/options.ts'

export interface RecordSplitter {
  /**
   * @param from start of a record
   * @param last whether the data ends with the file
   * @returns the position of the line end (or the end of the file), or -1 where the record is not complete
   */
  endOf(data: Buffer, from: number, end: number, last: boolean): number
  /** Line ends inside of the records found since the last call. */
  takeInnerLines(): number
}

/** One record a line. */
const LINES: RecordSplitter = {
  endOf(data, from, end, last) {
    const at = data.indexOf(10, from)
    return at >= 0 && at < end ? at : last ? end : -1
  },
  takeInnerLines: () => 0,
}

/** @param options those of the format, without its prefix */
export function recordSplitter(format: string, options: OptionValues): RecordSplitter {
  if (format !== 'csv') return LINES
  const { quote, escape, delimiter } = readCsvOptions(options)
  return quote < 0 ? LINES : new CsvSplitter(quote, escape, delimiter)
}

/** A quoted field longer than this has lost its closing quote: the record is taken to end with the line. */
const MAX_QUOTED = 16 * 1024 * 1024

/** Lines, but for line ends inside of quoted fields. */
class CsvSplitter implements RecordSplitter {
  readonly #quote: number
  readonly #escape: number
  readonly #delimiter: number
  #data: Buffer | undefined
  /** The first quote in `#data` at or behind the record looked at last. */
  #nextQuote = -1
  #innerLines = 0

  constructor(quote: number, escape: number, delimiter: number) {
    this.#quote = quote
    this.#escape = escape
    this.#delimiter = delimiter
  }

  endOf(data: Buffer, from: number, end: number, last: boolean): number {
    const at = LINES.endOf(data, from, end, last)
    if (at < 0 || at === end) return at
    if (data !== this.#data || this.#nextQuote < from) {
      const quote = data.indexOf(this.#quote, from)
      this.#nextQuote = quote < 0 ? Number.POSITIVE_INFINITY : quote
      this.#data = data
    }
    if (this.#nextQuote > at) return at
    const closed = this.#endOfQuoted(data, from, end)
    if (closed >= 0) {
      if (closed > at) this.#innerLines += countLines(data, from, closed)
      return closed
    }
    return last || end - from > MAX_QUOTED ? at : -1
  }

  takeInnerLines(): number {
    const lines = this.#innerLines
    this.#innerLines = 0
    return lines
  }

  /** The first line end outside of quotes, or -1. A quote opens only at the beginning of a field. */
  #endOfQuoted(data: Buffer, from: number, end: number): number {
    let isStart = true
    for (let p = from; p < end; p++) {
      const c = data[p] as number
      if (c === 10) return p
      if (c === this.#escape) {
        p++
      } else if (isStart && c === this.#quote) {
        p = this.#closingQuote(data, p + 1, end)
        if (p < 0) return -1
      }
      isStart = c === this.#delimiter
    }
    return -1
  }

  #closingQuote(data: Buffer, from: number, end: number): number {
    for (let p = from; p < end; p++) {
      const c = data[p] as number
      if (c === this.#escape && c !== this.#quote) p++
      else if (c !== this.#quote) continue
      else if (data[p + 1] === this.#quote && p + 1 < end) p++
      else return p
    }
    return -1
  }
}

export function countLines(data: Uint8Array, start: number, end: number): number {
  let lines = 0
  for (let p = start; p < end; p++) if (data[p] === 10) lines++
  return lines
}
