/**
 * Checkpoint directories: `chk-<n>/` holds hard links of the store's files and `_metadata` with the manifest and the
 * checksum of every file. A directory appears under its name in one atomic step, when everything in it is durable.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../core/errors.ts'
import { type Manifest, STATE_FORMAT_VERSION } from './state-store.ts'

export const METADATA = '_metadata'
const CHUNK = 1 << 20

export interface FileChecksum {
  readonly bytes: number
  readonly crc32: number
}

export interface CheckpointMetadata {
  readonly manifest: Manifest
  readonly files: { readonly [name: string]: FileChecksum }
}

export async function checksumOf(file: string): Promise<FileChecksum> {
  const handle = await open(file, 'r')
  try {
    const buffer = Buffer.allocUnsafe(CHUNK)
    let [bytes, sum] = [0, 0]
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK)
      if (bytesRead === 0) return { bytes, crc32: sum }
      sum = crc32(buffer.subarray(0, bytesRead), sum)
      bytes += bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** First line: checksum of the rest; then JSON. Durable when it returns. */
export async function writeMetadata(directory: string, metadata: CheckpointMetadata): Promise<void> {
  const json = JSON.stringify(metadata)
  const file = join(directory, METADATA)
  writeFileSync(file, `${crc32(json)}\n${json}\n`)
  await syncPath(file)
  await syncPath(directory)
}

/** The disk is waited for beside the stream, which goes on. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** @throws MillraceError INVALID_CHECKPOINT that names the directory and what is wrong with it */
export function readMetadata(directory: string): CheckpointMetadata {
  const file = join(directory, METADATA)
  const damaged = (detail: string): MillraceError =>
    new MillraceError('INVALID_CHECKPOINT', `checkpoint "${directory}" is damaged`, { detail })
  if (!existsSync(file)) throw damaged(`It has no file "${METADATA}".`)
  const text = readFileSync(file, 'utf8')
  const end = text.indexOf('\n')
  const json = text.slice(end + 1, -1)
  if (end < 0 || !text.endsWith('\n') || Number(text.slice(0, end)) !== crc32(json))
    throw damaged(`The checksum of "${METADATA}" does not match.`)
  const metadata = JSON.parse(json) as CheckpointMetadata
  if (metadata.manifest.version !== STATE_FORMAT_VERSION) {
    throw new MillraceError(
      'INVALID_CHECKPOINT',
      `checkpoint "${directory}" has format version ${metadata.manifest.version}`,
      {
        detail: `This version of Millrace reads version ${STATE_FORMAT_VERSION}.`,
      },
    )
  }
  return metadata
}

/** Reads every byte. @throws MillraceError INVALID_CHECKPOINT naming the file */
export async function verifyFiles(directory: string, metadata: CheckpointMetadata): Promise<void> {
  for (const [name, expected] of Object.entries(metadata.files)) {
    const file = join(directory, name)
    const found = existsSync(file) ? await checksumOf(file) : undefined
    if (found !== undefined && found.bytes === expected.bytes && found.crc32 === expected.crc32) continue
    const detail =
      found === undefined
        ? 'is missing'
        : found.bytes === expected.bytes
          ? 'has another checksum'
          : `has ${found.bytes} bytes in place of ${expected.bytes}`
    throw new MillraceError('INVALID_CHECKPOINT', `checkpoint "${directory}" is damaged`, {
      detail: `File "${name}" ${detail}.`,
    })
  }
}

/** Numbers of the complete checkpoints in a job's directory, newest first. */
export function checkpointNumbers(directory: string): number[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .map((name) => /^chk-(\d+)$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => b - a)
}

export function checkpointPath(directory: string, checkpoint: number): string {
  return join(directory, `chk-${checkpoint}`)
}

/** A directory to fill; `publishDirectory` gives it its name. */
export function prepareDirectory(path: string): string {
  const temporary = `${path}.tmp`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true })
  return temporary
}

export async function publishDirectory(temporary: string, path: string, parent: string): Promise<void> {
  rmSync(path, { recursive: true, force: true })
  renameSync(temporary, path)
  await syncPath(parent)
}

/** Removes what a killed process left half-made and all checkpoints but the newest `retained`. */
export async function removeOldCheckpoints(directory: string, retained: number): Promise<void> {
  const partial = readdirSync(directory).filter((name) => name.startsWith('chk-') && name.endsWith('.tmp'))
  const old = checkpointNumbers(directory).slice(retained)
  const paths = [...partial.map((name) => join(directory, name)), ...old.map((n) => checkpointPath(directory, n))]
  for (const path of paths) await rm(path, { recursive: true, force: true })
}
