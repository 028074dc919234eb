import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MillraceError } from '../core/errors.ts'
import { Session } from './session.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-full-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** A file system of two megabytes, where the user may mount one. */
function mountSmall(path: string): boolean {
  mkdirSync(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function failureOf(action: () => Promise<unknown>): Promise<MillraceError | undefined> {
  try {
    await action()
    return undefined
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
}

it('says that a disk is full, and goes on when there is room', async (context) => {
  const small = join(directory, 'small')
  if (!mountSmall(small)) context.skip('mounting a file system needs root')
  const session = new Session({ dataDirectory: join(directory, 'data'), configuration: {} })
  try {
    writeFileSync(join(small, 'ballast'), Buffer.alloc(1_900_000))
    await session.execute(
      `CREATE TABLE numbers (a BIGINT, b STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '5000', 'fields.a.kind' = 'sequence', 'fields.a.start' = '1', 'fields.a.end' = '5000')`,
    )
    await session.execute(
      `CREATE TABLE files (a BIGINT, b STRING) WITH ('connector' = 'filesystem', 'path' = '${join(small, 'out')}', 'format' = 'json')`,
    )
    const insert = async (): Promise<void> => {
      const result = await session.execute('INSERT INTO files SELECT * FROM numbers')
      if (result.kind === 'job') await result.job.finished
    }
    await session.execute(`SET 'restart-strategy.type' = 'none'`)
    const failure = await failureOf(insert)
    expect(failure?.code).toBe('STORAGE_FULL')
    expect(failure?.message).toContain(small)
    rmSync(join(small, 'ballast'))
    await session.execute(`SET 'execution.runtime-mode' = 'batch'`)
    expect(await failureOf(insert)).toBeUndefined()
    const result = await session.execute('SELECT COUNT(*), COUNT(DISTINCT a) FROM files')
    const rows: unknown[] = []
    if (result.kind === 'query') for await (const row of result) rows.push(...Object.values(row.fields))
    expect(rows).toEqual([5000n, 5000n])
  } finally {
    await session.close()
    execFileSync('umount', [small])
  }
})

it('fails when a checkpoint does not fit on the disk', async (context) => {
  const small = join(directory, 'small')
  if (!mountSmall(small)) context.skip('mounting a file system needs root')
  const session = new Session({
    dataDirectory: join(small, 'data'),
    configuration: { 'execution.checkpointing.interval': '20 ms', 'restart-strategy.type': 'none' },
  })
  try {
    await session.execute(
      `CREATE TABLE numbers (a BIGINT, b STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '20000', 'fields.a.kind' = 'random', 'fields.b.length' = '200')`,
    )
    await session.execute(`CREATE TABLE nowhere (a BIGINT, b STRING) WITH ('connector' = 'blackhole')`)
    const failure = await failureOf(async () => {
      const result = await session.execute('INSERT INTO nowhere SELECT a, MAX(b) FROM numbers GROUP BY a')
      if (result.kind === 'job') await result.job.finished
    })
    expect(failure?.code).toBe('STORAGE_FULL')
    expect(failure?.hint).toContain('goes on from its last checkpoint')
  } finally {
    await session.close()
    execFileSync('umount', [small])
  }
}, 30_000)
