/** Kafka to Kafka in two workers: partitions are divided, rows go to the worker of their key, and each is there once. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { runThroughKills } from '../chaos/kills.ts'
import { seededRandom } from '../random.ts'
import { Broker, Sessions, start, until, WHOLE } from './harness.ts'

const BROKERS = [
  ['Kafka 3.9', process.env['MILLRACE_TEST_KAFKA_39']],
  ['Kafka 4', process.env['MILLRACE_TEST_KAFKA_4']],
] as const

const PARTITIONS = 4
const KEYS = 50
const MINUTES = 20
const PER_MINUTE = 2000
const ROWS = MINUTES * PER_MINUTE

/** Row `n`: a key, and a time that only rises within a partition. */
function record(n: number): { partition: number; value: string } {
  const time = new Date(1_700_000_040_000 + Math.floor(n / PER_MINUTE) * 60_000 + Math.floor((n % PER_MINUTE) * 30))
  const ts = time.toISOString().replace('T', ' ').slice(0, -1)
  return { partition: (n * 7) % PARTITIONS, value: JSON.stringify({ n, k: `key-${(n * 31) % KEYS}`, ts }) }
}

/** What one window of each key has, and each row, as they are written. */
function expectedResults(): { windows: string[]; rows: string[] } {
  const totals = new Map<string, { c: number; s: number }>()
  for (let n = 0; n < ROWS; n++) {
    const key = `${Math.floor(n / PER_MINUTE)} key-${(n * 31) % KEYS}`
    const { c, s } = totals.get(key) ?? { c: 0, s: 0 }
    totals.set(key, { c: c + 1, s: s + n })
  }
  const windows = [...totals].map(([key, { c, s }]) => {
    const [minute = '', k] = key.split(' ')
    const w = new Date(1_700_000_040_000 + Number(minute) * 60_000).toISOString().replace('T', ' ').slice(0, -1)
    return JSON.stringify({ w, k, c, s })
  })
  return { windows: windows.sort(), rows: Array.from({ length: ROWS }, (_, n) => JSON.stringify({ n })).sort() }
}

