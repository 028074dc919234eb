import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MillraceError } from '../core/errors.ts'
import type { Job } from '../executor/runtime/job.ts'
import { Session, type SessionOptions } from './session.ts'

const ROWS = 6000
const FILES = 3

let root = ''
let notices: string[] = []
let parallelism = 1
const open: Session[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-recovery-'))
  notices = []
  mkdirSync(join(root, 'in'))
  for (let file = 0; file < FILES; file++) writeFileSync(join(root, 'in', `${file}.json`), input(file))
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()))
  rmSync(root, { recursive: true, force: true })
})

/** Row n: key n % 7, value n; a row a second. */
function input(file: number): string {
  const rows = Array.from({ length: ROWS / FILES }, (_, row) => file + row * FILES)
  return rows.map((n) => `{"k":${n % 7},"v":${n},"ts":"${minuteOf(n)}:${pad(n % 60)}"}\n`).join('')
}

function minuteOf(n: number): string {
  return `2024-01-01 ${pad(Math.floor(n / 3600))}:${pad(Math.floor(n / 60) % 60)}`
}

function pad(n: number): string {
  return String(n).padStart(2, '0')
}

async function session(options: SessionOptions = {}): Promise<Session> {
  const made = new Session({
    dataDirectory: join(root, 'state'),
    onNotice: (text) => notices.push(text),
    ...options,
    configuration: {
      'execution.checkpointing.interval': '2 ms',
      'execution.batch-rows': '10',
      'parallelism.default': String(parallelism),
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': '20',
      'restart-strategy.fixed-delay.delay': '5 ms',
      ...options.configuration,
    },
  })
  open.push(made)
  await made.execute(`CREATE TABLE numbers (k INT, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
    WITH ('connector' = 'filesystem', 'path' = '${join(root, 'in')}', 'format' = 'json', 'source.monitor-interval' = '10 ms')`)
  await made.execute(`CREATE TABLE bounded WITH ('path' = '${join(root, 'in')}') LIKE numbers`)
  await made.execute(`ALTER TABLE bounded RESET ('source.monitor-interval')`)
  await made.execute(
    `CREATE TABLE out_rows (k INT, v BIGINT) WITH ('connector' = 'filesystem', 'path' = '${join(root, 'rows')}', 'format' = 'csv')`,
  )
  await made.execute(
    `CREATE TABLE out_windows (s TIMESTAMP(3), k INT, total BIGINT) WITH ('connector' = 'filesystem', 'path' = '${join(root, 'windows')}', 'format' = 'csv')`,
  )
  return made
}

function statements(source: string): string {
  return `EXECUTE STATEMENT SET BEGIN
    INSERT INTO out_rows SELECT k, v * 2 FROM ${source} WHERE k <> 3;
    INSERT INTO out_windows SELECT window_start, k, SUM(v) FROM TABLE(TUMBLE(TABLE ${source}, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, k;
  END`
}

async function start(from: Session, sql: string): Promise<Job> {
  const result = await from.execute(sql)
  if (result.kind !== 'job') throw new Error(`${sql} gave ${result.kind}`)
  result.job.finished.catch(() => undefined)
  return result.job
}

