import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Session } from './session.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-partitions-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

it('commits a partition when the watermark has passed its time', async () => {
  mkdirSync(join(directory, 'in'))
  const rows = ['00:10', '01:20', '02:30'].map((time) => `{"ts":"2026-01-01 ${time}:00","hr":"${time.slice(0, 2)}"}\n`)
  writeFileSync(join(directory, 'in', '1.json'), rows.join(''))
  const session = new Session({
    dataDirectory: join(directory, 'data'),
    configuration: { 'execution.checkpointing.interval': '50 ms' },
  })
  try {
    await session.execute(
      `CREATE TABLE src (ts TIMESTAMP(3), hr STRING, WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'path' = '${directory}/in', 'format' = 'json', 'source.monitor-interval' = '1 s', 'scan.watermark.emit.strategy' = 'on-event')`,
    )
    await session.execute(
      `CREATE TABLE dst (ts TIMESTAMP(3), hr STRING) PARTITIONED BY (hr) WITH ('connector' = 'filesystem', 'path' = '${directory}/out', 'format' = 'json', 'sink.partition-commit.trigger' = 'partition-time', 'sink.partition-commit.delay' = '1 h', 'partition.time-extractor.timestamp-pattern' = '2026-01-01 $hr:00:00', 'sink.partition-commit.policy.kind' = 'success-file')`,
    )
    await session.execute('INSERT INTO dst SELECT ts, hr FROM src')
    const isCommitted = (hour: string): boolean => existsSync(join(directory, 'out', `hr=${hour}`, '_SUCCESS'))
    await vi.waitUntil(() => isCommitted('01'), 10_000)
    expect(['00', '01', '02'].map(isCommitted)).toEqual([true, true, false])
  } finally {
    await session.close()
  }
})