for (const [name, address] of BROKERS) {
  describe.skipIf(address === undefined)(name, () => {
    const broker = new Broker(address ?? '127.0.0.1:1')
    const sessions = new Sessions()
    let input = ''

    beforeAll(async () => {
      await broker.open()
      input = await broker.createTopic('parallel', PARTITIONS)
      await fill(input, 0, ROWS)
    })
    afterAll(() => broker.close())
    afterEach(() => sessions.close())

    async function fill(topic: string, from: number, to: number): Promise<void> {
      for (let first = from; first < to; first += 5000) {
        const records = Array.from({ length: Math.min(5000, to - first) }, (_, at) => record(first + at))
        await broker.send(topic, records)
      }
    }

    async function outputs(): Promise<{ windows: string; rows: string }> {
      return { windows: await broker.createTopic('windows', 2), rows: await broker.createTopic('rows', 3) }
    }

    function statements(topics: { windows: string; rows: string }, source = broker.options(input, WHOLE)): string[] {
      const sink = (topic: string): string =>
        broker.options(topic, { 'sink.delivery-guarantee': 'exactly-once', 'sink.transactional-id-prefix': topic })
      return [
        `CREATE TABLE i (n BIGINT, k STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
          ${source}`,
        `CREATE TABLE windows (w STRING, k STRING, c BIGINT, s BIGINT) ${sink(topics.windows)}`,
        `CREATE TABLE numbers (n BIGINT) ${sink(topics.rows)}`,
        `EXECUTE STATEMENT SET BEGIN
          INSERT INTO windows SELECT CAST(window_start AS STRING), k, COUNT(*), SUM(n)
            FROM TABLE(TUMBLE(TABLE i, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, k;
          INSERT INTO numbers SELECT n FROM i;
        END`,
      ]
    }

    /** The topics are read once: what comes behind the reader's end is not found again. */
    async function written(topics: { windows: string; rows: string }): Promise<{ windows: unknown; rows: unknown }> {
      return {
        windows: (await broker.values(topics.windows)).sort(),
        rows: (await broker.values(topics.rows)).sort(),
      }
    }

    it('each window of a key and each row once', async () => {
      const topics = await outputs()
      const own = sessions.open({ 'parallelism.default': '2' })
      const list = statements(topics)
      for (const statement of list.slice(0, -1)) await own.execute(statement)
      const job = await start(own, list.at(-1) ?? '')
      await job.finished
      expect(job.metrics().rowsIn).toBe(ROWS)
      expect(await written(topics)).toEqual(expectedResults())
    })

    it.each([11, 12])('and when the process is killed on the way, seed %i', async (seed) => {
      const topics = await outputs()
      const directory = join(sessions.directory(), 'run')
      mkdirSync(directory)
      const script = join(directory, 'job.sql')
      const settings = ["SET 'parallelism.default' = '2'", "SET 'execution.checkpointing.interval' = '50 ms'"]
      // Small batches, so that there is time for kills.
      settings.push("SET 'execution.batch-rows' = '64'")
      writeFileSync(script, [...settings, ...statements(topics)].map((statement) => `${statement};\n`).join(''))
      const { kills } = await runThroughKills(script, join(directory, 'state'), seededRandom(seed), {
        kills: 3,
        duration: 1500,
        server: undefined,
      })
      expect(kills.length).toBeGreaterThan(0)
      expect(await written(topics)).toEqual(expectedResults())
    })

    it('and when the job goes on with one worker, three, and two', async () => {
      const topics = await outputs()
      const own = await broker.createTopic('rescaled', PARTITIONS)
      const group = broker.name('group')
      const source = broker.options(own, { 'scan.startup.mode': 'earliest-offset', 'properties.group.id': group })
      const committed = async (): Promise<number> =>
        (await broker.groupOffsets(group, own)).reduce((sum, offset) => sum + Math.max(0, Number(offset)), 0)
      const directory = sessions.directory()
      for (const [step, parallelism] of ['2', '1', '3', '2'].entries()) {
        const [from, to] = [step, step + 1].map((quarter) => (quarter * ROWS) / 4) as [number, number]
        await fill(own, from, to)
        const session = sessions.open({ 'parallelism.default': parallelism }, directory)
        const list = statements(topics, source)
        for (const statement of list.slice(0, -1)) await session.execute(statement)
        const job = await start(session, list.at(-1) ?? '')
        await until('a part of the rows', async () => (await committed()) > (step === 3 ? to - 1 : from))
        // Windows that are open end with the job.
        if (step === 3) await job.stopWithSavepoint(join(directory, 'savepoint'), { drain: true })
        await session.close()
      }
      expect(await written(topics)).toEqual(expectedResults())
    })

    it('leaves nothing but what a checkpoint has committed when it is stopped, and goes on later', async () => {
      const topics = await outputs()
      const directory = sessions.directory()
      const { windows, rows } = expectedResults()
      // The last window of each key waits for later rows.
      const closed = windows.slice(0, -KEYS)
      for (const again of [false, true]) {
        const own = sessions.open({ 'parallelism.default': '2', 'execution.checkpointing.interval': '1 h' }, directory)
        const list = statements(topics, broker.options(input, { 'scan.startup.mode': 'earliest-offset' }))
        for (const statement of list.slice(0, -1)) await own.execute(statement)
        const job = await start(own, list.at(-1) ?? '')
        // The first run has no checkpoint: all that it wrote is given up.
        await until('all rows', () => job.metrics().rowsOut === rows.length + closed.length)
        if (again) await job.triggerCheckpoint()
        await job.cancel()
        await own.close()
      }
      expect(await written(topics)).toEqual({ windows: closed, rows })
    })
  })
}
