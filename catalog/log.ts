/**
 * The durable DDL log: one change a line, `crc32 json`, appended and fsynced before the statement is answered. A torn
 * last line (the process or the machine died while it was written) is dropped when the log is opened: the state is
 * then that before the statement. Damage anywhere else is an error, never silently skipped.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { asMillraceError, MillraceError } from '../core/errors.ts'
import type { CatalogChange } from './state.ts'

const HEADER = 'millrace-catalog 1'
const FILE = 'catalog.log'

/** Lines beyond twice the live objects (and this many) are garbage worth a rewrite. */
const REWRITE_AT = 256

export class CatalogLog {
  readonly #directory: string
  readonly #file: string
  #descriptor: number
  #lines: number

  /** @returns the log, ready to append, and the changes that it holds */
  static open(directory: string): { log: CatalogLog; changes: readonly CatalogChange[] } {
    try {
      mkdirSync(directory, { recursive: true })
      const file = join(directory, FILE)
      const text = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
      const { changes, validBytes } = readLog(text, file)
      const log = new CatalogLog(directory, file, changes.length, validBytes)
      return { log, changes }
    } catch (error) {
      throw asMillraceError(error, 'IO_ERROR')
    }
  }

  private constructor(directory: string, file: string, lines: number, validBytes: number) {
    this.#directory = directory
    this.#file = file
    this.#lines = lines
    this.#descriptor = openSync(file, existsSync(file) ? 'r+' : 'w+')
    ftruncateSync(this.#descriptor, validBytes)
    if (validBytes === 0) this.#write(`${HEADER}\n`, 0)
    this.#end = validBytes === 0 ? HEADER.length + 1 : validBytes
  }

  #end: number

  append(change: CatalogChange): void {
    const line = encodeLine(change)
    try {
      this.#write(line, this.#end)
    } catch (error) {
      ftruncateSync(this.#descriptor, this.#end)
      throw asMillraceError(error, storageError(error))
    }
    this.#end += Buffer.byteLength(line)
    this.#lines++
  }

  /** Replaces the log by the shortest one that gives the same state, in one atomic step, when that saves much. */
  compact(live: () => readonly CatalogChange[]): void {
    if (this.#lines < REWRITE_AT) return
    const changes = live()
    if (this.#lines < 2 * changes.length) return
    const temporary = `${this.#file}.new`
    const descriptor = openSync(temporary, 'w+')
    const text = `${HEADER}\n${changes.map(encodeLine).join('')}`
    writeSync(descriptor, text)
    fsyncSync(descriptor)
    renameSync(temporary, this.#file)
    syncDirectory(this.#directory)
    closeSync(this.#descriptor)
    this.#descriptor = descriptor
    this.#end = Buffer.byteLength(text)
    this.#lines = changes.length
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #write(text: string, at: number): void {
    const bytes = Buffer.from(text)
    let written = 0
    while (written < bytes.length) {
      written += writeSync(this.#descriptor, bytes, written, bytes.length - written, at + written)
    }
    fsyncSync(this.#descriptor)
  }
}

function storageError(error: unknown): 'STORAGE_FULL' | 'IO_ERROR' {
  return (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 'STORAGE_FULL' : 'IO_ERROR'
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

function encodeLine(change: CatalogChange): string {
  const json = JSON.stringify(change)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

function decodeLine(line: string): CatalogChange | undefined {
  const json = line.slice(9)
  if (crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) return undefined
  return JSON.parse(json) as CatalogChange
}

function readLog(bytes: Buffer, file: string): { changes: CatalogChange[]; validBytes: number } {
  const changes: CatalogChange[] = []
  let at = 0
  for (let line = 1; at < bytes.length; line++) {
    const end = bytes.indexOf(10, at)
    if (end < 0) return { changes, validBytes: at }
    const text = bytes.toString('utf8', at, end)
    const change = line === 1 ? undefined : decodeLine(text)
    if (line === 1 ? text !== HEADER : change === undefined) {
      if (end === bytes.length - 1 && line > 1) return { changes, validBytes: at }
      throw new MillraceError('IO_ERROR', `the catalog file "${file}" is damaged`, {
        at: { line },
        detail: line === 1 ? `It does not begin with "${HEADER}".` : 'The checksum of the line does not match.',
        hint: 'Restore the file from a copy, or move it away to start with an empty catalog.',
        retryable: false,
      })
    }
    if (change !== undefined) changes.push(change)
    at = end + 1
  }
  return { changes, validBytes: at }
}
