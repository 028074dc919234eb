/**
 * The queries in a real Apache Flink, one process a query: its jars come from Maven Central into the git-ignored
 * services directory. RocksDB state, incremental checkpoints and the settings that the benchmark's own Flink
 * distribution has (object reuse, mini-batches, split distinct aggregates).
 */
import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Artifact, fetchJars, requireCommand } from '../../sql-tests/services/maven.ts'
import { startProcess } from '../../sql-tests/services/server.ts'

const VERSION = '2.2.0'
const ARTIFACTS = [
  'flink-clients',
  'flink-table-api-java-bridge',
  'flink-table-planner-loader',
  'flink-table-runtime',
  'flink-connector-files',
  'flink-json',
  'flink-csv',
  'flink-cep',
  'flink-statebackend-rocksdb',
]
const START_MILLISECONDS = 60_000
const OPENED = ['java.lang', 'java.util', 'java.time', 'java.util.concurrent']

export const FLINK_COUNT_CHAR = "CREATE TEMPORARY FUNCTION count_char AS 'CountChar';"

export interface FlinkReport {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakRssMb: number
  /** False: it was given up, and took at least as long as it says. */
  readonly ended: boolean
}

export class Flink {
  readonly #directory: string
  readonly #classPath: string
  readonly #patience: number

  /**
   * @param patience seconds that a query may take
   * @param connectors what else the jobs need
   * @throws ServiceUnavailable where there is no Java, no Maven or no network
   */
  constructor(directory: string, patience: number, connectors: readonly Artifact[] = []) {
    requireCommand('Flink', 'javac', ['-version'])
    const names = connectors.map(({ artifact, version }) => `-${artifact}-${version}`)
    const jars = join(
      fetchJars(`flink-nexmark-${VERSION}${names.join('')}`, [
        ...ARTIFACTS.map((artifact) => ({ group: 'org.apache.flink', artifact, version: VERSION })),
        ...connectors,
        { group: 'org.slf4j', artifact: 'slf4j-simple', version: '1.7.36' },
      ]),
      '*',
    )
    const classes = join(directory, 'flink-classes')
    mkdirSync(classes, { recursive: true })
    const sources = ['NexmarkRunner', 'CountChar'].map((name) => join(import.meta.dirname, 'java', `${name}.java`))
    execFileSync('javac', ['-nowarn', '-d', classes, '-cp', jars, ...sources], { stdio: 'pipe' })
    this.#directory = directory
    this.#patience = patience
    this.#classPath = `${classes}:${jars}`
  }

  /** Runs the statements, of which the last one is an INSERT. */
  measure(statements: readonly string[], parallelism: number, interval: string): FlinkReport | string {
    const output = this.#run(statements, { ...settings(parallelism, interval, this.#directory), ...TUNED }, [])
    return output.error ?? (JSON.parse(output.text) as FlinkReport)
  }

  /**
   * Runs the statements, of which the last one is a SELECT, and writes its final rows to a file. With the settings that
   * are measured: without mini-batches Flink 2.2 takes q9's Top-N for one that only inserts, and leaves rows behind.
   */
  results(statements: readonly string[], file: string, inBatch: boolean): string | undefined {
    const mode = { 'execution.runtime-mode': inBatch ? 'batch' : 'streaming' }
    return this.#run(statements, { ...settings(1, '10 s', this.#directory), ...TUNED, ...mode }, [file]).error
  }

  /** A process that runs the statements, of which the last one is an INSERT without end, until it is stopped. */
  start(statements: readonly string[], interval: string, log: string): ChildProcess {
    const request = this.#request(statements, { ...settings(1, interval, this.#directory), ...OBJECT_REUSE })
    return startProcess('java', this.#command(request), log)
  }

  #run(
    statements: readonly string[],
    configuration: Readonly<Record<string, string>>,
    args: readonly string[],
  ): { text: string; error?: string } {
    const command = [...this.#command(this.#request(statements, configuration)), ...args]
    // What is measured ends by itself, so that it can say what it took.
    const { status, signal, stdout, stderr } = spawnSync('java', command, {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      timeout: 1000 * this.#patience + START_MILLISECONDS,
      killSignal: 'SIGKILL',
    })
    const text = stdout.trim().split('\n').at(-1) ?? ''
    if (signal === 'SIGKILL') return { text, error: `not at its end after ${this.#patience} s` }
    if (status === 0) return { text }
    const causes = stderr.split('\n').filter((line) => /^(Caused by|Exception)/.test(line))
    return { text, error: causes.at(-1) ?? (stderr.trim() || `exit code ${status}`) }
  }

  /** A directory for the runner. */
  #request(statements: readonly string[], configuration: Readonly<Record<string, string>>): string {
    const request = join(this.#directory, 'flink-request')
    mkdirSync(request, { recursive: true })
    writeFileSync(join(request, 'statements.txt'), statements.join('\n---\n'))
    const lines = Object.entries(configuration).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(join(request, 'conf.properties'), lines.join(''))
    return request
  }

  #command(request: string): string[] {
    const opened = OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)
    const java = ['-Xmx4g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', ...opened, '-cp', this.#classPath]
    return [...java, 'NexmarkRunner', request, `${this.#patience}`]
  }
}

function settings(parallelism: number, interval: string, directory: string): Record<string, string> {
  return {
    'parallelism.default': `${parallelism}`,
    'execution.checkpointing.interval': interval,
    'execution.checkpointing.dir': `file://${join(directory, 'flink-checkpoints')}`,
    'execution.checkpointing.incremental': 'true',
    'state.backend.type': 'rocksdb',
    'taskmanager.numberOfTaskSlots': `${parallelism}`,
    'taskmanager.memory.managed.size': '1gb',
    'taskmanager.memory.network.min': '128mb',
    'taskmanager.memory.network.max': '128mb',
    'table.local-time-zone': 'UTC',
  }
}

const OBJECT_REUSE = { 'pipeline.object-reuse': 'true' }

const TUNED: Readonly<Record<string, string>> = {
  ...OBJECT_REUSE,
  'table.exec.mini-batch.enabled': 'true',
  'table.exec.mini-batch.allow-latency': '2 s',
  'table.exec.mini-batch.size': '50000',
  'table.optimizer.distinct-agg.split.enabled': 'true',
}
