/** What becomes of a job when one of its workers fails. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Configuration } from '../catalog/configuration.ts'
import { CONNECTORS } from '../connectors/index.ts'
import type { ChangeBatch } from '../core/change-batch.ts'
import { SYSTEM_CLOCK } from '../core/clock.ts'
import { type Job, type JobOptions, runJob } from '../executor/runtime/job.ts'
import { startThread } from '../executor/runtime/workers/parallel-attempt.ts'
import type { FromWorker } from '../executor/runtime/workers/protocol.ts'
import { parseStatement } from '../parser/parse.ts'
import { planStatement } from '../planner/plan.ts'
import { Session } from '../session/session.ts'
import { changeLines, tableOf } from './slt/run-suite.ts'

const FILES = 4
const ROWS = 400

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-worker-failures-'))
  mkdirSync(join(root, 'in'))
  for (let file = 0; file < FILES; file++) {
    const rows = Array.from({ length: ROWS / FILES }, (_, row) => file + row * FILES)
    writeFileSync(join(root, 'in', `${file}.json`), rows.map((n) => `{"k":${n % 5},"v":${n}}\n`).join(''))
  }
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

async function start(sql: string, options: Partial<JobOptions>): Promise<Job> {
  const session = new Session({ dataDirectory: join(root, 'state') })
  await session.execute(
    `CREATE TABLE numbers (k INT, v INT) WITH ('connector' = 'filesystem', 'path' = '${join(root, 'in')}', 'format' = 'json')`,
  )
  const statement = parseStatement(sql)
  if (statement.kind !== 'query') throw new Error('no query')
  const graph = planStatement(statement, sql, session.plannerContext())
  await session.close()
  return runJob({
    keepFinished: false,
    graph,
    name: 'failing',
    stateName: 'failing',
    configuration: new Configuration({
      'parallelism.default': '2',
      'execution.batch-rows': '2',
      'execution.checkpointing.interval': '5 ms',
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': '3',
      'restart-strategy.fixed-delay.delay': '1 ms',
    }),
    connectors: CONNECTORS,
    dataDirectory: undefined,
    output: { write: () => undefined, writeError: () => undefined },
    clock: SYSTEM_CLOCK,
    log: () => undefined,
    ...options,
  })
}

it('a worker that dies is started again with all others, from the last checkpoint', { timeout: 120_000 }, async () => {
  const collected: ChangeBatch[] = []
  const lengths = new Map<number, number>()
  const threads: Worker[] = []
  const job = await start('SELECT k, COUNT(*), SUM(v) FROM numbers GROUP BY k', {
    startWorker: (setup) => {
      const thread = startThread(setup)
      threads.push(thread)
      return thread
    },
    onCollect: async (batch) => {
      collected.push(batch)
      // So that the end does not come before the death.
      await new Promise((resolve) => setTimeout(resolve, 2))
    },
    onPhase: (phase, checkpoint) => {
      if (phase === 'snapshot') lengths.set(checkpoint, collected.length)
      if (phase === 'committed' && checkpoint === 1) void threads[1]?.terminate()
      if (phase === 'restoring') collected.length = lengths.get(checkpoint) ?? 0
    },
  })
  await job.finished
  expect(job.metrics().restarts).toBe(1)
  expect(threads).toHaveLength(4)
  const totals = Array.from({ length: 5 }, (_, k) => {
    const own = Array.from({ length: ROWS }, (_n, n) => n).filter((n) => n % 5 === k)
    return `${k} | ${own.length} | ${own.reduce((a, b) => a + b)}`
  })
  expect(tableOf(collected.flatMap(changeLines))).toEqual(totals)
})

it('an error in an operator of one worker is that of the job', { timeout: 120_000 }, async () => {
  const job = await start('SELECT k, SUM(10 / (v - 399)) FROM numbers GROUP BY k', { onCollect: () => undefined })
  await expect(job.finished).rejects.toMatchObject({ code: 'DIVISION_BY_ZERO' })
  expect(job.status).toBe('FAILED')
  expect(job.metrics().restarts).toBe(0)
})

it('a job is cancelled in the middle of a checkpoint, whatever a worker has not answered', async () => {
  let isCommitted = false
  const job = await start('SELECT k, COUNT(*), SUM(v) FROM numbers GROUP BY k', {
    startWorker: (setup) => {
      const thread = startThread(setup)
      if (setup.worker === 0) return thread
      return {
        postMessage: (message, transfer) => {
          // What is done once a checkpoint is complete never comes to its end in this worker.
          if (message.kind === 'complete') isCommitted = true
          else thread.postMessage(message, transfer)
        },
        on: (event: 'message' | 'error' | 'exit', listener: (content: never) => void) =>
          thread.on(event as 'message', listener as (message: FromWorker) => void),
        terminate: () => thread.terminate(),
      }
    },
    onCollect: () => new Promise((resolve) => setTimeout(resolve, 2)),
  })
  await expect.poll(() => isCommitted, { timeout: 20_000 }).toBe(true)
  await job.cancel()
  expect(job.status).toBe('CANCELED')
})
