/**
 * Savepoints: portable directories that do not depend on how checkpoints are stored. `_metadata` is that of a
 * checkpoint; `pages` holds records of a JSON header (operator, table, page, length, checksum) and the page's bytes.
 */
import { existsSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../core/errors.ts'
import {
  checksumOf,
  prepareDirectory,
  publishDirectory,
  readMetadata,
  verifyFiles,
  writeMetadata,
} from './checkpoint-directory.ts'
import type { Manifest, PageWrite, RestoredState } from './state-store.ts'
import { readPage } from './table/page-bytes.ts'

const PAGES = 'pages'

export async function writeSavepoint(
  path: string,
  manifest: Manifest,
  pages: AsyncIterable<PageWrite> | Iterable<PageWrite>,
): Promise<void> {
  const temporary = prepareDirectory(path)
  const file = join(temporary, PAGES)
  const handle = await open(file, 'w')
  try {
    for await (const { uid, table, page, bytes: at } of pages) {
      if (at === null) continue
      const bytes = readPage(at)
      const header = Buffer.from(JSON.stringify({ uid, table, page, bytes: bytes.length, crc32: crc32(bytes) }))
      const length = Buffer.allocUnsafe(4)
      length.writeUInt32BE(header.length)
      await handle.writev([length, header, bytes])
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  await writeMetadata(temporary, { manifest, files: { [PAGES]: await checksumOf(file) } })
  await publishDirectory(temporary, path, dirname(path))
}

/** @throws MillraceError INVALID_CHECKPOINT when it is no savepoint or damaged */
export async function readSavepoint(path: string): Promise<RestoredState> {
  if (!existsSync(join(path, PAGES))) {
    throw new MillraceError('INVALID_CHECKPOINT', `"${path}" is not a savepoint`, {
      detail: `It has no file "${PAGES}".`,
    })
  }
  const metadata = readMetadata(path)
  await verifyFiles(path, metadata)
  const pages = await listPages(join(path, PAGES))
  const byOperator = Map.groupBy(pages, ({ uid }) => uid)
  return { manifest: metadata.manifest, origin: path, pages: async (uid) => byOperator.get(uid) ?? [] }
}

/** Pages stay in the file. */
async function listPages(path: string): Promise<PageWrite[]> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const pages: PageWrite[] = []
    for (let at = 0; at < size; ) {
      const headerLength = (await readAt(handle, at, 4)).readUInt32BE(0)
      const text = (await readAt(handle, at + 4, headerLength)).toString('utf8')
      const { uid, table, page, bytes: length } = JSON.parse(text) as Header
      const offset = at + 4 + headerLength
      pages.push({ uid, table, page, bytes: { path, offset, length } })
      at = offset + length
    }
    return pages
  } finally {
    await handle.close()
  }
}

interface Header {
  readonly uid: string
  readonly table: string
  readonly page: number
  readonly bytes: number
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position)
  return buffer
}
