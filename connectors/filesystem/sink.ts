/**
 * The filesystem sink. Rows go to hidden part files (`.part-<run>-<subtask>-<n>.inprogress.<job>-<subtask>`); at each
 * checkpoint they are flushed, closed and named in the handle, and committing renames them to `part-<run>-<subtask>-<n>`.
 * A reader of the directory sees whole files of completed checkpoints only. (Flink keeps a file of a row format open
 * over several checkpoints; here every checkpoint closes it, so rows are visible sooner and files are smaller.)
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ChangeBatch, gatherRows } from '../../core/change-batch.ts'
import type { JsonValue } from '../../core/json.ts'
import { scopeOptions } from '../../core/option-values.ts'
import type { RecordEncoder } from '../api/format.ts'
import type { Sink, SinkContext } from '../api/sink.ts'
import { loadFormat } from '../formats/index.ts'
import { isMissing, PartFile, type PendingFile, publish } from './part-file.ts'
import { PartitionCommitter, type SavedPartitions } from './partition-commit.ts'
import { type PartitionedRows, Partitioner } from './partitioner.ts'
import { fileError } from './file-error.ts'
import { listFiles, resolvePath } from './paths.ts'

interface Handle {
  readonly files: readonly PendingFile[]
  readonly partitions: SavedPartitions
  /** OVERWRITE: files that were there before the job, by directory; they go when the directory gets its first file. */
  readonly old: Readonly<Record<string, readonly string[]>>
}

/** Bytes from which on a batch is written as it is, rather than put together with others. */
const WORTH_A_WRITE = 128 * 1024

export class FilesystemSink implements Sink {
  readonly #context: SinkContext
  readonly #root: string
  readonly #run = randomUUID()
  /** Marks the hidden files of this job and subtask. */
  readonly #tag: string
  readonly #partitioner: Partitioner
  readonly #committer: PartitionCommitter
  readonly #files = new Map<string, PartFile>()
  /** Complete files that belong to the next checkpoint; each settles when it is on the disk. */
  #rolled: Promise<PendingFile>[] = []
  /** Of the checkpoint that is being prepared. */
  #preparing: readonly Promise<PendingFile>[] = []
  readonly #maxSize: number
  readonly #checkInterval: number
  #encoder: RecordEncoder | undefined
  #counter = 0
  #nextCheck = 0
  #old: Record<string, readonly string[]> = {}

  constructor(context: SinkContext) {
    this.#context = context
    const { options, jobName, uid } = context
    this.#root = resolvePath(options.string('path'))
    this.#tag = createHash('sha256').update(`${jobName}\0${uid}`).digest('hex').slice(0, 16)
    this.#partitioner = new Partitioner(context)
    this.#committer = new PartitionCommitter(context, this.#root)
    this.#maxSize = options.memory('sink.rolling-policy.file-size')
    this.#checkInterval = options.duration('sink.rolling-policy.check-interval')
  }

