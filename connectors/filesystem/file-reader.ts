/** Records of one file in chunks: reads ahead, decompresses by the file's extension, splits into lines. */
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { MillraceError } from '../../core/errors.ts'
import type { DecodedLines, RecordDecoder } from '../api/format.ts'
import { type Block, linearMemory } from '../../core/wasm/memory.ts'
import { fileError } from './file-error.ts'
import type { RecordSplitter } from './record-splitter.ts'

const CHUNK = 1024 * 1024
/** Room before each chunk for the beginning of the record that the chunk before it ended in. */
const SLACK = 64 * 1024

/** Bytes `start … end)` of the file's content; what is before `start` is free. */
interface Chunk {
  readonly data: Buffer
  readonly start: number
  readonly end: number
}

interface ByteReader {
  /** The next bytes, or null at the end of the file. The chunk before the last one is overwritten. */
  read(): Promise<Chunk | null>
  close(): Promise<void>
}

const UNSUPPORTED = new Map([
  ['.bz2', 'bzip2'],
  ['.xz', 'xz'],
  ['.snappy', 'snappy'],
])

/** @param offset bytes of the (decompressed) file to skip */
export async function openBytes(path: string, offset: number): Promise<ByteReader> {
  const extension = /\.[^./\\]*$/.exec(path)?.[0].toLowerCase() ?? ''
  const refused = UNSUPPORTED.get(extension)
  if (refused !== undefined) {
    throw new MillraceError('UNSUPPORTED_FEATURE', `"${path}" is compressed with ${refused}, which cannot be read`, {
      hint: 'Files may be plain, .gz, .gzip, .deflate or .zst.',
    })
  }
  const inflate = decompressor(extension)
  try {
    return inflate === undefined
      ? new PlainReader(await open(path, 'r'), path, offset)
      : new StreamReader(path, inflate, offset)
  } catch (error) {
    throw fileError(error, path)
  }
}

function decompressor(extension: string): (NodeJS.ReadWriteStream & Readable) | undefined {
  switch (extension) {
    case '.gz':
    case '.gzip':
      return createGunzip({ chunkSize: 256 * 1024 })
    case '.deflate':
      return createInflate({ chunkSize: 256 * 1024 })
    case '.zst':
    case '.zstd':
      return createZstdDecompress({ chunkSize: 256 * 1024 })
    default:
      return undefined
  }
}

/**
 * Reads into two buffers in turn: fresh memory for every chunk would cost more than reading into it. They are in linear
 * memory, where decoders work on them in place.
 */
class PlainReader implements ByteReader {
  readonly #file: FileHandle
  readonly #path: string
  readonly #blocks: readonly Block[]
  readonly #buffers: Buffer[]
  #position: number

  constructor(file: FileHandle, path: string, position: number) {
    this.#file = file
    this.#path = path
    this.#position = position
    const memory = linearMemory()
    this.#blocks = [memory.allocate(SLACK + CHUNK), memory.allocate(SLACK + CHUNK)]
    this.#buffers = this.#blocks.map((block) => bufferOf(memory.bytes(block)))
  }