/** Lines of the visible files. */
function lines(directory: string): string[] {
  if (!existsSync(join(root, directory))) return []
  return readdirSync(join(root, directory))
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(root, directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .sort()
}

function expectedRows(): string[] {
  return Array.from({ length: ROWS }, (_, n) => n)
    .filter((n) => n % 7 !== 3)
    .map((n) => `${n % 7},${2 * n}`)
    .sort()
}

function expectedWindows(): string[] {
  const totals = new Map<string, number>()
  for (let n = 0; n < ROWS; n++) {
    const key = `"${minuteOf(n)}:00",${n % 7}`
    totals.set(key, (totals.get(key) ?? 0) + n)
  }
  return [...totals].map(([key, total]) => `${key},${total}`).sort()
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function failure(action: Promise<unknown>): Promise<MillraceError> {
  try {
    await action
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('no error')
}

describe.each([1, 2])('in %i workers', { timeout: 120_000 }, (workers) => {
  beforeEach(() => {
    parallelism = workers
  })

  describe('a job that fails', () => {
    // Threads take their time to start.
    const phases = ['prepared', 'restored', 'snapshot', 'durable', 'committed', 'restoring'] as const
    for (const phase of workers === 1 ? phases : phases.slice(0, 2)) {
      it(`at "${phase}" goes on from its last checkpoint, nothing lost and nothing twice`, async () => {
        const reachedTimes = { snapshot: 0, prepared: 0, durable: 0, committed: 0, restoring: 0, restored: 0 }
        let failures = 0
        const own = await session({
          onCheckpointPhase: (reached) => {
            const times = ++reachedTimes[reached]
            if (failures === 3 || times % 2 !== 0) return
            // A restore follows only a failure elsewhere.
            if ((phase === 'restoring' || phase === 'restored') && reached === 'snapshot') throw broken()
            if (reached !== phase) return
            failures++
            throw broken()
          },
        })
        const job = await start(own, statements('numbers'))
        await until('all failures and all rows', () => failures === 3 && lines('rows').length >= expectedRows().length)
        await until('it runs again', () => job.status === 'RUNNING' && job.metrics().restarts >= failures)
        await own.execute(`STOP JOB '${job.id}' WITH SAVEPOINT WITH DRAIN`)
        expect(job.metrics().restarts).toBeGreaterThanOrEqual(3)
        expect(lines('rows')).toEqual(expectedRows())
        expect(lines('windows')).toEqual(expectedWindows())
        expect(notices[0]).toContain(
          'failed: the test pulled the plug; starting again in 0.0 s from the last checkpoint',
        )
      })
    }

    function broken(): MillraceError {
      return new MillraceError('EXTERNAL_ERROR', 'the test pulled the plug')
    }

    it('for a cause that stays fails for good when the attempts are used up', async () => {
      const own = await session({ configuration: { 'restart-strategy.fixed-delay.attempts': '2' } })
      const job = await start(own, 'INSERT INTO out_rows SELECT k, v FROM numbers')
      await until('a checkpoint', () => job.metrics().checkpoints.completed > 0)
      rmSync(join(root, 'rows'), { recursive: true })
      writeFileSync(join(root, 'rows'), 'in the way')
      writeFileSync(join(root, 'in', 'more.json'), input(0))
      const error = await failure(job.finished)
      expect(error.message).toContain(join(root, 'rows'))
      expect(job.status).toBe('FAILED')
      expect(job.metrics().restarts).toBe(2)
    })

    it('for a cause that is gone again goes on by itself', async () => {
      const own = await session({ configuration: { 'restart-strategy.fixed-delay.attempts': '2000' } })
      const job = await start(own, 'INSERT INTO out_rows SELECT k, v * 2 FROM numbers WHERE k <> 3')
      await until('everything is read', () => lines('rows').length === expectedRows().length)
      const kept = join(root, 'kept')
      mkdirSync(kept)
      for (const name of readdirSync(join(root, 'rows'))) {
        writeFileSync(join(kept, name), readFileSync(join(root, 'rows', name)))
      }
      rmSync(join(root, 'rows'), { recursive: true })
      writeFileSync(join(root, 'rows'), 'in the way')
      writeFileSync(join(root, 'in', 'more.json'), '{"k":1,"v":50000}\n')
      await until('a restart', () => job.metrics().restarts > 1)
      rmSync(join(root, 'rows'))
      await until('the new row', () => lines('rows').includes('1,100000'))
      expect([...lines('rows'), ...lines('kept')].sort()).toEqual([...expectedRows(), '1,100000'].sort())
    })

    it('without a restart strategy fails at once', async () => {
      const own = await session({
        configuration: { 'restart-strategy.type': 'none' },
        onCheckpointPhase: (phase, checkpoint) => {
          if (phase === 'durable' && checkpoint === 2) throw broken()
        },
      })
      const job = await start(own, statements('bounded'))
      expect((await failure(job.finished)).message).toBe('the test pulled the plug')
      expect(job.metrics().restarts).toBe(0)
    })

    it('for what a user has to mend is not started again', async () => {
      const own = await session()
      const job = await start(own, 'INSERT INTO out_rows SELECT k, v FROM numbers')
      await until('a checkpoint', () => job.metrics().checkpoints.completed > 0)
      writeFileSync(join(root, 'in', 'more.json'), '{"k":1,"v":"no number"}\n')
      expect(await failure(job.finished)).toMatchObject({
        code: 'MALFORMED_RECORD',
        at: { file: join(root, 'in', 'more.json'), line: 1 },
      })
      expect(job.metrics().restarts).toBe(0)
    })
  })

  describe('the next process', () => {
    it('goes on where the last one was stopped', async () => {
      const first = await session()
      const job = await start(first, statements('numbers'))
      await until('half is read', () => job.metrics().rowsIn > ROWS / 2 && job.metrics().checkpoints.completed > 2)
      await first.close()
      expect(job.status).toBe('CANCELED')
      const second = await session()
      const again = await start(second, statements('numbers'))
      await until('everything is read', () => lines('rows').length >= expectedRows().length)
      expect(lines('rows')).toEqual(expectedRows())
      // Only what is read anew is counted.
      expect(again.metrics().rowsIn).toBeLessThan(ROWS)
    })

    it('starts a job anew that has ended', async () => {
      const first = await session()
      await (await start(first, statements('bounded'))).finished
      await first.close()
      rmSync(join(root, 'rows'), { recursive: true })
      const second = await session()
      await (await start(second, statements('bounded'))).finished
      expect(lines('rows')).toEqual(expectedRows())
    })

    it('runs a job of a script again only when the whole script had ended', async () => {
      const script = { jobPrefix: 'two.sql' }
      const insert = 'INSERT INTO out_rows SELECT k, v * 2 FROM bounded WHERE k <> 3'
      const first = await session(script)
      await (await start(first, insert)).finished
      const other = await start(first, 'INSERT INTO out_windows SELECT ts, k, v FROM numbers')
      await until('a checkpoint', () => other.metrics().checkpoints.completed > 0)
      await first.close()
      const second = await session(script)
      const again = await start(second, insert)
      await again.finished
      expect(again.metrics().rowsIn).toBe(0)
      expect(lines('rows')).toEqual(expectedRows())
      second.endScript()
      await second.close()
      const third = await session(script)
      await (await start(third, insert)).finished
      expect(lines('rows')).toHaveLength(2 * expectedRows().length)
    })

    it('keeps jobs apart that write the same table', async () => {
      const own = await session()
      const jobs = [
        await start(own, 'INSERT INTO out_rows VALUES (1, 1)'),
        await start(own, 'INSERT INTO out_rows VALUES (2, 2)'),
      ]
      await Promise.all(jobs.map((job) => job.finished))
      expect(lines('rows')).toEqual(['1,1', '2,2'])
    })

    it('refuses the checkpoint of a different query, and says what would be lost', async () => {
      const first = await session()
      await first.execute("CREATE TABLE hole (k INT, total BIGINT) WITH ('connector' = 'blackhole')")
      await first.execute("SET 'pipeline.name' = 'totals'")
      const job = await start(first, 'INSERT INTO hole SELECT k, SUM(v) FROM numbers GROUP BY k')
      await until('a checkpoint', () => job.metrics().checkpoints.completed > 0)
      await first.close()
      const second = await session({ configuration: { 'pipeline.name': 'totals' } })
      await second.execute("CREATE TABLE hole (k INT, total BIGINT) WITH ('connector' = 'blackhole')")
      const changed = 'INSERT INTO hole SELECT k, MAX(v) FROM numbers GROUP BY k'
      const error = await failure((await start(second, changed)).finished)
      expect(error).toMatchObject({ code: 'INVALID_CHECKPOINT' })
      expect(error.message).toContain('belongs to a different query')
      expect(error.detail).toContain('group-aggregate keys [0]')
      expect(error.hint).toContain('execution.state-recovery.ignore-unclaimed-state')
      await second.execute("SET 'execution.state-recovery.ignore-unclaimed-state' = 'true'")
      const allowed = await start(second, changed)
      await until('a checkpoint', () => allowed.metrics().checkpoints.completed > 0)
      expect(notices.join('\n')).toContain('state that no operator claims is left out: group-aggregate')
    })
  })

  describe('savepoints', () => {
    it.each(workers === 1 ? [1, 2] : [2, 1, 3])(
      'STOP JOB … WITH SAVEPOINT, and another job goes on from it, in %i workers',
      async (next) => {
        const first = await session()
        const job = await start(first, statements('numbers'))
        await until('half is read', () => job.metrics().rowsIn > ROWS / 2)
        const stopped = await first.execute(`STOP JOB '${job.id}' WITH SAVEPOINT`)
        if (stopped.kind !== 'table') throw new Error('no table')
        const path = String(stopped.rows[0]?.[0])
        expect(job.status).toBe('FINISHED')
        await first.close()
        parallelism = next
        const second = await session({
          dataDirectory: join(root, 'elsewhere'),
          configuration: { 'execution.state-recovery.path': path },
        })
        await start(second, statements('numbers'))
        await until('everything is read', () => lines('rows').length >= expectedRows().length)
        expect(lines('rows')).toEqual(expectedRows())
      },
    )

    it.each([1, 2, 3])('of a generator, whose rows each come once, in %i workers', async (next) => {
      const sequence = `CREATE TABLE counted (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '20000',
        'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '${ROWS - 1}')`
      const copy = 'INSERT INTO out_rows SELECT CAST(MOD(n, 7) AS INT), n FROM counted'
      const first = await session()
      await first.execute(sequence)
      const job = await start(first, copy)
      await until('some is read', () => job.metrics().rowsIn > ROWS / 4)
      const stopped = await first.execute(`STOP JOB '${job.id}' WITH SAVEPOINT`)
      if (stopped.kind !== 'table') throw new Error('no table')
      await first.close()
      expect(lines('rows').length).toBeLessThan(ROWS)
      parallelism = next
      const path = String(stopped.rows[0]?.[0])
      const second = await session({
        dataDirectory: join(root, 'elsewhere'),
        configuration: { 'execution.state-recovery.path': path },
      })
      await second.execute(sequence)
      await (await start(second, copy)).finished
      expect(lines('rows')).toEqual(Array.from({ length: ROWS }, (_, n) => `${n % 7},${n}`).sort())
    })

    it('WITH DRAIN closes the windows that are open', async () => {
      const first = await session()
      const job = await start(first, statements('numbers'))
      await until('everything is read', () => job.metrics().rowsIn >= ROWS)
      expect(lines('windows').length).toBeLessThan(expectedWindows().length)
      await first.execute(`STOP JOB '${job.id}' WITH SAVEPOINT WITH DRAIN`)
      expect(lines('windows')).toEqual(expectedWindows())
    })
  })
})

describe('back-pressure', () => {
  beforeEach(() => {
    parallelism = 1
  })

  it('a result that nobody reads holds the source back', async () => {
    const own = await session()
    await own.execute("CREATE TABLE endless (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100000000')")
    const result = await own.execute('SELECT n FROM endless')
    if (result.kind !== 'query') throw new Error('no query')
    const { job } = result
    let rows = -1
    await until('the source stands', () => {
      const before = rows
      rows = job.metrics().rowsIn
      return rows > 0 && rows === before
    })
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(job.metrics().rowsIn).toBe(rows)
    // Sixteen batches wait, and one is on its way.
    expect(rows).toBeLessThanOrEqual(18 * 10)
    await job.cancel()
  })
})
