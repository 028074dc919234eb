/**
 * Checkpoints on disk. RocksDB holds the current pages of all operators, or where they are in page files
 * (`page-files.ts`); it is written only at checkpoints, and never asked while the job runs. A checkpoint is the flushed
 * database and the page files as hard links in `chk-<n>/`, so its cost follows what changed. The working database and
 * files are thrown away at every start and made anew from a checkpoint: what a killed process had half written is
 * never read. Page files are durable before RocksDB says where something is in them.
 */
import {
  closeSync,
  copyFileSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import RocksDB from 'rocksdb-native'
import { lockDirectory } from '../core/directory-lock.ts'
import { asMillraceError, MillraceError } from '../core/errors.ts'
import {
  checkpointNumbers,
  checkpointPath,
  checksumOf,
  type FileChecksum,
  METADATA,
  prepareDirectory,
  publishDirectory,
  readMetadata,
  removeOldCheckpoints,
  syncPath,
  verifyFiles,
  writeMetadata,
} from './checkpoint-directory.ts'
import { decodeEntry, encodeInline, encodePlace, LARGE_PAGE_BYTES, type PagePlace } from './page-entry.ts'
import type { PageFileTarget, WrittenPageFile } from './page-file-output.ts'
import { byPlace, inFile, isPageFile, PageFiles } from './page-files.ts'
import { decodeKey, encodeKey, operatorRange } from './page-key.ts'
import { removeAside, setAside } from './removal.ts'
import type { CheckpointResult, Manifest, PageWrite, RestoredState, StateStore } from './state-store.ts'
import { asStorageError, storageFull } from './storage-error.ts'
import { isInFile, type PageBytes, type PageInFile, readPage } from './table/page-bytes.ts'

const DATABASE = 'db'
const PAGE_FILES = 'page-files'

/** What a small page may take of the disk: it is in the log, in a file and in one more while files are merged. */
const SPACE_FACTOR = 3
const SPACE_RESERVE = 1 << 20
/** Of pages that RocksDB takes at a time: it copies them several times, and memory that is used again costs least. */
const PART_BYTES = 4 << 20
/** The last bytes of every table file of RocksDB. */
const TABLE_END = Buffer.from('f7cff485b741e288', 'hex')

export interface RocksStoreOptions {
  /** The job's own directory. */
  readonly directory: string
  /** Complete checkpoints to keep; at least two, so that a damaged newest one can be replaced by the one before. */
  readonly retained: number
  readonly log: (text: string) => void
}

export class RocksStore implements StateStore {
  readonly #options: RocksStoreOptions
  readonly #release: () => void
  readonly #database: string
  /** Of SST files. */
  readonly #checksums = new Map<string, FileChecksum>()
  readonly #files: PageFiles
  #db: RocksDB | undefined
  removed: Promise<void>

  /** @throws MillraceError DATA_DIRECTORY_LOCKED, IO_ERROR */
  constructor(options: RocksStoreOptions) {
    this.#options = options
    this.#database = join(options.directory, DATABASE)
    this.#files = new PageFiles(join(options.directory, PAGE_FILES))
    try {
      this.#release = lockDirectory(options.directory)
    } catch (error) {
      throw asMillraceError(error, 'IO_ERROR')
    }
    this.removed = removeAside(options.directory, options.log)
  }

  async restore(): Promise<RestoredState | undefined> {
    await this.#closeDatabase()
    const { directory } = this.#options
    const numbers = checkpointNumbers(directory)
    let newest: MillraceError | undefined
    for (const number of numbers) {
      const path = checkpointPath(directory, number)
      try {
        const metadata = readMetadata(path)
        await verifyFiles(path, metadata)
        await this.#openFrom(path, metadata.files)
        if (newest !== undefined) this.#options.log(`going on from checkpoint ${number} instead`)
        return { manifest: metadata.manifest, origin: path, pages: (uid) => this.#readPages(uid) }
      } catch (error) {
        const failure = asMillraceError(error, 'INVALID_CHECKPOINT')
        this.#options.log(`${failure.message}: ${failure.detail ?? ''}`)
        newest ??= failure
      }
    }
    if (newest !== undefined) {
      throw new MillraceError(
        'INVALID_CHECKPOINT',
        `none of the ${numbers.length} checkpoints in "${directory}" can be used`,
        {
          detail: `${newest.message}. ${newest.detail ?? ''}`,
          hint: 'Restore the directory from a copy, or remove it to start the job from its beginning.',
        },
      )
    }
    await this.#openFrom(undefined, {})
    return undefined
  }

  pageFiles(count: number): readonly PageFileTarget[] {
    return this.#files.targets(count)
  }

  async write(
    pages: readonly PageWrite[],
    manifest: Manifest,
    files: readonly WrittenPageFile[] = [],
  ): Promise<CheckpointResult> {
    try {
      return await this.#write(pages, manifest, files)
    } catch (error) {
      throw asStorageError(error)
    }
  }

  /** Of the last checkpoint, in no order: for savepoints. */
  async *allPages(): AsyncGenerator<PageWrite> {
    yield* readEntries(this.#open(), {}, (place) => this.#files.page(place))
  }

  async clear(): Promise<void> {
    await this.#closeDatabase()
    const { directory, log } = this.#options
    // The newest one goes last: without it an older one would be gone on from.
    const checkpoints = checkpointNumbers(directory).reverse()
    const paths = checkpoints.map((number) => checkpointPath(directory, number))
    setAside(directory, [...paths.map((path) => basename(path)), DATABASE, PAGE_FILES])
    this.removed = removeAside(directory, log)
    await this.#openFrom(undefined, {})
  }

  async close(): Promise<void> {
    await this.#closeDatabase()
    this.#release()
  }

  #open(): RocksDB {
    if (this.#db === undefined) throw new MillraceError('INTERNAL_ERROR', 'the state store is not open')
    return this.#db
  }

  async #write(
    pages: readonly PageWrite[],
    manifest: Manifest,
    written: readonly WrittenPageFile[],
  ): Promise<CheckpointResult> {
    const db = this.#open()
    await this.#files.adopt(written)
    const entries = await this.#writeFiles(pages)
    for (let from = 0; from < entries.length; ) {
      const part = partOf(entries, from)
      await writePart(db, part)
      from += part.length
    }
    if (entries.length > 0) await db.flush()
    const { directory, retained } = this.#options
    const path = checkpointPath(directory, manifest.checkpoint)
    const temporary = prepareDirectory(path)
    const files = { ...this.#files.linkTo(temporary), ...(await this.#linkFiles(temporary)) }
    await writeMetadata(temporary, { manifest, files })
    await publishDirectory(temporary, path, directory)
    await removeOldCheckpoints(directory, Math.max(2, retained))
    return { bytes: sumOf(pages, ({ bytes }) => bytes?.length ?? 0) }
  }

  /** Large pages that are in no page file yet go to one. @returns what RocksDB is to hold */
  async #writeFiles(pages: readonly PageWrite[]): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    const large = new Map<string, PageBytes>()
    for (const page of pages) {
      const key = encodeKey(page).toString('latin1')
      this.#files.forget(key)
      const place = isInFile(page.bytes) ? this.#files.placeOf(page.bytes) : undefined
      if (page.bytes === null) entries.push({ key, value: null })
      else if (place !== undefined) {
        this.#files.add(key, place)
        entries.push({ key, value: encodePlace(place) })
      } else if (page.bytes.length >= LARGE_PAGE_BYTES) large.set(key, page.bytes)
      else entries.push({ key, value: encodeInline(readPage(page.bytes)) })
    }
    const moving = this.#files.moving()
    this.#requireSpace(
      SPACE_FACTOR * sumOf(entries, ({ value }) => value?.length ?? 0) +
        sumOf([...large.values(), ...moving.values()], ({ length }) => length),
    )
    for (const [key, place] of await this.#files.write(large, moving)) entries.push({ key, value: encodePlace(place) })
    return entries
  }

  /** On a full disk a flush of RocksDB waits for room, and neither it nor `close` would end. */
  #requireSpace(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.#database)
    if (bavail * bsize < bytes + SPACE_RESERVE)
      throw storageFull(`${Math.floor((bavail * bsize) / 1024)} KiB are free in "${this.#options.directory}".`)
  }

  /** Compaction may replace files while they are being linked: then once more. */
  async #linkFiles(target: string): Promise<Record<string, FileChecksum>> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#tryLinkFiles(target)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt >= 20) throw error
        for (const name of readdirSync(target)) if (!isPageFile(name)) rmSync(join(target, name))
      }
    }
  }

  async #tryLinkFiles(target: string): Promise<Record<string, FileChecksum>> {
    const current = readFileSync(join(this.#database, 'CURRENT'), 'utf8').trim()
    const names = readdirSync(this.#database).filter(
      (name) => this.#isWhole(name) || name === 'CURRENT' || name === current || name.startsWith('OPTIONS-'),
    )
    // All at once, so that little can change meanwhile; the disk is waited for afterwards.
    const files = [...names.filter((candidate) => candidate !== current), current]
    for (const name of files) {
      const [from, to] = [join(this.#database, name), join(target, name)]
      if (isTable(name)) linkSync(from, to)
      else copyFileSync(from, to)
    }
    const added = readdirSync(this.#database).filter((name) => this.#isWhole(name) && !files.includes(name))
    if (added.length > 0) throw Object.assign(new Error('the files changed'), { code: 'ENOENT' })
    const checksums = await Promise.all(files.map((name) => this.#checksum(name, join(target, name))))
    return Object.fromEntries(files.map((name, n) => [name, checksums[n] as FileChecksum]))
  }

  /** A table that a compaction is still writing has no end yet, and nothing refers to it. */
  #isWhole(name: string): boolean {
    if (!isTable(name)) return false
    const descriptor = openSync(join(this.#database, name), 'r')
    try {
      const end = Buffer.alloc(TABLE_END.length)
      readSync(descriptor, end, 0, end.length, Math.max(0, fstatSync(descriptor).size - end.length))
      return end.equals(TABLE_END)
    } finally {
      closeSync(descriptor)
    }
  }

  /** Of a linked file, or of a copy, which is then durable. */
  async #checksum(name: string, file: string): Promise<FileChecksum> {
    const known = this.#checksums.get(name)
    if (known !== undefined) return known
    if (!isTable(name)) await syncPath(file)
    const checksum = await checksumOf(file)
    if (isTable(name)) this.#checksums.set(name, checksum)
    return checksum
  }

  async #openFrom(checkpoint: string | undefined, files: Readonly<Record<string, FileChecksum>>): Promise<void> {
    await this.#closeDatabase()
    rmSync(this.#database, { recursive: true, force: true })
    mkdirSync(this.#database, { recursive: true })
    this.#checksums.clear()
    this.#files.openFrom(checkpoint, files)
    for (const name of Object.keys(files)) {
      if (checkpoint === undefined || name === METADATA || isPageFile(name)) continue
      const [from, to] = [join(checkpoint, name), join(this.#database, name)]
      if (isTable(name)) linkSync(from, to)
      else copyFileSync(from, to)
    }
    const db = new RocksDB(this.#database)
    try {
      await db.ready()
    } catch (error) {
      throw new MillraceError('INVALID_CHECKPOINT', `checkpoint "${checkpoint ?? this.#database}" cannot be opened`, {
        detail: error instanceof Error ? error.message : String(error),
      })
    }
    this.#db = db
    for await (const { key, value } of db.iterator({}, { capacity: 64 })) {
      const entry = decodeEntry(value)
      if (!(entry instanceof Uint8Array)) this.#files.add(keyText(key), entry)
    }
  }

  async #readPages(uid: string): Promise<PageWrite[]> {
    return listed(readEntries(this.#open(), operatorRange(uid), (place) => this.#files.page(place)))
  }

  async #closeDatabase(): Promise<void> {
    const db = this.#db
    this.#db = undefined
    await db?.close()
  }
}

/** What RocksDB is to hold by a key (as latin1); null: nothing. */
interface Entry {
  readonly key: string
  readonly value: Buffer | null
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}

function sumOf<T>(values: readonly T[], sizeOf: (value: T) => number): number {
  return values.reduce((sum, value) => sum + sizeOf(value), 0)
}

function partOf(entries: readonly Entry[], from: number): readonly Entry[] {
  let end = from
  for (let bytes = 0; end < entries.length && bytes < PART_BYTES; end++) bytes += entries[end]?.value?.length ?? 0
  return entries.slice(from, end)
}

async function writePart(db: RocksDB, part: readonly Entry[]): Promise<void> {
  const batch = db.write({ capacity: part.length })
  try {
    for (const { key, value } of part) {
      const bytes = Buffer.from(key, 'latin1')
      if (value === null) batch.tryDelete(bytes)
      else batch.tryPut(bytes, value)
    }
    await batch.flush()
  } finally {
    batch.destroy()
  }
}

/** Large pages last, in the order of their places. @param page what is at a place */
async function* readEntries(
  db: RocksDB,
  range: Parameters<RocksDB['iterator']>[0],
  page: (place: PagePlace) => PageInFile,
): AsyncGenerator<PageWrite> {
  const large: { readonly key: Uint8Array; readonly place: PagePlace }[] = []
  for await (const { key, value } of db.iterator(range, { capacity: 64 })) {
    const entry = decodeEntry(value)
    if (entry instanceof Uint8Array) yield { ...decodeKey(key), bytes: entry }
    else large.push({ key, place: entry })
  }
  large.sort((a, b) => byPlace(a.place, b.place))
  for (const { key, place } of large) yield { ...decodeKey(key), bytes: page(place) }
}

async function listed(pages: AsyncIterable<PageWrite>): Promise<PageWrite[]> {
  const list: PageWrite[] = []
  for await (const page of pages) list.push(page)
  return list
}

/** SST files never change once they are written. */
function isTable(name: string): boolean {
  return name.endsWith('.sst')
}

/** All pages of a checkpoint directory, of which large ones are left in its files; the others are read in a copy made in `scratch`. */
export async function readCheckpointPages(
  path: string,
  scratch: string,
): Promise<{ manifest: Manifest; pages: PageWrite[] }> {
  const metadata = readMetadata(path)
  await verifyFiles(path, metadata)
  for (const name of Object.keys(metadata.files)) {
    if (!isPageFile(name)) copyFileSync(join(path, name), join(scratch, name))
  }
  const db = new RocksDB(scratch)
  await db.ready()
  try {
    return {
      manifest: metadata.manifest,
      pages: await listed(readEntries(db, {}, (place) => inFile(path, place))),
    }
  } finally {
    await db.close()
  }
}
