/**
 * `npm run bench:latency -- [--vs flink] [--backlog N] [--seconds N] [--rate N] [--json FILE]`: Kafka to Kafka through a query, at
 * least once, checkpoints on. First a backlog gives the highest rate; then, in the same job, records come at half of it,
 * and the time from when a record was due to when a consumer has it is measured. Broker, engine, producer and consumer
 * share the machine. Beside Flink in the same run: each at half of its own highest rate, and Millrace at Flink's too.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from '../../sql-tests/chaos/kafkajs.ts'
import { startService } from '../../sql-tests/services/global-setup.ts'
import { startProcess, stopProcess } from '../../sql-tests/services/server.ts'
import { Flink } from '../nexmark/flink.ts'
import type { ConsumeReport, ConsumeRequest, Percentile } from './consume.ts'
import type { ProduceRequest } from './produce.ts'

const { values } = parseArgs({
  options: {
    vs: { type: 'string' },
    backlog: { type: 'string', default: '3000000' },
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string' },
    json: { type: 'string' },
  },
})
if (values.vs !== undefined && values.vs !== 'flink') throw new Error('--vs takes "flink"')
const [BACKLOG, SECONDS] = [Number(values.backlog), Number(values.seconds)]
/** Of all engines, where it is given. */
const RATE = values.rate === undefined ? undefined : Number(values.rate)
/** Share of the paced records that does not count. */
const WARM_UP = 0.2
const CLOCK_TICKS = 100

interface Result {
  readonly engine: string
  /** Of the backlog. */
  readonly records_per_second: number
  /** At which the latency was measured. */
  readonly paced_records_per_second: number
  readonly records: number
  readonly milliseconds: Readonly<Record<Percentile, number>>
  /** The latest that a record was sent after it was due. */
  readonly producer_latest_ms: number
  /** Of the engine, while records came at the paced rate. */
  readonly cpu_seconds: number
}

interface Running {
  readonly pid: number
  stop(): Promise<void>
}

type Start = (statements: readonly string[], directory: string) => Running

const startMillrace: Start = (statements, directory) => {
  const script = join(import.meta.dirname, 'run-job.ts')
  const args = [script, join(directory, 'state'), JSON.stringify(statements)]
  return running(startProcess(process.execPath, args, join(directory, 'millrace.log')))
}

function running(child: ChildProcess): Running {
  return { pid: child.pid ?? 0, stop: () => stopProcess(child, 'SIGKILL') }
}

function statementsFor(address: string, input: string, output: string): string[] {
  const columns =
    'sent BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, `dateTime` TIMESTAMP(3), extra STRING'
  const options = (topic: string, more: string): string =>
    `WITH ('connector' = 'kafka', 'topic' = '${topic}', 'properties.bootstrap.servers' = '${address}', 'format' = 'json'${more})`
  return [
    `CREATE TABLE bids (${columns}) ${options(input, ", 'scan.startup.mode' = 'earliest-offset', 'properties.group.id' = '${output}'")}`,
    `CREATE TABLE euros (${columns}) ${options(output, ", 'sink.delivery-guarantee' = 'at-least-once'")}`,
    'INSERT INTO euros SELECT sent, auction, bidder, price * 908 / 1000, channel, url, `dateTime`, extra FROM bids',
  ]
}

/** User and system time of a process, from Linux' /proc. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS
}

async function produce(request: ProduceRequest): Promise<number> {
  const child = fork(join(import.meta.dirname, 'produce.ts'), [JSON.stringify(request)])
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('message', (message) => {
    resolve((message as { latest: number }).latest / 1000)
  })
  child.once('exit', (code) => {
    reject(new Error(`the producer ended with ${code}`))
  })
  return promise
}

/** Reports of a consumer, in their order. */
class Consumer {
  readonly #child: ChildProcess
  readonly #reports: ConsumeReport[] = []
  #wake: () => void = () => undefined

