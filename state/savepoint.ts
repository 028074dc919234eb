/**
 * Savepoints: portable directories that do not depend on how checkpoints are stored. `_metadata` is that of a
 * checkpoint; `pages` holds records of a JSON header (operator, table, page, length, checksum) and the page's bytes.
 */
import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
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
    for await (const { uid, table, page, bytes } of pages) {
      if (bytes === null) continue
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
  const bytes = await readFile(join(path, PAGES))
  const byOperator = new Map<string, PageWrite[]>()
  for (let at = 0; at < bytes.length; ) {
    const headerLength = bytes.readUInt32BE(at)
    const header = JSON.parse(bytes.toString('utf8', at + 4, at + 4 + headerLength)) as {
      uid: string
      table: string
      page: number
      bytes: number
    }
    const start = at + 4 + headerLength
    at = start + header.bytes
    const list = byOperator.get(header.uid) ?? []
    list.push({ uid: header.uid, table: header.table, page: header.page, bytes: bytes.subarray(start, at) })
    byOperator.set(header.uid, list)
  }
  return { manifest: metadata.manifest, origin: path, pages: async (uid) => byOperator.get(uid) ?? [] }
}
