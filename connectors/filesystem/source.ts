/**
 * The filesystem source. Every file is a split. Several files are read in turn, so that the watermark, which is the
 * least over all unfinished files, moves while the first ones are read.
 *
 * Position: for each file begun and not finished the offset and line behind the last row handed over, and the files
 * that are finished. A file is taken to be complete when it is found; what is appended later is not read.
 */
import type { Column } from '../../core/column.ts'
import { createBatch } from '../../core/change-batch.ts'
import { delay } from '../../core/delay.ts'
import { MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { scopeOptions } from '../../core/option-values.ts'
import type { Field } from '../../core/types.ts'
import { type DecodedRows, RecordError, type RecordDecoder } from '../api/format.ts'
import { asRead, type Source, type SourceContext, type SourcePoll } from '../api/source.ts'
import { loadFormat } from '../formats/index.ts'
import { constantColumn, type ConstantColumn, metadataValue, partitionValue } from './constant-column.ts'
import { FileReader, type LineDecoder, openBytes } from './file-reader.ts'
import { countLines, type RecordSplitter, recordSplitter } from './record-splitter.ts'
import { type FileInfo, listFiles, partitionValues, resolvePath } from './paths.ts'

/** Files that are open at the same time. */
const OPEN_FILES = 8

interface OpenFile {
  readonly reader: FileReader
  readonly constants: readonly (ConstantColumn | undefined)[]
}

interface Progress {
  readonly offset: number
  readonly line: number
}

export class FilesystemSource implements Source {
  readonly #context: SourceContext
  readonly #root: string
  readonly #pattern: RegExp | undefined
  readonly #monitorInterval: number | undefined
  readonly #done = new Set<string>()
  /** Found and not begun, in the order of their paths. */
  readonly #waiting = new Map<string, FileInfo>()
  readonly #progress = new Map<string, Progress>()
  /** In the order in which they are read next. */
  readonly #open: OpenFile[] = []
  #decoder: RecordDecoder | undefined
  #nextScan = Number.POSITIVE_INFINITY

  constructor(context: SourceContext) {
    this.#context = context
    this.#root = resolvePath(context.options.string('path'))
    const pattern = context.options.optionalString('source.path.regex-pattern')
    this.#pattern = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, 'u')
    this.#monitorInterval = context.options.optionalDuration('source.monitor-interval')
  }

  async open(position: JsonValue | undefined): Promise<void> {
    if (position !== undefined) this.#restore(position as unknown as SavedPosition)
    const { options, table, schema, columns } = this.#context
    const name = options.string('format')
    const format = await loadFormat(name)
    const declared = table.columns.flatMap((column): Field[] =>
      column.kind === 'physical' && !table.partitionKeys.includes(column.name)
        ? [{ name: column.name, type: column.type }]
        : [],
    )
    const fields = asRead(declared, columns, schema)
    const wanted = columns
      .map((column) => fields.findIndex((field) => field.name === column))
      .filter((index) => index >= 0)
    this.#decoder = format.createDecoder({ fields, wanted, options: scopeOptions(options, `${name}.`) })
    await this.#scan()
  }

  #restore(position: SavedPosition): void {
    for (const path of position.done) this.#done.add(path)
    for (const [path, [offset, line]] of Object.entries(position.reading)) {
      if (this.#isMine(path)) this.#progress.set(path, { offset, line })
    }
  }

  /** Looks for files that are neither done nor begun. */
  async #scan(): Promise<void> {
    const pattern = this.#pattern
    const files = await listFiles(this.#root, (path) => pattern === undefined || pattern.test(path))
    for (const file of files) {
      if (this.#done.has(file.path) || this.#waiting.has(file.path) || !this.#isMine(file.path)) continue
      if (this.#open.some((open) => open.reader.path === file.path)) continue
      this.#waiting.set(file.path, file)
    }
    for (const path of this.#progress.keys()) {
      if (!this.#waiting.has(path) && !this.#open.some((open) => open.reader.path === path)) {
        throw new MillraceError('FILE_NOT_FOUND', `"${path}" was being read at the checkpoint and is gone`)
      }
    }
    if (this.#monitorInterval !== undefined) this.#nextScan = this.#context.clock.now() + this.#monitorInterval
  }

  /** By a hash of the path, so that a file stays with its subtask. */
  #isMine(path: string): boolean {
    if (this.#context.parallelism === 1) return true
    let hash = 0
    for (let i = 0; i < path.length; i++) hash = (Math.imul(hash, 31) + path.charCodeAt(i)) | 0
    return (hash >>> 0) % this.#context.parallelism === this.#context.subtask
  }

  poll(maxWait: number): Promise<SourcePoll> | SourcePoll {
    const current = this.#open[0]
    const isFull = this.#waiting.size === 0 || this.#open.length === OPEN_FILES
    if (current !== undefined && isFull && this.#nextScan > this.#context.clock.now()) {
      const rows = this.#read(current)
      if (typeof rows === 'object') return rows
    }
    return this.#pollSlowly(maxWait)
  }

  async #pollSlowly(maxWait: number): Promise<SourcePoll> {
    if (this.#context.clock.now() >= this.#nextScan) await this.#scan()
    await this.#openMore()
    for (let current = this.#open[0]; current !== undefined; current = this.#open[0]) {
      const rows = this.#read(current)
      if (typeof rows === 'object') return rows
      if (rows === 'fill') {
        await current.reader.fill()
      } else {
        await this.#finish(current)
        await this.#openMore()
      }
    }
    if (this.#monitorInterval === undefined) return { kind: 'end' }
    await this.#pause(maxWait)
    return { kind: 'idle' }
  }

  async #finish({ reader }: OpenFile): Promise<void> {
    this.#open.shift()
    await reader.close()
    this.#progress.delete(reader.path)
    this.#done.add(reader.path)
  }

  async #openMore(): Promise<void> {
    for (const [path, file] of this.#waiting) {
      if (this.#open.length >= OPEN_FILES) return
      const { offset, line } = this.#progress.get(path) ?? { offset: 0, line: 0 }
      const reader = new FileReader(path, await openBytes(path, offset), this.#splitter(), offset, line)
      this.#open.push({ reader, constants: this.#constants(file) })
      this.#progress.set(path, { offset, line })
      this.#waiting.delete(path)
    }
  }

  #splitter(): RecordSplitter {
    const format = this.#context.options.string('format')
    return recordSplitter(format, scopeOptions(this.#context.options, `${format}.`))
  }

  /** For each output column that is the same in the whole file, its values. */
  #constants(file: FileInfo): (ConstantColumn | undefined)[] {
    const { table, columns, schema, options } = this.#context
    const partitions = partitionValues(this.#root, file.path)
    return columns.map((name, index) => {
      const column = table.columns.find((candidate) => candidate.name === name)
      const type = schema.fields[index]?.type
      if (column === undefined || type === undefined) return undefined
      if (column.kind === 'metadata') return constantColumn(type, metadataValue(column.from ?? name, file, type))
      if (!table.partitionKeys.includes(name)) return undefined
      const defaultName = options.string('partition.default-name')
      return constantColumn(type, partitionValue(partitions.get(name), name, type, defaultName, file.path))
    })
  }

  /** Rows at hand in the file, or why there are none. */
  #read(current: OpenFile): SourcePoll | 'fill' | 'end' {
    const { reader } = current
    const { offset, line } = reader
    const decoder = this.#decoder as RecordDecoder
    const decoded =
      decoder.decodeLines === undefined
        ? this.#decodeRecords(decoder, reader, line)
        : this.#decodeLines(decoder as LineDecoder, reader, line)
    if (typeof decoded === 'string') return decoded
    if (decoded.skipped > 0) this.#context.onSkipped(decoded.skipped)
    this.#progress.set(reader.path, { offset: reader.offset, line: reader.line })
    // The next file comes next.
    this.#open.push(this.#open.shift() as OpenFile)
    let next = 0
    const columns = current.constants.map(
      (constant): Column => (constant === undefined ? (decoded.columns[next++] as Column) : constant(decoded.rows)),
    )
    const batch = createBatch(this.#context.schema, columns, decoded.rows, decoded.kinds)
    return { kind: 'rows', split: reader.path, batch, bytes: reader.offset - offset }
  }

  #decodeLines(decoder: LineDecoder, reader: FileReader, line: number): DecodedRows | 'fill' | 'end' {
    try {
      return reader.decodeLines(decoder, this.#context.batchRows)
    } catch (error) {
      throw error instanceof RecordError ? this.#malformed(error, reader, line + 1 + error.record) : error
    }
  }

  #decodeRecords(decoder: RecordDecoder, reader: FileReader, line: number): DecodedRows | 'fill' | 'end' {
    const run = reader.take(this.#context.batchRows)
    if (typeof run === 'string') return run
    try {
      return decoder.decode(run)
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      const before = countLines(run.data, run.starts[0] ?? 0, run.starts[error.record] ?? 0)
      throw this.#malformed(error, reader, line + 1 + before)
    }
  }

  #malformed(error: RecordError, reader: FileReader, line: number): MillraceError {
    const name = this.#context.options.string('format')
    return new MillraceError(
      'MALFORMED_RECORD',
      `a record of table "${this.#context.table.path.name}" is not valid ${name}`,
      {
        at: { file: reader.path, line },
        detail: `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`,
        hint: name === 'raw' ? undefined : `'${name}.ignore-parse-errors' = 'true' skips and counts such records.`,
      },
    )
  }

  async #pause(maxWait: number): Promise<void> {
    const wait = Math.max(1, Math.min(maxWait, this.#nextScan - this.#context.clock.now()))
    await delay(wait, this.#context.signal)
  }

  splits(): readonly string[] {
    return [...this.#open.map((open) => open.reader.path), ...this.#waiting.keys()]
  }

  position(): JsonValue {
    const reading = Object.fromEntries(
      [...this.#progress].map(([path, { offset, line }]) => [path, [offset, line] as const]),
    )
    return { reading, done: [...this.#done] }
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map(({ reader }) => reader.close()))
  }
}

interface SavedPosition {
  readonly reading: Readonly<Record<string, readonly [number, number]>>
  readonly done: readonly string[]
}

/** Each subtask takes the files that are its own. */
export function mergePositions(positions: readonly JsonValue[]): JsonValue {
  const saved = positions as unknown as readonly SavedPosition[]
  const merged = {
    reading: Object.assign({}, ...saved.map(({ reading }) => reading)) as SavedPosition['reading'],
    done: [...new Set(saved.flatMap(({ done }) => done))],
  }
  return merged
}