  constructor(request: ConsumeRequest) {
    this.#child = fork(join(import.meta.dirname, 'consume.ts'), [JSON.stringify(request)])
    this.#child.on('message', (message) => {
      this.#reports.push(message as ConsumeReport)
      this.#wake()
    })
    process.once('exit', () => this.#child.kill())
  }

  async next<K extends ConsumeReport['kind']>(kind: K): Promise<Extract<ConsumeReport, { kind: K }>> {
    while (this.#reports.length === 0) {
      if (this.#child.exitCode !== null) throw new Error(`the consumer ended with ${this.#child.exitCode}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    const report = this.#reports.shift()
    if (report?.kind !== kind) throw new Error(`the consumer reports ${report?.kind}`)
    return report as Extract<ConsumeReport, { kind: K }>
  }
}

interface Bench {
  readonly address: string
  readonly directory: string
  createTopics(...topics: readonly string[]): Promise<void>
}

/** @param rate of the paced records; undefined: half of the highest */
async function measure(engine: string, start: Start, bench: Bench, rate?: number): Promise<Result> {
  const name = `${engine.replaceAll(/\W+/g, '-').toLowerCase()}-${Date.now()}`
  const [input, output] = [`${name}-in`, `${name}-out`]
  await bench.createTopics(input, output)
  const { address } = bench
  await produce({ address, topic: input, records: BACKLOG, rate: 0 })
  // Until the highest rate is known nobody knows how many records half of it is: the consumer is told of the backlog only.
  const first = new Consumer({ address, topic: output, backlog: BACKLOG, paced: 0, ignored: 0 })
  const job = start(statementsFor(address, input, output), mkdtempSync(join(bench.directory, 'job-')))
  try {
    const { recordsPerSecond } = await first.next('backlog')
    const paced = Math.round(rate ?? recordsPerSecond / 2)
    const records = paced * SECONDS
    const ignored = Math.round(records * WARM_UP)
    const consumer = new Consumer({ address, topic: output, backlog: BACKLOG, paced: records, ignored })
    await consumer.next('backlog')
    const cpu = cpuSeconds(job.pid)
    const latest = await produce({ address, topic: input, records, rate: paced })
    const { milliseconds, records: counted } = await consumer.next('latencies')
    return {
      engine,
      records_per_second: Math.round(recordsPerSecond),
      paced_records_per_second: paced,
      records: counted,
      milliseconds,
      producer_latest_ms: latest,
      cpu_seconds: Math.round(100 * (cpuSeconds(job.pid) - cpu)) / 100,
    }
  } finally {
    await job.stop()
  }
}

const COLUMNS = ['highest rate', 'rate', 'p50 ms', 'p90 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'sent late ms', 'CPU s']

function line({ engine, milliseconds, ...result }: Result): string {
  const { p50, p90, p99, p999, max } = milliseconds
  const numbers = [result.records_per_second, result.paced_records_per_second, p50, p90, p99, p999, max]
  const cells = [...numbers, result.producer_latest_ms, result.cpu_seconds]
  return `${engine.padEnd(28)}${cells.map((cell) => cell.toLocaleString('en').padStart(14)).join('')}\n`
}

const directory = mkdtempSync(join(tmpdir(), 'millrace-latency-'))
const broker = await startService('kafka-4')
const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
const admin = kafka.admin()
const results: Result[] = []
try {
  await admin.connect()
  const bench: Bench = {
    address: broker.address,
    directory,
    createTopics: async (...topics) => {
      await admin.createTopics({ waitForLeaders: true, topics: topics.map((topic) => ({ topic, numPartitions: 1 })) })
    },
  }
  process.stdout.write(`${''.padEnd(28)}${COLUMNS.map((title) => title.padStart(14)).join('')}\n`)
  const run = async (engine: string, start: Start, rate = RATE): Promise<Result> => {
    const result = await measure(engine, start, bench, rate)
    results.push(result)
    process.stdout.write(line(result))
    return result
  }
  await run('Millrace', startMillrace)
  if (values.vs === 'flink') {
    const flink = new Flink(directory, 86_400, [
      { group: 'org.apache.flink', artifact: 'flink-connector-kafka', version: '4.0.1-2.0' },
    ])
    const started: Start = (statements, own) => running(flink.start(statements, '1 s', join(own, 'flink.log')))
    const { paced_records_per_second: rate } = await run('Flink', started)
    if (RATE === undefined) await run("Millrace at Flink's rate", startMillrace, rate)
  }
} finally {
  await admin.disconnect()
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ backlog: BACKLOG, seconds: SECONDS, results }, null, 2)}\n`)
process.exit(0)
