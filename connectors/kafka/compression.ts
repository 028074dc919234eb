/** The codecs of Kafka; snappy in both of its framings. */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type * as Lz4 from 'lz4-napi'
import type * as Snappy from 'snappy'
import { MillraceError } from '../../core/errors.ts'
import type { Compression, Decompress } from './record-batch.ts'

const CODECS = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/** Java's framing of snappy blocks. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])

interface Natives {
  readonly snappy: typeof Snappy
  readonly lz4: typeof Lz4
}

async function load<T>(name: string, importer: () => Promise<T>): Promise<T> {
  try {
    return await importer()
  } catch (error) {
    throw new MillraceError('MISSING_CLIENT_LIBRARY', `npm package "${name}" is needed for this compression`, {
      cause: error,
      hint: `Run npm install ${name}.`,
    })
  }
}

/** Loads the native codecs, so that batches can be read synchronously. */
export async function createDecompress(): Promise<Decompress> {
  const natives: Natives = {
    snappy: await load('snappy', () => import('snappy')),
    lz4: await load('lz4-napi', () => import('lz4-napi')),
  }
  return (codec, bytes) => {
    switch (codec) {
      case CODECS.gzip:
        return gunzipSync(bytes)
      case CODECS.snappy:
        return unsnappy(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), natives)
      case CODECS.lz4:
        return natives.lz4.decompressFrameSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
      case CODECS.zstd:
        return zstdDecompressSync(bytes)
      default:
        throw new Error(`unknown compression ${codec}`)
    }
  }
}

function unsnappy(bytes: Buffer, { snappy }: Natives): Uint8Array {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappy.uncompressSync(bytes) as Buffer
  const blocks: Buffer[] = []
  for (let at = 16; at < bytes.length; ) {
    const size = bytes.readInt32BE(at)
    blocks.push(snappy.uncompressSync(bytes.subarray(at + 4, at + 4 + size)) as Buffer)
    at += 4 + size
  }
  return Buffer.concat(blocks)
}

/** @param name the value of `compression.type` */
export async function createCompression(name: string): Promise<Compression | undefined> {
  switch (name) {
    case 'none':
      return undefined
    case 'gzip':
      return { codec: CODECS.gzip, compress: (bytes) => gzipSync(bytes) }
    case 'zstd':
      return { codec: CODECS.zstd, compress: (bytes) => zstdCompressSync(bytes) }
    case 'snappy': {
      const snappy = await load('snappy', () => import('snappy'))
      return { codec: CODECS.snappy, compress: (bytes) => snappy.compressSync(bytes) }
    }
    case 'lz4': {
      const lz4 = await load('lz4-napi', () => import('lz4-napi'))
      return { codec: CODECS.lz4, compress: (bytes) => lz4.compressFrameSync(bytes) }
    }
    default:
      throw new MillraceError('INVALID_OPTION', `option "properties.compression.type" cannot be '${name}'`, {
        hint: `It takes ${Object.keys(CODECS).join(', ')}.`,
      })
  }
}