  async read(): Promise<Chunk | null> {
    const data = this.#buffers.shift() as Buffer
    this.#buffers.push(data)
    try {
      const { bytesRead } = await this.#file.read(data, SLACK, CHUNK, this.#position)
      this.#position += bytesRead
      return bytesRead === 0 ? null : { data, start: SLACK, end: SLACK + bytesRead }
    } catch (error) {
      throw fileError(error, this.#path)
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
    for (const block of this.#blocks) linearMemory().free(block)
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

class StreamReader implements ByteReader {
  readonly #path: string
  readonly #input: Readable
  readonly #chunks: AsyncIterator<Buffer>
  #skip: number

  constructor(path: string, inflate: NodeJS.ReadWriteStream & Readable, offset: number) {
    this.#path = path
    this.#skip = offset
    this.#input = createReadStream(path, { highWaterMark: 256 * 1024 })
    this.#input.on('error', (error) => inflate.destroy(error))
    this.#input.pipe(inflate)
    this.#chunks = inflate[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  async read(): Promise<Chunk | null> {
    try {
      const parts: Uint8Array[] = [new Uint8Array(SLACK)]
      let size = SLACK
      while (size < CHUNK) {
        const next = await this.#chunks.next()
        if (next.done === true) break
        const skipped = Math.min(this.#skip, next.value.length)
        this.#skip -= skipped
        parts.push(next.value.subarray(skipped))
        size += next.value.length - skipped
      }
      return size === SLACK ? null : { data: Buffer.concat(parts, size), start: SLACK, end: size }
    } catch (error) {
      throw this.#streamError(error)
    }
  }

  #streamError(error: unknown): MillraceError {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!code.startsWith('Z_') && !code.startsWith('ZSTD')) return fileError(error, this.#path)
    return new MillraceError('MALFORMED_RECORD', `"${this.#path}" is not what its extension says, or it is cut off`, {
      detail: error instanceof Error ? `${error.message}.` : undefined,
      cause: error,
    })
  }

  async close(): Promise<void> {
    this.#input.destroy()
    await this.#chunks.return?.()
  }
}

/** Records of one chunk. */
export interface RecordRun {
  readonly data: Buffer
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly count: number
}

/** A decoder that takes lines. */
export type LineDecoder = Required<Pick<RecordDecoder, 'decodeLines'>>

export class FileReader {
  readonly path: string
  /** Position in the (decompressed) file behind the last record handed over. */
  offset: number
  /** Lines before that position. */
  line: number
  readonly #bytes: ByteReader
  readonly #splitter: RecordSplitter
  #data: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  #last = false
  #ahead: Promise<Chunk | null> | undefined
  #starts = new Int32Array(0)
  #lengths = new Int32Array(0)

  constructor(path: string, bytes: ByteReader, splitter: RecordSplitter, offset: number, line: number) {
    this.path = path
    this.offset = offset
    this.line = line
    this.#bytes = bytes
    this.#splitter = splitter
  }

  /** Up to `limit` records that are in memory, to be used before the next call; 'fill': `fill` must be called first; 'end': the file has ended. */
  take(limit: number): RecordRun | 'fill' | 'end' {
    if (this.#starts.length < limit) {
      this.#starts = new Int32Array(limit)
      this.#lengths = new Int32Array(limit)
    }
    const starts = this.#starts
    const lengths = this.#lengths
    const first = this.#at
    let count = 0
    while (count < limit && this.#at < this.#end) {
      const end = this.#splitter.endOf(this.#data, this.#at, this.#end, this.#last)
      if (end < 0) break
      starts[count] = this.#at
      lengths[count++] = end - this.#at
      this.#at = Math.min(end + 1, this.#end)
    }
    if (count === 0) return this.#last ? 'end' : 'fill'
    this.offset += this.#at - first
    this.line += count + this.#splitter.takeInnerLines()
    return { data: this.#data, starts, lengths, count }
  }

  /** The records that are in memory, up to `limit` of them, by a decoder that finds the lines itself; as `take`. */
  decodeLines(decoder: LineDecoder, limit: number): DecodedLines | 'fill' | 'end' {
    if (this.#at === this.#end) return this.#last ? 'end' : 'fill'
    const window = { data: this.#data, start: this.#at, end: this.#end, isLast: this.#last }
    const decoded = decoder.decodeLines(window, limit)
    if (decoded.lines === 0) return 'fill'
    this.offset += decoded.next - this.#at
    this.line += decoded.lines
    this.#at = decoded.next
    return decoded
  }

  /** Reads the next chunk behind what is left of this one, and begins to read the one after it. */
  async fill(): Promise<void> {
    const chunk = await (this.#ahead ?? this.#bytes.read())
    this.#ahead = undefined
    if (chunk === null) {
      this.#last = true
      return
    }
    const rest = this.#data.subarray(this.#at, this.#end)
    if (rest.length <= chunk.start) {
      this.#data = chunk.data
      this.#at = chunk.start - rest.length
      this.#end = chunk.end
      this.#data.set(rest, this.#at)
    } else {
      this.#data = Buffer.concat([rest, chunk.data.subarray(chunk.start, chunk.end)])
      this.#at = 0
      this.#end = this.#data.length
    }
    this.#ahead = this.#bytes.read()
    // Who asks for the chunk gets the error; until then it must not count as unhandled.
    this.#ahead.catch(() => {})
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => null)
    await this.#bytes.close()
  }
}