  async open(): Promise<void> {
    const { options, overwrite, clock } = this.#context
    const name = options.string('format')
    const format = await loadFormat(name)
    this.#encoder = format.createEncoder({
      fields: this.#partitioner.schema.fields,
      options: scopeOptions(options, `${name}.`),
      terminator: new Uint8Array([10]),
    })
    this.#nextCheck = clock.now() + this.#checkInterval
    if (overwrite) await this.#rememberOldFiles()
  }

  async #rememberOldFiles(): Promise<void> {
    const files = await listFiles(this.#root, () => true).catch(() => [])
    for (const { path } of files)
      ((this.#old[dirname(path)] as string[] | undefined) ?? this.#newOld(dirname(path))).push(path)
  }

  #newOld(directory: string): string[] {
    const list: string[] = []
    this.#old[directory] = list
    return list
  }

  async recover(handles: readonly JsonValue[]): Promise<void> {
    for (const handle of handles as unknown as readonly Handle[]) {
      this.#old = { ...handle.old }
      this.#committer.restore(handle.partitions)
      await this.commit(handle as unknown as JsonValue)
    }
    await this.#deleteLeftovers()
  }

  /** Hidden files of this job that no checkpoint knows. */
  async #deleteLeftovers(): Promise<void> {
    const { subtask, parallelism } = this.#context
    const name = new RegExp(`^\\.part-.*\\.inprogress\\.${this.#tag}-(\\d+)$`)
    let entries: { name: string; parentPath: string }[]
    try {
      entries = await readdir(this.#root, { recursive: true, withFileTypes: true })
    } catch (error) {
      if (isMissing(error)) return
      throw fileError(error, this.#root)
    }
    for (const entry of entries) {
      const owner = Number(name.exec(entry.name)?.[1] ?? Number.NaN)
      // The first subtask also cleans up behind subtasks that there are no more.
      if (owner === subtask || (subtask === 0 && owner >= parallelism)) {
        await unlink(join(entry.parentPath, entry.name)).catch(() => {})
      }
    }
  }

  write(batch: ChangeBatch): Promise<void> | void {
    const parts = this.#partitioner.split(batch)
    const waits: Promise<void>[] = []
    for (const part of parts) {
      const wait = this.#append(part)
      if (wait !== undefined) waits.push(wait)
    }
    if (waits.length > 0) return Promise.all(waits).then(() => {})
  }

  #append({ directory, batch, rows }: PartitionedRows): Promise<void> | void {
    const now = this.#context.clock.now()
    const selected = rows === null ? batch : gatherRows(batch, rows, rows.length)
    const encoder = this.#encoder as RecordEncoder
    const { data, size, takeOver } = encoder.encode(selected.columns, selected.rows, selected.kinds)
    this.#committer.touch(directory, now)
    const file = this.#fileOf(directory, now)
    const bytes = data.subarray(0, size)
    const wait =
      takeOver === undefined || size < WORTH_A_WRITE ? file.append(bytes, now) : file.appendOwn(bytes, now, takeOver())
    if (file.size < this.#maxSize) return wait
    this.#roll(directory, file)
    return wait
  }

  #fileOf(directory: string, now: number): PartFile {
    const existing = this.#files.get(directory)
    if (existing !== undefined) return existing
    const { subtask } = this.#context
    const name = `part-${this.#run}-${subtask}-${this.#counter++}`
    const folder = join(this.#root, directory)
    const from = join(folder, `.${name}.inprogress.${this.#tag}-${subtask}`)
    const file = new PartFile({ from, to: join(folder, name) }, now)
    this.#files.set(directory, file)
    return file
  }

  #roll(directory: string, file: PartFile): void {
    this.#files.delete(directory)
    const finishing = file.finish()
    finishing.catch(() => {})
    this.#rolled.push(finishing)
  }

  onTime(now: number): void {
    if (now < this.#nextCheck) return
    this.#nextCheck = now + this.#checkInterval
    const { options } = this.#context
    const rollover = options.duration('sink.rolling-policy.rollover-interval')
    const inactivity = options.duration('sink.rolling-policy.inactivity-interval')
    for (const [directory, file] of this.#files) {
      if (now - file.openedAt >= rollover || now - file.lastWrite >= inactivity) this.#roll(directory, file)
    }
  }

  onWatermark(time: number): void {
    this.#committer.onWatermark(time)
  }

  readonly preparesAside = true

  async prepare(): Promise<JsonValue | null> {
    for (const [directory, file] of this.#files) this.#roll(directory, file)
    const rolled = this.#rolled
    this.#rolled = []
    this.#preparing = rolled
    const partitions = this.#committer.save(this.#context.clock.now())
    const old = { ...this.#old }
    const files = await Promise.all(rolled)
    this.#preparing = []
    const isTruncation = this.#truncates && Object.keys(old).length > 0
    const isIdle = partitions.pending.length === 0 && partitions.ready.length === 0
    if (files.length === 0 && isIdle && !isTruncation) return null
    const handle: Handle = { files, partitions, old }
    return handle as unknown as JsonValue
  }

  async commit(handle: JsonValue): Promise<void> {
    const { files, partitions, old } = handle as unknown as Handle
    const touched = files.map((file) => dirname(file.to))
    const directories = this.#truncates ? Object.keys(old) : new Set(touched)
    for (const directory of directories) await this.#deleteOld(directory, old[directory] ?? [])
    // One behind the other: a crash in between leaves a beginning.
    for (const file of files) await publish(file)
    await this.#committer.commit(partitions.ready)
  }

  /** OVERWRITE of a table without partitions empties it, even where there are no new rows. */
  get #truncates(): boolean {
    return this.#context.overwrite && this.#context.table.partitionKeys.length === 0
  }

  async #deleteOld(directory: string, paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await unlink(path).catch((error: unknown) => {
        if (!isMissing(error)) throw fileError(error, path)
      })
    }
    delete this.#old[directory]
  }

  async close(): Promise<void> {
    const settled = await Promise.allSettled([...this.#preparing, ...this.#rolled.splice(0)])
    const discarded = [...this.#files.values()].map((file) => file.discard())
    this.#files.clear()
    for (const file of settled) {
      if (file.status === 'fulfilled') discarded.push(unlink(file.value.from).catch(() => {}))
    }
    await Promise.all(discarded)
  }
}
