/**
 * Partition commit: when a partition is complete, its policy (the success file) runs.
 * https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/filesystem/#partition-commit
 */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../../core/errors.ts'
import type { SinkContext } from '../api/sink.ts'
import { fileError } from './file-error.ts'
import { unescapePathName } from './paths.ts'
import { parsePartitionTime } from './partition-time.ts'

export interface SavedPartitions {
  /** Directories with the time of their first row. */
  readonly pending: readonly (readonly [string, number])[]
  /** Directories to be committed together with the files. */
  readonly ready: readonly string[]
}

/** No row below this will come: the input has ended. */
const END_OF_INPUT = Number.MAX_SAFE_INTEGER

export class PartitionCommitter {
  readonly #root: string
  readonly #active: boolean
  readonly #byWatermark: boolean
  readonly #delay: number
  readonly #successFile: string
  readonly #context: SinkContext
  readonly #pending = new Map<string, number>()
  #watermark = Number.MIN_SAFE_INTEGER

  constructor(context: SinkContext, root: string) {
    const { options, table } = context
    this.#context = context
    this.#root = root
    this.#active = table.partitionKeys.length > 0 && options.has('sink.partition-commit.policy.kind')
    this.#byWatermark = options.enum('sink.partition-commit.trigger') === 'partition-time'
    this.#delay = options.duration('sink.partition-commit.delay')
    this.#successFile = options.string('sink.partition-commit.success-file.name')
  }

  touch(directory: string, now: number): void {
    if (this.#active && !this.#pending.has(directory)) this.#pending.set(directory, now)
  }

  onWatermark(time: number): void {
    this.#watermark = time
  }

  restore(saved: SavedPartitions): void {
    for (const [directory, time] of saved.pending) this.#pending.set(directory, time)
  }

  save(now: number): SavedPartitions {
    // Without checkpoints `prepare` is called once, when everything is written.
    const ended = !this.#context.checkpointing || this.#watermark >= END_OF_INPUT
    const ready = [...this.#pending].filter(([directory, since]) => ended || this.#isComplete(directory, since, now))
    for (const [directory] of ready) this.#pending.delete(directory)
    return { pending: [...this.#pending], ready: ready.map(([directory]) => directory) }
  }

  #isComplete(directory: string, since: number, now: number): boolean {
    if (!this.#byWatermark) return now >= since + this.#delay
    return this.#watermark >= this.#timeOf(directory) + this.#delay
  }

  #timeOf(directory: string): number {
    const { options } = this.#context
    const values = new Map(
      directory.split('/').map((part) => {
        const at = part.indexOf('=')
        return [unescapePathName(part.slice(0, at)), unescapePathName(part.slice(at + 1))] as const
      }),
    )
    const pattern = options.optionalString('partition.time-extractor.timestamp-pattern')
    const text =
      pattern === undefined
        ? ([...values.values()][0] ?? '')
        : [...values].reduce((filled, [name, value]) => filled.replaceAll(`$${name}`, value), pattern)
    const time = parsePartitionTime(
      text,
      options.string('partition.time-extractor.timestamp-formatter'),
      options.string('sink.partition-commit.watermark-time-zone'),
    )
    if (time !== undefined) return time
    throw new MillraceError('INVALID_OPTION', `partition "${directory}" has no time: '${text}' is not one`, {
      hint: "Set 'partition.time-extractor.timestamp-pattern', for instance to '$dt $hour:00:00'.",
    })
  }

  async commit(directories: readonly string[]): Promise<void> {
    for (const directory of directories) {
      const path = join(this.#root, directory, this.#successFile)
      try {
        const file = await open(path, 'w')
        await file.close()
      } catch (error) {
        throw fileError(error, path)
      }
    }
  }
}
